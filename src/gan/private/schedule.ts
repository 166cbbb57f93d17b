/** How many noisy critic updates come before each generator update. */

import { restoreCount } from '../../train/player.ts';
import type { PrivateConfig } from './config.ts';

/** n_D of the adaptive rule, from the first on (Bie, Kamath and Zhang 2023). */
const LADDER = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
/** Generator steps at a rung before it may be left. */
const GRACE = 200;
/** Of the exponential average of the critics' accuracy on generated records. */
const DECAY = 0.99;
/** DPGAN's code makes more updates before the first so many generator updates, and again every so many. */
const [BURST_FIRST, BURST_EVERY] = [25, 500];

/** What of a config says how many updates there are. */
type Rhythm = Pick<PrivateConfig, 'criticSteps' | 'burst' | 'adaptive'>;

/** Noisy updates behind the first `steps` generator steps; Infinity where the schedule decides on the way. */
export function updatesBehind({ criticSteps, burst, adaptive }: Rhythm, steps: number): number {
  if (adaptive > 0) return Number.POSITIVE_INFINITY;
  const bursts = burst && steps > 0 ? Math.min(BURST_FIRST, steps) + Math.floor((steps - 1) / BURST_EVERY) : 0;
  return bursts * burst + (steps - bursts) * criticSteps;
}

/**
 * The most generator steps, of `most` at most, that so many noisy updates are enough for: the inverse of `updatesBehind`;
 * `most` where the schedule decides on the way.
 */
export function stepsBefore(rhythm: Rhythm, updates: number, most: number): number {
  if (rhythm.adaptive > 0) return most;
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (updatesBehind(rhythm, middle) <= updates) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The schedule of a private run: n_D updates always; or `burst` of them at the beginning and now and then; or adaptive:
 * n_D goes up a rung when the critics, weakened by noise, see through too few of the generated records. That looks at
 * generated records only, so it costs no privacy.
 */
export class Schedule {
  readonly #config: Rhythm;
  #rung = 0;
  #steps = 0;
  #accuracy: number | null = null;

  constructor(config: Rhythm) {
    this.#config = config;
  }

  /** Whether what was found in a step decides about the next. */
  get adaptive(): boolean {
    return this.#config.adaptive > 0;
  }

  /** Critic updates before generator update `step`, counted from 0. */
  updates(step: number): number {
    const { criticSteps, burst } = this.#config;
    if (this.adaptive) return LADDER[this.#rung];
    return burst && (step < BURST_FIRST || step % BURST_EVERY === 0) ? burst : criticSteps;
  }

  /** Tells of a generator update. @param accuracy share of the generated records that the critics saw through before it */
  note(accuracy: number): void {
    this.#accuracy = this.#accuracy === null ? accuracy : DECAY * this.#accuracy + (1 - DECAY) * accuracy;
    this.#steps++;
    if (this.#steps < GRACE || this.#accuracy > this.#config.adaptive || this.#rung === LADDER.length - 1) return;
    this.#rung++;
    this.#steps = 0;
  }

  /** What a checkpoint says of it. */
  state(): Record<string, string> {
    if (!this.adaptive) return {};
    return { rung: String(this.#rung), rung_steps: String(this.#steps), rung_accuracy: String(this.#accuracy ?? '') };
  }

  /** @throws VeilganError FILE where the checkpoint does not say it */
  restore(meta: Readonly<Record<string, string>>): void {
    if (!this.adaptive) return;
    this.#rung = Math.min(restoreCount(meta, 'rung'), LADDER.length - 1);
    this.#steps = restoreCount(meta, 'rung_steps');
    this.#accuracy = meta.rung_accuracy ? Number(meta.rung_accuracy) : null;
  }
}
