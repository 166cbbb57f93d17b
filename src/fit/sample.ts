/** Records from the probabilities of places. Browser-safe. */
import type { PhiloxStream } from '../base/philox.ts';
import { columnsOf } from '../data/encoding/decode.ts';
import { encodeCells } from '../data/encoding/encode.ts';
import type { Encoding } from '../data/table.ts';
import type { Measured } from './measured.ts';
import { cellsOf } from './places.ts';

/** Which of ascending sums a number falls in front of. */
function drawn(p: Float32Array, from: number, width: number, u: number): number {
  let left = u;
  for (let i = 0; i < width - 1; i++) {
    left -= p[from + i];
    if (left < 0) return i;
  }
  return width - 1;
}

/**
 * Rows [n, features]: a latent vector, all of them in turn in an order of chance; then for each column a place by its
 * probabilities, and a cell of the place. Row i depends on the stream and i only.
 * @param p probabilities [B, W]
 */
export function recordsOf(
  p: Float32Array,
  { columns, blocks }: Measured,
  encoding: Encoding,
  { n, random }: { n: number; random: PhiloxStream },
): Float32Array {
  const last = blocks[blocks.length - 1];
  const width = last.at + last.width;
  const vectors = p.length / width;
  const cells = new Float64Array(n * columns.length);
  const cellOf = columns.map(cellsOf);
  for (let first = 0; first < n; first += vectors) {
    const order = random.permutation(vectors);
    for (let r = 0; r < vectors; r++) {
      const row = first + r;
      for (let c = 0; c < columns.length; c++) {
        const [u, v, w] = [random.uniform(), random.uniform(), random.uniform()];
        if (row >= n) continue;
        const { at, width: places } = blocks[c];
        cells[row * columns.length + c] = cellOf[c](drawn(p, order[r] * width + at, places, u), v, w);
      }
    }
  }
  return encodeCells(columnsOf(encoding), cells, encoding);
}
