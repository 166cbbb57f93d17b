/** What the steps of all fits have in common: how they are submitted, how their rate falls, and what is told of them. */
import type { Program, Replay } from '../gpu/index.ts';
import { type LossRow, notFinite } from '../train/loop.ts';

/** Most steps of a chunk. */
export const CHUNK = 256;
/** Of the rate, what the last steps have. */
const LEAST = 0.01;

/** Of the rate what is left, down by a cosine. @param part of all steps that are done; beyond [0, 1] it is cut */
export const cosine = (part: number): number =>
  0.5 * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, part)))) * (1 - LEAST) + LEAST;

/** Replays of one program for so many steps. @param from the first of them, counted from 0 */
export const replaysOf = (program: Program, from: number, count: number): Replay[] =>
  Array.from({ length: count }, (_, i) => ({ program, step: from + i }));

/**
 * The losses that steps have logged, a row each.
 * @param first how many steps came before
 * @throws VeilganError NAN naming the step
 */
export const lossesOf = (logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] =>
  (logs.get('loss_g') ?? []).map(([loss], i) => {
    const step = first + i + 1;
    if (!Number.isFinite(loss)) throw notFinite('the loss', step);
    return { step, loss_g: loss, loss_d: [] };
  });
