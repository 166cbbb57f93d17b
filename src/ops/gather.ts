import gatherShader from '#shaders/gather.wgsl';
import scatterShader from '#shaders/scatter_add.wgsl';
import { type Shape, shapeError } from '../tensor/shape.ts';
import { record } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { checkIndex, common, strided } from './dispatch.ts';

/** Which entries of an index list: all (their count is the number of rows), or `rows` from the step block's offset. */
export interface IndexList {
  readonly list: Tensor;
  /** rows a step; the list then holds a chunk of steps */
  readonly perStep?: number;
}

const asList = (index: Tensor | IndexList): IndexList => ('list' in index ? index : { list: index });

function rowsOf({ list, perStep }: IndexList): number {
  checkIndex('gather', list);
  return perStep ?? list.length;
}

/**
 * Rows of `data` by index. An index past the end gives the last row.
 * @param data [records, ...record]
 * @returns [rows, ...record]
 */
export function gather(data: Tensor, index: Tensor | IndexList): Tensor {
  const gpu = common('gather', [data]);
  if (data.rank === 0) throw shapeError('gather', [data.shape], 'needs rows');
  const from = asList(index);
  const rows = rowsOf(from);
  const [records, ...record_] = data.shape;
  const y = empty(gpu, [rows, ...record_]);
  const { grid, threads } = strided(gpu, y.length);
  const width = data.length / records;
  const overrides = { STEP: from.perStep ? 1 : 0 };
  const params = { n: y.length, threads, width, records, unit: 1 };
  gpu.run(gatherShader, { overrides }, { data, index: from.list, y }, params, grid);
  return record('gather', [data], y, (g) => [scatterAdd(g, from, data.shape)]);
}

/** One 255th as a 32-bit float: a byte b of an image stands for (2 b - 255) / 255, in [-1, 1] (PAR-GAN's notebooks). */
export const BYTE_UNIT = Math.fround(1 / 255);

/** Records of bytes on the device, four a word; a byte b stands for (2 b - 255) unit. */
export interface Bytes {
  readonly words: Tensor;
  readonly records: number;
  /** bytes of a record */
  readonly width: number;
  readonly unit: number;
}

/**
 * Rows of stored bytes by index, as numbers. Constants to every gradient.
 * @returns [rows, width]
 */
export function gatherBytes(data: Bytes, index: Tensor | IndexList): Tensor {
  const { words, records, width, unit } = data;
  const { gpu } = words;
  const from = asList(index);
  const y = empty(gpu, [rowsOf(from), width]);
  const { grid, threads } = strided(gpu, y.length);
  const overrides = { STEP: from.perStep ? 1 : 0, BYTES: 1 };
  const params = { n: y.length, threads, width, records, unit };
  gpu.run(gatherShader, { overrides }, { data: words, index: from.list, y }, params, grid);
  return y;
}

/**
 * Adds rows into `shape` at their indices: the adjoint of gather. In order, so the same bits every time.
 * @param x [rows, ...record]
 */
export function scatterAdd(x: Tensor, index: Tensor | IndexList, shape: Shape): Tensor {
  const gpu = common('scatterAdd', [x]);
  const from = asList(index);
  const rows = rowsOf(from);
  const y = empty(gpu, shape);
  const { grid, threads } = strided(gpu, y.length);
  const width = y.length / shape[0];
  const overrides = { STEP: from.perStep ? 1 : 0 };
  gpu.run(scatterShader, { overrides }, { x, index: from.list, y }, { n: y.length, threads, width, rows }, grid);
  return record('scatterAdd', [x], y, (g) => [gather(g, from)]);
}
