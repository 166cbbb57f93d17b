import { scope } from '../tensor/scope.ts';
import { shapeError } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { oneHot } from './classes.ts';
import { matmul } from './contract.ts';
import { checkIndex } from './dispatch.ts';
import { gather } from './gather.ts';
import { reshape } from './movement.ts';

/**
 * Rows of a trainable table by index.
 * @param table [rows, width]; or [Gw, rows, width] with an index [G, n], group g using block floor(g Gw / G): a product
 *   with one-hot rows then, so per-sample gradients know it
 * @param index u32 [...]; past the end it takes the last row, or with blocks gives zeros
 * @returns [..., width]
 * @throws VeilganError SHAPE, or VALIDATION where the index is not u32
 */
export function embedding(table: Tensor, index: Tensor): Tensor {
  checkIndex('embedding', index);
  if (table.rank === 2) {
    return scope(() => reshape(gather(table, index), [...index.shape, table.shape[1]]));
  }
  if (table.rank !== 3 || index.rank !== 2) {
    throw shapeError(
      'embedding',
      [table.shape, index.shape],
      'needs a table [rows, width], or [Gw, rows, width] by [G, n]',
    );
  }
  return scope(() => matmul(oneHot(index, table.shape[1]), table));
}
