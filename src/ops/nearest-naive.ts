/** The readable specification of the nearest-neighbour kernel, for benchmarks and tests: nothing that ships imports it. */
import naiveShader from '#shaders/nearest_naive.wgsl';
import type { Tensor } from '../tensor/tensor.ts';
import type { Candidates } from './nearest.ts';

/** `nearestTile` by differences, into lists of one strip; here the scores are squared distances. */
export function nearestTileNaive(lists: Candidates, rows: Tensor, queries: Tensor, first: number): void {
  const { scores, indices, k } = lists;
  const [count, width] = rows.shape;
  rows.gpu.run(
    naiveShader,
    { constants: { K: k } },
    { x: rows, q: queries, scores, indices },
    { rows: count, queries: lists.queries, width, first, fresh: first ? 0 : 1 },
    [Math.ceil(lists.queries / 64), 1, 1],
  );
}
