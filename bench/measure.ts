/** How everything here is timed: alternating in one run, because the machines are shared and drift. */
import type { Gpu } from '../src/gpu/gpu.ts';

export interface Result {
  readonly suite: string;
  readonly case: string;
  readonly impl: string;
  readonly median_ms: number;
  readonly best_ms?: number;
  readonly gflops?: number;
  readonly bytes?: number;
  /** what the number is compared with, and how it stands */
  readonly ratio?: number;
  readonly of?: string;
}

export interface Subject {
  readonly name: string;
  /** runs the work `times` times and waits for it */
  readonly run: (times: number) => Promise<void>;
}

export const median = (times: readonly number[]): number => {
  const sorted = [...times].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/**
 * Milliseconds of one run of each subject: rounds alternate between the subjects, each round being long enough to time.
 * @returns for each subject its rounds, the first (warm-up) left out
 */
export async function alternate(
  subjects: readonly Subject[],
  { rounds = 7, targetMs = 150 } = {},
): Promise<number[][]> {
  const times: number[][] = subjects.map(() => []);
  const repeats = subjects.map(() => 1);
  for (const [i, subject] of subjects.entries()) {
    await subject.run(1);
    const start = performance.now();
    await subject.run(1);
    repeats[i] = Math.max(1, Math.min(200, Math.round(targetMs / (performance.now() - start))));
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const start = performance.now();
      await subject.run(repeats[i]);
      times[i].push((performance.now() - start) / repeats[i]);
    }
  }
  return times;
}

/** Waits as a training loop does: sleeps for about as long as the work takes, then asks. */
export async function settle(gpu: Gpu, kind: string, units: number): Promise<void> {
  const start = performance.now();
  gpu.flush();
  await gpu.waiter.settle(kind, units, start, () => gpu.device.queue.onSubmittedWorkDone());
  gpu.check();
}
