/** What the probabilities of places make: expected tables, and records. Browser-safe. */
import type { PhiloxStream } from '../base/philox.ts';
import { columnsOf } from '../data/encoding/decode.ts';
import { encodeCells } from '../data/encoding/encode.ts';
import type { Encoding } from '../data/table.ts';
import { type Block, widthOfBlocks } from '../ops/heads.ts';
import type { Measured } from './measured.ts';
import { cellsOf } from './places.ts';

/**
 * The expected shares of the cells of a table of two or three columns, row-major in their order.
 * @param p probabilities [B, W] @param blocks of all columns @param columns indices of those of the table
 */
export function expectedShares(p: Float32Array, blocks: readonly Block[], columns: readonly number[]): Float32Array {
  const width = widthOfBlocks(blocks);
  const rows = p.length / width;
  const of = columns.map((column) => blocks[column]);
  const shares = new Float64Array(of.reduce((n, block) => n * block.width, 1));
  const [a, b, c] = of;
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    for (let i = 0, k = 0; i < a.width; i++) {
      const x = p[from + a.at + i] / rows;
      for (let j = 0; j < b.width; j++) {
        const xy = x * p[from + b.at + j];
        if (!c) shares[k++] += xy;
        else for (let l = 0; l < c.width; l++) shares[k++] += xy * p[from + c.at + l];
      }
    }
  }
  return Float32Array.from(shares);
}

/** Which of ascending sums a number falls in front of. */
function drawn(p: Float32Array, from: number, width: number, u: number): number {
  let left = u;
  for (let i = 0; i < width - 1; i++) {
    left -= p[from + i];
    if (left < 0) return i;
  }
  return width - 1;
}

/** Rows that a latent vector makes of a block: their numbers for a column are spread evenly (Latin hypercube, McKay 1979). */
const STRATA = 8;

/**
 * Rows [n, features], in blocks of 16 for each latent vector, in an order of chance. A row draws a place of each column by
 * its vector's probabilities, and a cell of the place; the 16 rows of a vector draw from the 16 equal parts of (0, 1), each
 * column in an order of its own, so that single places come out as often as they should. Each row by itself has the
 * generator's law; row i depends on the stream and i only.
 * @param p probabilities [B, W]
 */
export function recordsOf(
  p: Float32Array,
  { columns, blocks }: Measured,
  encoding: Encoding,
  { n, random }: { n: number; random: PhiloxStream },
): Float32Array {
  const width = widthOfBlocks(blocks);
  const vectors = p.length / width;
  const size = vectors * STRATA;
  const cells = new Float64Array(n * columns.length);
  const cellOf = columns.map(cellsOf);
  for (let first = 0; first < n; first += size) {
    // Where each row of the block stands, vector by vector.
    const order = random.permutation(size);
    for (let z = 0; z < vectors; z++) {
      for (const [c, { at, width: places }] of blocks.entries()) {
        const strata = random.permutation(STRATA);
        for (let k = 0; k < STRATA; k++) {
          const u = (strata[k] + random.uniform()) / STRATA;
          const [v, w] = [random.uniform(), random.uniform()];
          const row = first + order[z * STRATA + k];
          if (row < n) cells[row * columns.length + c] = cellOf[c](drawn(p, z * width + at, places, u), v, w);
        }
      }
    }
  }
  return encodeCells(columnsOf(encoding), cells, encoding);
}
