/** What a generator of tables ends in: values in (-1, 1), and choices among a column's values. */
import headsShader from '#shaders/heads.wgsl';
import headsBackShader from '#shaders/heads_back.wgsl';
import type { Gpu } from '../gpu/gpu.ts';
import { shapeError } from '../tensor/shape.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { softmax } from './classes.ts';
import { common, strided } from './dispatch.ts';
import { scale, tanh } from './elementwise.ts';
import { fused } from './fused.ts';
import { concat, slice } from './movement.ts';

/** Values of a record that belong together: one number in [-1, 1], or a choice, one of which is 1 and the others 0. */
export interface Block {
  readonly kind: 'scalar' | 'choice';
  /** index of the first value */
  readonly at: number;
  readonly width: number;
  /** a choice of two: the second place says that the scalar before it is missing */
  readonly presence?: true;
  /** where a generator begins with noisy shares of its places: those; of a scalar, whose curve has them, none */
  readonly shares?: readonly number[];
}

interface Heads {
  readonly blocks: readonly Block[];
  readonly temperature: number;
}

/** The blocks as the kernels read them; a scalar has width 0 there. */
const listed = (gpu: Gpu, blocks: readonly Block[]): Tensor =>
  tensor(gpu, Uint32Array.from(blocks.flatMap(({ kind, at, width }) => [at, kind === 'scalar' ? 0 : width])));

function params(x: Tensor, { blocks, temperature }: Heads) {
  const width = x.shape[x.rank - 1];
  const n = (x.length / width) * blocks.length;
  const { grid, threads } = strided(x.gpu, n);
  return { grid, fields: { n, threads, width, blocks: blocks.length, sharpness: 1 / temperature } };
}

const op = fused<Heads>(
  'heads',
  ([x], { blocks, temperature }) =>
    concat(
      blocks.map(({ kind, at, width }) => {
        const own = slice(x, -1, at, at + width);
        return kind === 'scalar' ? tanh(own) : softmax(scale(own, 1 / temperature));
      }),
      x.rank - 1,
    ),
  {
    kernel: ([x], options) => {
      const { gpu } = x;
      const { grid, fields } = params(x, options);
      const y = empty(gpu, x.shape);
      gpu.run(headsShader, {}, { parts: listed(gpu, options.blocks), x, y }, fields, grid);
      return y;
    },
    vjp: ({ output: y, options }, g) => {
      const { gpu } = y;
      const { grid, fields } = params(y, options);
      const d = empty(gpu, y.shape);
      gpu.run(headsBackShader, {}, { parts: listed(gpu, options.blocks), y, g, d }, fields, grid);
      return [d];
    },
  },
);

/** Values of blocks side by side. */
export const widthOfBlocks = (blocks: readonly Block[]): number => {
  const last = blocks[blocks.length - 1];
  return last.at + last.width;
};

/**
 * tanh of the scalars, softmax(x / temperature) of each choice: [..., width] -> the same shape.
 * @param blocks of scalars (width 1) and choices, one behind the other and together as wide as the last axis
 * @param temperature below 1 choices come near to one-hot
 * @throws VeilganError SHAPE where the blocks do not fill the last axis
 */
export function heads(x: Tensor, blocks: readonly Block[], temperature = 1): Tensor {
  common('heads', [x]);
  const end = blocks.reduce((at, block) => (block.at === at && block.width > 0 ? at + block.width : Number.NaN), 0);
  if (!x.rank || end !== x.shape[x.rank - 1]) {
    throw shapeError('heads', [x.shape], `its blocks fill ${end} values`, 'Give blocks that fill the last axis');
  }
  return op([x], { blocks, temperature });
}

/** Where the largest of some values is, the first of several: which place of a block is chosen. */
export function largest(rows: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (rows[from + i] > rows[from + best]) best = i;
  return best;
}

/**
 * Generated rows [n, width] as encoded ones look, in place: every choice one-hot, scalars within [-1, 1], and 0 where
 * their cell is missing.
 */
export function harden(rows: Float32Array, blocks: readonly Block[]): Float32Array {
  const width = widthOfBlocks(blocks);
  for (let row = 0; row < rows.length; row += width) {
    for (const { kind, at, width: places, presence } of blocks) {
      const from = row + at;
      if (kind === 'scalar') {
        rows[from] = Math.min(1, Math.max(-1, rows[from]));
        continue;
      }
      const best = largest(rows, from, places);
      rows.fill(0, from, from + places);
      rows[from + best] = 1;
      if (presence && best === 1) rows[from - 1] = 0;
    }
  }
  return rows;
}
