/** The critics' update by the exact integer mechanism: what a `DpGan` uses in place of clipped sums and Gaussian noise. */
import { perSample } from '../../autograd/per-sample.ts';
import type { Parameters } from '../../nn/network.ts';
import { pack } from '../../ops/assign.ts';
import { concat, reshape, slice } from '../../ops/movement.ts';
import type { DiscreteMechanism, DiscreteOptions } from '../../privacy/discrete.ts';
import type { Mechanism } from '../../privacy/mechanism.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Player } from '../../train/player.ts';

export type MakeDiscrete = (options: DiscreteOptions) => DiscreteMechanism;

/** Bytes of noise that are drawn at once. */
const NOISE = 1 << 26;
/** Updates whose noise is drawn at once, at most. */
const MOST_UPDATES = 64;

export class ExactUpdate {
  /** most noisy updates of a chunk */
  readonly chunk: number;
  readonly #mechanism: DiscreteMechanism;
  readonly #critics: Player;
  readonly #groups: number;
  /** values of each parameter that belong to one critic */
  readonly #widths: readonly number[];

  constructor({ critics }: { readonly critics: Player }, mechanism: Mechanism, make: MakeDiscrete) {
    const { partitions: groups, divisor, bound, multiplier } = mechanism;
    this.#critics = critics;
    this.#groups = groups;
    this.#widths = Object.values(critics.parameters.parts).map((t) => t.length / groups);
    const width = this.#widths.reduce((a, b) => a + b);
    this.chunk = Math.max(1, Math.min(MOST_UPDATES, Math.floor(NOISE / (4 * groups * width))));
    // A Poisson sample of twice the expected size and more is out of the question; were it drawn, it would be refused.
    const most = 2 * divisor + 256;
    this.#mechanism = make({ groups, width, bound, multiplier, most, scale: 1 / divisor, chunk: this.chunk });
  }

  /** Inside a program: adds the gradients of a device batch, of whose rows the step block says which count. */
  accumulate(losses: (p: Parameters) => Tensor): void {
    const each = Object.values(perSample(losses, this.#critics.parameters.parts as Record<string, Tensor>));
    const rows = each.map((t, i) =>
      reshape(t, [this.#groups, t.length / (this.#groups * this.#widths[i]), this.#widths[i]]),
    );
    this.#mechanism.accumulate(concat(rows, 2));
  }

  /** Noise for the next updates, drawn on the host. @param records of each update, how many its largest critic sums */
  prepare(records: readonly number[]): void {
    if (records.length) this.#mechanism.prepare(records);
  }

  /** Inside a program: the noisy sum over the divisor, laid out as the critics' parameters in `into`. */
  release(into: Tensor): Tensor {
    return this.#laidOut(this.#mechanism.release(), into);
  }

  /** Inside a program: the sum so far without noise, laid out likewise. For audits alone. */
  sum(into: Tensor): Tensor {
    return this.#laidOut(this.#mechanism.peek(), into);
  }

  #laidOut(rows: Tensor, into: Tensor): Tensor {
    let first = 0;
    const pieces = this.#widths.map((width) => {
      const piece = slice(rows, 1, first, first + width);
      first += width;
      return piece;
    });
    pack(into, pieces, this.#critics.parameters.at);
    return into;
  }

  dispose(): void {
    this.#mechanism.dispose();
  }
}
