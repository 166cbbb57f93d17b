/** How far some expected cells of three-way tables of a mixture are from measured ones. */
import tripleBackShader from '#shaders/triple_back.wgsl';
import tripleErrorShader from '#shaders/triple_error.wgsl';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { shapeError } from '../tensor/shape.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';
import { common } from './dispatch.ts';
import { mul, square, sub } from './elementwise.ts';
import { fused } from './fused.ts';
import { gather } from './gather.ts';
import { transposeBlocks } from './matmul.ts';
import { detach, reshape, transpose } from './movement.ts';
import { mean, sum } from './reduce.ts';

/** Cells as the kernels read them; its tensors belong to the scope it was made in. */
export interface Triples {
  /** u32 [cells]: of each cell its places, one list for each of the three */
  readonly places: readonly [Tensor, Tensor, Tensor];
  /** columns that they are places of */
  readonly width: number;
  /** u32 [width + 1]: where the entries of each place begin */
  readonly starts: Tensor;
  /** u32 [3 cells, 2]: the two other places in 16 bits each, and the cell; by place, then by cell */
  readonly entries: Tensor;
}

/** Most places: their indices have 16 bits. */
const MOST = 1 << 16;

/**
 * Sorts cells by the places that they have.
 * @param cells three places of each cell
 * @param width places that there are, at most 65,535
 * @throws VeilganError SHAPE for no cells or such as have not three places, OVER_LIMIT for too many places, VALIDATION for
 *   one that is not there
 */
export function tripleIndex(gpu: Gpu, cells: Uint32Array, width: number): Triples {
  const n = cells.length / 3;
  if (!Number.isInteger(n) || n < 1) {
    throw shapeError('tripleIndex', [[cells.length]], 'needs three places a cell', 'Give at least one cell');
  }
  if (width >= MOST) {
    const where = 'tripleIndex';
    throw new VeilganError('OVER_LIMIT', `${width} places`, { where, fix: `Merge them to fewer than ${MOST}` });
  }
  const starts = new Uint32Array(width + 1);
  for (const place of cells) {
    if (place < width) starts[place + 1]++;
    else {
      const fix = `Number places from 0 to ${width - 1}`;
      throw new VeilganError('VALIDATION', `place ${place} of ${width}`, { where: 'tripleIndex', fix });
    }
  }
  for (let i = 0; i < width; i++) starts[i + 1] += starts[i];
  const next = starts.slice();
  const entries = new Uint32Array(6 * n);
  const places = [0, 1, 2].map(() => new Uint32Array(n));
  for (let cell = 0; cell < n; cell++) {
    for (let k = 0; k < 3; k++) {
      const [own, x, y] = [0, 1, 2].map((i) => cells[3 * cell + ((k + i) % 3)]);
      places[k][cell] = own;
      const at = 2 * next[own]++;
      entries[at] = x | (y << 16);
      entries[at + 1] = cell;
    }
  }
  const [a, b, c] = places.map((list) => tensor(gpu, list));
  return { places: [a, b, c], width, starts: tensor(gpu, starts), entries: tensor(gpu, entries, [3 * n, 2]) };
}

/** [rows, columns] -> [columns, rows]; no node. */
function turned(x: Tensor): Tensor {
  const [rows, columns] = x.shape;
  return rows % 4 ? transpose(x) : transposeBlocks(x, 1, rows, columns).view([columns, rows]);
}

/** Workgroups along two axes. */
const folded = (n: number): [number, number, number] => [Math.min(n, 32768), Math.ceil(n / 32768), 1];

const op = fused<Triples>(
  'tripleLoss',
  ([p, target, weight], { places }) => {
    const columns = transpose(p);
    const [x, y, z] = places.map((list) => gather(columns, list));
    const off = sub(mean(mul(mul(x, y), z), 1), target);
    return sum(mul(weight, square(off)), undefined, { scale: 0.5 }).reshape([1]);
  },
  {
    eligible: ([p]) => p.shape[0] % 4 === 0,
    kernel: ([p, goal, weight], { places: [first, second, third] }) => {
      const { gpu } = p;
      const [rows] = p.shape;
      const cells = goal.length;
      const columns = turned(p);
      const [errors, parts] = [empty(gpu, [cells]), empty(gpu, [cells])];
      const overrides = gpu.adapter.software ? { LANES: 1, CELLS: 8 } : { LANES: 32, CELLS: 2 };
      gpu.run(
        tripleErrorShader,
        { overrides },
        { p: columns, first, second, third, goal, weight, errors, parts },
        { cells, quads: rows / 4, share: 1 / rows },
        folded(Math.ceil(cells / overrides.CELLS)),
      );
      return { output: reshape(sum(parts), [1]), saved: [columns, errors] };
    },
    vjp: ({ saved: [columns, errors], options: { starts, entries } }, g) => {
      const { gpu, shape } = columns;
      const [width, rows] = shape;
      const d = empty(gpu, shape);
      const [lanes, R] = [gpu.adapter.software ? 8 : 32, 4];
      gpu.run(
        tripleBackShader,
        { constants: { R }, overrides: { LANES: lanes } },
        { p: columns, starts, entries, errors, g, d },
        { quads: rows / 4 },
        [Math.ceil(rows / 4 / (lanes * R)), width, 1],
      );
      return [turned(d), null, null];
    },
  },
);

/**
 * The weighted squared error of some cells of three-way tables of a mixture: 1/2 sum over cells of w (T - t)^2, with T the
 * mean over rows of p[a] p[b] p[c]. Target and weight are constants.
 * @param p [B, W] probabilities of places; B a multiple of four, or it takes memory for B values a cell
 * @param cells of W places
 * @param target [cells]
 * @param weight [cells], at least 0
 * @returns [1]
 * @throws VeilganError SHAPE where they do not fit
 */
export function tripleLoss(p: Tensor, cells: Triples, target: Tensor, weight: Tensor): Tensor {
  common('tripleLoss', [p, target, weight]);
  const n = cells.places[0].length;
  if (p.rank !== 2 || p.shape[1] !== cells.width || target.length !== n || weight.length !== n) {
    const what = `needs ${cells.width} places, a target and a weight for each of ${n} cells`;
    throw shapeError('tripleLoss', [p.shape, target.shape, weight.shape], what);
  }
  return op([p, detach(target), detach(weight)], cells);
}
