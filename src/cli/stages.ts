/** Progress of a job of several stages. */
import { createProgress, type Progress } from './progress.ts';

export interface Stages {
  /** Stage `name` is done to this share, from 0 to 1. */
  update(name: string, share: number): void;
  stop(): void;
}

/** One bar a stage, in percent. */
export function stageProgress(options: { json?: boolean; quiet?: boolean }): Stages {
  let bar: Progress | undefined;
  let running = '';
  const stop = () => bar?.stop();
  return {
    update(name, share) {
      if (name !== running) {
        stop();
        running = name;
        bar = createProgress({ ...options, total: 100, label: `${name} (percent)` });
      }
      bar?.update(Math.floor(100 * share));
    },
    stop,
  };
}
