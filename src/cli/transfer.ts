/** Progress of a job that is counted in bytes or images, on stderr. */
import { SingleBar } from 'cli-progress';
import type { Terminal } from './progress.ts';

/** Without a terminal a line is written no more often than this. */
const LINE_MS = 10_000;

export interface TransferProgress {
  update(done: number, total: number, label: string): void;
  stop(): void;
}

/** A bar on a terminal, a line about every 10 s elsewhere; nothing with `json`. `show` writes a count. */
export function transferProgress(
  show: (count: number) => string,
  { json = false, stream = process.stderr as Terminal, now = () => performance.now() } = {},
): TransferProgress {
  if (json) return { update() {}, stop() {} };
  if (!stream.isTTY) {
    let last = now();
    return {
      update(done, total, label) {
        if (now() - last < LINE_MS) return;
        last = now();
        stream.write(`${label}: ${show(done)} of ${show(total)}\n`);
      },
      stop() {},
    };
  }
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {state}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 14,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    stream,
  });
  let started = false;
  const restore = () => void stream.write('\x1b[?25h\x1b[?7h\n');
  return {
    update(done, total, label) {
      const state = { state: `${show(done)} of ${show(total)}, ${label}` };
      if (started) {
        bar.setTotal(total);
        bar.update(done, state);
        return;
      }
      started = true;
      process.once('exit', restore);
      bar.start(total, done, state);
    },
    stop() {
      if (!started) return;
      bar.stop();
      process.off('exit', restore);
      started = false;
    },
  };
}
