import { assign } from '../ops/assign.ts';
import { disposeFlat, type Flat, flat, readFlat } from '../optim/flat.ts';
import type { Shape } from '../tensor/shape.ts';
import { type HostTensors, restoreFlat } from './player.ts';

/**
 * Copies of the generator from the second half of the run so far, which samples are drawn from in turn. A GAN circles
 * its equilibrium rather than settling on it (spec Appendix A: quality oscillates between checkpoints), so the last
 * generator alone may be missing modes that it had a moment ago; the average of the game's play is near the
 * equilibrium. Averaging weights instead would not do: the generators of different moments map z differently.
 */
export class Snapshots {
  readonly #source: Flat;
  readonly #most: number;
  readonly #every: number;
  #members: { step: number; parameters: Flat }[] = [];

  /**
   * @param most members at the same time; 1: the last weights only
   * @param every generator steps between two
   */
  constructor(source: Flat, most: number, every: number) {
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
    const parameters = this.#like();
    assign(parameters.whole, this.#source.whole);
    this.#members.push({ step, parameters });
    while (this.#members.length > this.#most || this.#members[0].step < step / 2) {
      disposeFlat((this.#members.shift() as { parameters: Flat }).parameters);
    }
  }

  /** The parameters to draw from, the current ones among them. */
  members(step: number): Flat[] {
    const earlier = this.#members.filter((m) => m.step !== step).map((m) => m.parameters);
    return [...earlier, this.#source];
  }

  async state(prefix: string): Promise<HostTensors> {
    const tensors: HostTensors = {};
    for (const { step, parameters } of this.#members) {
      for (const [name, t] of Object.entries(await readFlat(parameters))) tensors[`${prefix}.${step}.${name}`] = t;
    }
    return tensors;
  }

  /** @throws VeilganError FILE where a copy is not whole or of another network */
  restore(prefix: string, tensors: Readonly<HostTensors>): void {
    this.dispose();
    const steps = Object.keys(tensors).flatMap((key) =>
      key.startsWith(`${prefix}.`) ? [Number(key.slice(prefix.length + 1).split('.')[0])] : [],
    );
    for (const step of [...new Set(steps)].sort((a, b) => a - b)) {
      const parameters = this.#like();
      this.#members.push({ step, parameters });
      restoreFlat(parameters, `${prefix}.${step}.`, tensors);
    }
  }

  #like(): Flat {
    const shapes = Object.entries(this.#source.parts).map(([name, t]): [string, Shape] => [name, t.shape]);
    return flat(this.#source.whole.gpu, Object.fromEntries(shapes));
  }

  dispose(): void {
    for (const { parameters } of this.#members) disposeFlat(parameters);
    this.#members = [];
  }
}
