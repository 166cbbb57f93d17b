/** Progress of a long job on stderr, and stopping it cleanly. */
import { SingleBar } from 'cli-progress';
import { VeilganError } from '../base/errors.ts';
import { formatNumber, formatSeconds } from './format.ts';

/** The part of process.stderr that is used. */
export interface Terminal extends NodeJS.WritableStream {
  isTTY?: boolean;
}

export interface ProgressOptions {
  /** Either one silences everything. */
  json?: boolean;
  quiet?: boolean;
  stream?: Terminal;
  /** Milliseconds; for tests. */
  now?: () => number;
}

/** What is done next. */
export interface Work {
  /** Steps of the whole job, or whatever is counted. */
  readonly total: number;
  /** Steps that were done before this start (a resumed run). */
  readonly start?: number;
  /** How a count is written that is none of steps. */
  readonly show?: (count: number) => string;
}

/** A row of metrics: of several numbers under one name the mean is shown. */
type Losses = object;

/** How the line calls what it shows; other names are not shown. */
const SHOWN: Readonly<Record<string, string>> = { loss_g: 'L_G', loss_d: 'L_D', loss: 'loss' };

export interface Progress {
  /** Work begins, and what was done before has ended. */
  begin(label: string, work: Work): void;
  /** So much of the work is done, in total; `losses` are those of the last step. */
  update(done: number, losses?: Losses): void;
  /** The last of these rows is that of the latest step. */
  readonly rows: (rows: readonly { readonly step: number }[]) => void;
  /** Both in one: so much of `label` is done. */
  at(label: string, done: number, work: Work): void;
  /** Stage `name` is done to this share, from 0 to 1. */
  readonly stage: (name: string, share: number) => void;
  /** A line of its own, above a bar. */
  note(line: string): void;
  /** Ends the work; in a log, writes its last state. Further updates do nothing. */
  stop(): void;
}

/** Without a terminal a line is written no more often than this. */
const LINE_MS = 10_000;
/** Speed is that of the last so many milliseconds, counted from the first update: what comes before it compiles. */
const WINDOW_MS = 10_000;
/** One Ctrl-C can arrive more than once: from the terminal, and handed on by npm. */
const ONE_SIGNAL_MS = 500;

/** A bar on a terminal, a plain line about every 10 s elsewhere, nothing with `json` or `quiet`. */
export function createProgress(options: ProgressOptions = {}): Progress {
  const { json, quiet, stream = process.stderr, now = () => performance.now() } = options;
  const silent = json || quiet;
  let state: State | undefined;
  /** on a terminal */
  let bar: SingleBar | undefined;
  /** in a log: when the last line was written, and what it told; of what is not counted in steps the first is one more */
  let last = 0;
  let told: number | undefined;
  // Leaving in the middle (a second Ctrl-C) must not leave a terminal without cursor and line wrapping.
  const restore = () => void stream.write('\x1b[?25h\x1b[?7h\n');
  const line = ({ label, done, work, text }: State) => {
    stream.write(`${label}${work.show ? '' : 'step '}${text()}\n`);
    last = now();
    told = done;
  };
  const stop = () => {
    if (bar) {
      // The bar ends where the cursor was saved: here, and not where it began, before notes and changes of size.
      stream.write('\x1b[?7h\x1b7\x1b[?7l');
      bar.stop();
      process.off('exit', restore);
    } else if (state && told !== undefined && state.done !== told) line(state);
    bar = state = undefined;
  };
  const begin = (label: string, work: Work) => {
    if (silent) return;
    stop();
    state = new State(label && `${label}: `, work);
    last = now();
    told = work.show ? undefined : state.done;
    if (!stream.isTTY) return;
    bar = new SingleBar({
      format: `${state.label}{bar} {percentage} % | {state}`,
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
    process.once('exit', restore);
    bar.start(work.total, state.done, { state: state.text() });
  };
  const update = (done: number, losses?: Losses) => {
    if (!state) return;
    state.at(done, losses, now());
    if (bar) bar.update(done, { state: state.text() });
    else if (now() - last >= LINE_MS) line(state);
  };
  const at = (label: string, done: number, work: Work) => {
    if (state?.label !== `${label}: `) begin(label, work);
    update(done);
  };
  return {
    begin,
    update,
    at,
    rows: (rows) => update(rows[rows.length - 1].step, rows[rows.length - 1]),
    stage: (name, share) => at(name, Math.floor(100 * share), { total: 100, show: (percent) => `${percent} %` }),
    note(text) {
      if (silent) return;
      // In the place of the bar, which draws itself again below.
      stream.write(bar ? `\r\x1b[2K\x1b[?7h${text}\n\x1b[?7l` : `${text}\n`);
      bar?.render();
    },
    stop,
  };
}

/** How far a piece of work is, in words. */
class State {
  readonly label: string;
  readonly work: Work;
  done: number;
  #losses: Losses = {};
  readonly #marks: { step: number; time: number }[] = [];

  constructor(label: string, work: Work) {
    this.label = label;
    this.work = work;
    this.done = work.start ?? 0;
  }

  at(done: number, losses: Losses | undefined, time: number): void {
    this.done = done;
    this.#losses = losses ?? this.#losses;
    this.#marks.push({ step: done, time });
    // The mark just before the window stays, so that the window is always covered.
    while (this.#marks.length > 2 && this.#marks[1].time <= time - WINDOW_MS) this.#marks.shift();
  }

  /** What matters most comes first: a terminal cuts off what does not fit. */
  readonly text = (): string => {
    const { done } = this;
    const { total, show } = this.work;
    const parts = [show ? `${show(done)} of ${show(total)}` : `${formatNumber(done)}/${formatNumber(total)}`];
    const [first, last] = [this.#marks[0], this.#marks[this.#marks.length - 1]];
    if (last?.step > first?.step) {
      const ms = (last.time - first.time) / (last.step - first.step);
      if (!show) parts.push(`${formatNumber(ms, 3)} ms/step`);
      if (done < total) parts.push(`${timeLeft((total - done) * ms)} left`);
    }
    for (const [name, value] of Object.entries(this.#losses) as [string, number | readonly number[]][]) {
      if (SHOWN[name] && !(Array.isArray(value) && value.length === 0))
        parts.push(`${SHOWN[name]} ${loss(typeof value === 'number' ? value : mean(value))}`);
    }
    return parts.join(', ');
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
    const fix = 'Run it again';
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
