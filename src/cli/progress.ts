/** Progress of a long job on stderr, and stopping it cleanly. */
import { SingleBar } from 'cli-progress';
import { VeilganError } from '../base/errors.ts';
import { formatNumber, formatSeconds } from './format.ts';

/** The part of process.stderr that is used. */
export interface Terminal extends NodeJS.WritableStream {
  isTTY?: boolean;
}

export interface ProgressOptions {
  /** Steps of the whole job. */
  total: number;
  /** Steps that were done before this start (a resumed run). */
  start?: number;
  /** What runs: `pargan on blobs`. */
  label?: string;
  /** Either one silences everything. */
  json?: boolean;
  quiet?: boolean;
  stream?: Terminal;
  /** Milliseconds; for tests. */
  now?: () => number;
}

/** A row of metrics: of several numbers under one name the mean is shown. */
export type Losses = object;

/** How the line calls what it shows; other names are not shown. */
const SHOWN: Readonly<Record<string, string>> = { loss_g: 'L_G', loss_d: 'L_D', loss: 'loss' };

export interface Progress {
  /** `step` steps are done, in total; `losses` are those of the last one. */
  update(step: number, losses?: Losses): void;
  /** A line of its own, above a bar. */
  note(line: string): void;
  /** Ends the bar; in a log, writes the last state. Further calls do nothing. */
  stop(): void;
}

/** Without a terminal a line is written no more often than this. */
const LINE_MS = 10_000;
/** Speed is that of the last so many milliseconds, counted from the first update: what comes before it compiles. */
const WINDOW_MS = 10_000;
/** One Ctrl-C can arrive more than once: from the terminal, and handed on by the launcher and by npm. */
const ONE_SIGNAL_MS = 500;

/** A bar on a terminal, a plain line about every 10 s elsewhere, nothing with `json` or `quiet`. */
export function createProgress(options: ProgressOptions): Progress {
  const { total, start = 0, label = '', stream = process.stderr, now = () => performance.now() } = options;
  if (options.json || options.quiet) return { update() {}, note() {}, stop() {} };
  const speed = new Speed();
  const prefix = label ? `${label}: ` : '';
  let step = start;
  let losses: Losses | undefined;
  let stopped = false;
  // What matters most comes first: a terminal cuts off what does not fit.
  const state = () => {
    const parts = [`${formatNumber(step)}/${formatNumber(total)}`];
    const ms = speed.msPerStep();
    if (ms !== undefined) parts.push(`${formatNumber(ms, 3)} ms/step`);
    if (ms !== undefined && step < total) parts.push(`${timeLeft((total - step) * ms)} left`);
    for (const [name, value] of Object.entries(losses ?? {}) as [string, number | readonly number[]][]) {
      if (SHOWN[name]) parts.push(`${SHOWN[name]} ${loss(typeof value === 'number' ? value : mean(value))}`);
    }
    return parts.join(', ');
  };

  /** False once stopped. */
  const advance = (to: number, latest?: Losses): boolean => {
    if (stopped) return false;
    step = to;
    losses = latest ?? losses;
    speed.at(step, now());
    return true;
  };

  if (!stream.isTTY) {
    let last = now();
    let written = start;
    const line = () => {
      stream.write(`${prefix}step ${state()}\n`);
      last = now();
      written = step;
    };
    return {
      update(to, latest) {
        if (!advance(to, latest)) return;
        if (now() - last >= LINE_MS) line();
      },
      note: (text) => void stream.write(`${text}\n`),
      stop() {
        if (!stopped && step !== written) line();
        stopped = true;
      },
    };
  }

  const bar = new SingleBar({
    format: `${prefix}{bar} {percentage} % | {state}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 14,
    hideCursor: true,
    // Else an unchanged bar would not come back after a note.
    forceRedraw: true,
    fps: 10,
    // Ctrl-C is ours: the job ends after its chunk and then stops the bar itself.
    gracefulExit: false,
    stream,
  });
  // Leaving in the middle (a second Ctrl-C) must not leave a terminal without cursor and line wrapping.
  const restore = () => void stream.write('\x1b[?25h\x1b[?7h\n');
  process.once('exit', restore);
  bar.start(total, start, { state: state() });
  return {
    update(to, latest) {
      if (!advance(to, latest)) return;
      bar.update(step, { state: state() });
    },
    note(text) {
      // In the place of the bar, which draws itself again below.
      stream.write(stopped ? `${text}\n` : `\r\x1b[2K\x1b[?7h${text}\n\x1b[?7l`);
      if (!stopped) bar.render();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      // The bar ends where the cursor was saved: here, and not where it began, before notes and changes of size.
      stream.write('\x1b[?7h\x1b7\x1b[?7l');
      bar.stop();
      process.off('exit', restore);
    },
  };
}

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM; its reason is an INTERRUPTED error. Work ends its chunk and saves. */
  readonly signal: AbortSignal;
  /** Gives the signals back to Node. */
  dispose(): void;
}

/**
 * The first SIGINT (Ctrl-C) or SIGTERM asks to stop cleanly, through `signal` and `onStop` (say so to the user); one
 * that comes later than half a second after it exits at once with code 130. Dispose of it when the job has ended.
 */
export function interruptible(
  onStop: () => void = () => {},
  exit: (code: number) => void = process.exit,
  now: () => number = () => performance.now(),
): Interruption {
  let asked = 0;
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (now() - asked > ONE_SIGNAL_MS) exit(130);
      return;
    }
    asked = now();
    const fix = 'Continue with --resume';
    controller.abort(new VeilganError('INTERRUPTED', `stopped by ${name === 'SIGINT' ? 'Ctrl-C' : name}`, { fix }));
    onStop();
  };
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    dispose() {
      for (const name of names) process.off(name, stop);
    },
  };
}

/** Milliseconds a step over a sliding window. */
class Speed {
  readonly #marks: { step: number; time: number }[] = [];

  at(step: number, time: number): void {
    this.#marks.push({ step, time });
    // The mark just before the window stays, so that the window is always covered.
    while (this.#marks.length > 2 && this.#marks[1].time <= time - WINDOW_MS) this.#marks.shift();
  }

  msPerStep(): number | undefined {
    if (this.#marks.length < 2) return undefined;
    const first = this.#marks[0];
    const last = this.#marks[this.#marks.length - 1];
    return last.step > first.step ? (last.time - first.time) / (last.step - first.step) : undefined;
  }
}

/** In whole seconds, of which it claims at least one. */
function timeLeft(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : formatSeconds(seconds);
}

function loss(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : formatNumber(value);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
