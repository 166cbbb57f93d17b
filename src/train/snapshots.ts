import { assign } from '../ops/assign.ts';
import { disposeFlat, type Flat, flat, readFlat } from '../optim/flat.ts';
import type { Shape } from '../tensor/shape.ts';
import { type HostTensors, restoreFlat } from './player.ts';

/** What the names of a copy's tensors begin with. */
const key = (prefix: string, step: number, i: number) => `${prefix}.${step}.${i ? 'moving.' : ''}`;

/**
 * Copies of the generator from the second half of the run so far, which samples are drawn from in turn. A GAN circles
 * its equilibrium rather than settling on it (quality oscillates between checkpoints), so the last
 * generator alone may be missing modes that it had a moment ago; the average of the game's play is near the
 * equilibrium. Averaging weights instead would not do: the generators of different moments map z differently.
 */
export class Snapshots {
  readonly #source: readonly Flat[];
  readonly #most: number;
  readonly #every: number;
  #members: { step: number; flats: Flat[] }[] = [];

  /**
   * @param source all that a generator is: parameters, moving averages
   * @param most members at the same time; 1: the last weights only
   * @param every generator steps between two
   */
  constructor(source: readonly Flat[], most: number, every: number) {
    this.#source = source;
    this.#most = most;
    this.#every = every;
  }

  /** Steps that may follow `step` before the next copy is due. */
  room(step: number): number {
    return this.#most > 1 ? this.#every - (step % this.#every) : Number.POSITIVE_INFINITY;
  }

  /** Takes the copy that is due at `step`, and drops those before half of it. Call when that step is the last submitted. */
  take(step: number): void {
    if (this.#most === 1 || step === 0 || step % this.#every || this.#members.at(-1)?.step === step) return;
    const flats = this.#like();
    flats.forEach((copy, i) => {
      assign(copy.whole, this.#source[i].whole);
    });
    this.#members.push({ step, flats });
    while (this.#members.length > this.#most || this.#members[0].step < step / 2) {
      for (const copy of this.#members.shift()?.flats ?? []) disposeFlat(copy);
    }
  }

  /** The generators to draw from, the current one among them. */
  members(step: number): (readonly Flat[])[] {
    const earlier = this.#members.filter((m) => m.step !== step).map((m) => m.flats);
    return [...earlier, this.#source];
  }

  async state(prefix: string): Promise<HostTensors> {
    const tensors: HostTensors = {};
    for (const { step, flats } of this.#members) {
      for (const [i, copy] of flats.entries()) {
        for (const [name, t] of Object.entries(await readFlat(copy))) tensors[key(prefix, step, i) + name] = t;
      }
    }
    return tensors;
  }

  /** @throws VeilganError FILE where a copy is not whole or of another network */
  restore(prefix: string, tensors: Readonly<HostTensors>): void {
    this.dispose();
    const steps = Object.keys(tensors).flatMap((name) =>
      name.startsWith(`${prefix}.`) ? [Number(name.slice(prefix.length + 1).split('.')[0])] : [],
    );
    for (const step of [...new Set(steps)].sort((a, b) => a - b)) {
      const flats = this.#like();
      this.#members.push({ step, flats });
      flats.forEach((copy, i) => {
        restoreFlat(copy, key(prefix, step, i), tensors);
      });
    }
  }

  #like(): Flat[] {
    return this.#source.map(({ whole, parts }) =>
      flat(whole.gpu, Object.fromEntries(Object.entries(parts).map(([name, t]): [string, Shape] => [name, t.shape]))),
    );
  }

  dispose(): void {
    for (const copy of this.#members.flatMap((m) => m.flats)) disposeFlat(copy);
    this.#members = [];
  }
}
