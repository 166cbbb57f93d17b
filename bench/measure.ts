/** How everything here is timed: alternating in one run, because the machines are shared and drift. */
import type { GanSystem } from '../src/gan/system.ts';
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
  /** takes part in the first so many rounds only */
  readonly rounds?: number;
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
      if (round >= (subject.rounds ?? rounds)) continue;
      const start = performance.now();
      await subject.run(repeats[i]);
      times[i].push((performance.now() - start) / repeats[i]);
    }
  }
  return times;
}

/**
 * Bytes of the blocks that exist, those that wait for reuse in programs' own pools included. A program's pool never
 * shrinks, so the difference of two calls around a system that has taken a step is what that step needs at its peak.
 */
export function bytesHeld(gpu: Gpu): number {
  gpu.trim();
  const { live, pooled } = gpu.memory();
  return live + pooled;
}

/**
 * One training step of a system: its median and least time, the first one (which compiles) left out, and the bytes held
 * more than `before`. Ends after `rounds` steps, or the first that ends later than `patience` milliseconds.
 */
export async function timeSteps(
  gpu: Gpu,
  gan: GanSystem,
  { before, rounds, patience }: { before: number; rounds: number; patience: number },
): Promise<Pick<Result, 'median_ms' | 'best_ms' | 'bytes'>> {
  const step = async () => {
    const start = performance.now();
    await gpu.replay(gan.chunk(1)).done();
    return performance.now() - start;
  };
  await step();
  const bytes = bytesHeld(gpu) - before;
  const times: number[] = [];
  const begun = performance.now();
  do times.push(await step());
  while (times.length < rounds && performance.now() - begun < patience);
  return { median_ms: median(times), best_ms: Math.min(...times), bytes };
}

/** By kind of work: how often it was waited for, and the least ms a unit took, its first run (which compiles) aside. */
const known = new Map<string, { trials: number; best: number }>();

/**
 * Submits and waits: sleeps for most of the least time that this kind of work has taken, then asks. Asking costs a
 * software adapter a core (gpu/wait.ts); a sleep by the average, as training has it, is too long here, where the
 * average is that of few runs on a machine that others use.
 */
export async function settle(gpu: Gpu, kind: string, units: number): Promise<void> {
  const start = performance.now();
  gpu.flush();
  const { trials, best } = known.get(kind) ?? { trials: 0, best: Number.POSITIVE_INFINITY };
  const nap = trials > 1 ? 0.85 * best * units : 0;
  if (nap > 1) await new Promise((done) => setTimeout(done, nap));
  await gpu.device.queue.onSubmittedWorkDone();
  const ms = (performance.now() - start) / units;
  known.set(kind, { trials: trials + 1, best: trials ? Math.min(best, ms) : best });
  gpu.check();
}
