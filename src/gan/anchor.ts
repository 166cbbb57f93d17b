/** What keeps a generator of tables at the noisy shares that it began with: a part of its loss that sees no row. */

import { logDensity } from '../base/maths/normal.ts';
import { SPREAD } from '../data/encoding/knots.ts';
import type { Gpu } from '../gpu/index.ts';
import { add, mul, scale, shift, square, sub } from '../ops/elementwise.ts';
import type { Block } from '../ops/heads.ts';
import { widthOfBlocks } from '../ops/heads.ts';
import { reshape } from '../ops/movement.ts';
import { mean, sum } from '../ops/reduce.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

/** Means of the first four Legendre polynomials of tanh of 0.83 times a normal number. */
const MEANS = [0, 0, 0, 0].map((_, k) => {
  const [n, width] = [4000, 16];
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const e = width * ((i + 0.5) / n - 0.5);
    const y = Math.tanh(SPREAD * e);
    const polynomial = [y, (3 * y ** 2 - 1) / 2, (5 * y ** 3 - 3 * y) / 2, (35 * y ** 4 - 30 * y ** 2 + 3) / 8][k];
    sum += (polynomial * Math.exp(logDensity(e)) * width) / n;
  }
  return sum;
});

/**
 * The squared distance of the generated records' means to the shares of the blocks. A scalar is to be spread as tanh of
 * 0.83 times a normal number, by which its curve was made (`scores`): so are to be the means of its first four Legendre
 * polynomials. Shares were paid for, so this is post-processing.
 */
export class Anchor {
  readonly #target: Tensor;
  /** 1 at choices, and at scalars */
  readonly #choices: Tensor;
  readonly #scalars: Tensor;

  constructor(gpu: Gpu, blocks: readonly Block[]) {
    const width = widthOfBlocks(blocks);
    const [target, choices, scalars] = [0, 1, 2].map(() => new Float32Array(width));
    for (const { kind, at, width: places, shares } of blocks) {
      if (!shares) continue;
      if (kind === 'scalar') scalars[at] = 1;
      else {
        target.set(shares, at);
        choices.fill(1, at, at + places);
      }
    }
    [this.#target, this.#choices, this.#scalars] = [target, choices, scalars].map((values) => tensor(gpu, values));
  }

  /** @param records generated, [K, B, width] @returns a number, no less than 0 */
  of(records: Tensor): Tensor {
    const width = records.shape[records.rank - 1];
    const y = reshape(records, [records.length / width, width]);
    const distance = (polynomial: Tensor, k: number) =>
      scale(square(shift(mean(polynomial, 0), -MEANS[k - 1])), 2 * k + 1);
    const y2 = square(y);
    const legendre = [
      y,
      scale(shift(scale(y2, 3), -1), 1 / 2),
      scale(mul(y, shift(scale(y2, 5), -3)), 1 / 2),
      scale(shift(mul(y2, shift(scale(y2, 35), -30)), 3), 1 / 8),
    ];
    const scalars = legendre.map((p, i) => distance(p, i + 1)).reduce((a, b) => add(a, b));
    const choices = square(sub(mean(y, 0), this.#target));
    return sum(add(mul(choices, this.#choices), mul(scalars, this.#scalars)));
  }

  dispose(): void {
    for (const t of [this.#target, this.#choices, this.#scalars]) t.dispose();
  }
}
