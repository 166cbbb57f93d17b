/** Pairs of matrices and stacks of them, in every mix of groups, ranks and transposes. */
import type { Shape } from '../../src/tensor/shape.ts';
import type { Values } from '../support/values.ts';

/** Rows of a batch that has a group of its own each. */
export const BATCH = 5;

/** Block counts of a and b; null is a plain matrix. */
const GROUPS: readonly (readonly [number | null, number | null])[] = [
  [null, null],
  [1, null],
  [null, 1],
  [3, null],
  [null, 3],
  [1, 3],
  [3, 3],
  [6, 3],
  [3, 6],
  [BATCH, BATCH],
  [BATCH, 1],
  [1, BATCH],
];
const flips = [false, true];

export interface Mix {
  readonly as: Shape;
  readonly bs: Shape;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** terms of each sum */
  readonly k: number;
  readonly what: string;
}

/** Every mix once, its sizes drawn from 1 to `most`. */
export function* mixes(values: Values, most: number): Generator<Mix> {
  const stack = (groups: number | null, matrix: Shape): Shape => (groups === null ? matrix : [groups, ...matrix]);
  for (const [ga, gb] of GROUPS) {
    for (const transposeA of flips) {
      for (const transposeB of flips) {
        const [m, n, k] = [values.int(1, most), values.int(1, most), values.int(1, most)];
        const [as, bs] = [stack(ga, transposeA ? [k, m] : [m, k]), stack(gb, transposeB ? [n, k] : [k, n])];
        const what = `${JSON.stringify(as)} x ${JSON.stringify(bs)} ${transposeA} ${transposeB}`;
        yield { as, bs, transposeA, transposeB, k, what };
      }
    }
  }
}
