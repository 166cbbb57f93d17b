/** Dispatches of the nearest-neighbour kernel; metrics/neighbours.ts makes exact neighbours of its candidates. */
import nearestShader from '#shaders/nearest.wgsl';
import type { Gpu } from '../gpu/gpu.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { contract } from './contract.ts';

/** For each strip of the rows and each query, the rows with the least scores so far, ascending, ties by lower index. */
export interface Candidates {
  /** squared distances less that of the query from the origin, [strips, k, queries] */
  readonly scores: Tensor;
  /** row numbers; 0xffffffff where there are fewer than k */
  readonly indices: Tensor;
  readonly strips: number;
  /** 8, 16 or 24 */
  readonly k: number;
  readonly queries: number;
}

/** Lists without meaning until their first tile, which is the one with `first` = 0; `disposeCandidates` frees them. */
export function makeCandidates(gpu: Gpu, queries: number, k: 8 | 16 | 24, strips = 1): Candidates {
  const shape = [strips, k, queries];
  return { scores: empty(gpu, shape), indices: empty(gpu, shape, 'u32'), strips, k, queries };
}

export function disposeCandidates({ scores, indices }: Candidates): void {
  scores.dispose();
  indices.dispose();
}

/**
 * Merges a tile of rows into the lists: a matrix product, then one pass over it. f32, no node.
 * @param rows [rows, width]
 * @param norms [rows], their squared norms
 * @param queries [queries, width]
 * @param first number of the tile's first row; tiles come in ascending order
 */
export function nearestTile(lists: Candidates, rows: Tensor, norms: Tensor, queries: Tensor, first: number): void {
  const { scores, indices, strips, k } = lists;
  const count = rows.shape[0];
  noGrad(() =>
    scope(() => {
      const dots = contract(rows, queries, { transposeB: true });
      rows.gpu.run(
        nearestShader,
        { constants: { K: k } },
        { dots, norms, scores, indices },
        { rows: count, queries: lists.queries, strip: Math.ceil(count / strips), first, fresh: first ? 0 : 1 },
        [Math.ceil(lists.queries / 64), strips, 1],
      );
    }),
  );
}
