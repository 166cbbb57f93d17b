/** Sums over each sample's elements, or of their squares: what norms by sample are made of. */
import rowSumsShader from '#shaders/row_sums.wgsl';
import { type Shape, shapeError } from '../tensor/shape.ts';
import type { RowSum } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { byFours, common } from './dispatch.ts';
import { square } from './elementwise.ts';
import { fused } from './fused.ts';
import { concat, reshape } from './movement.ts';
import { sum } from './reduce.ts';

const PIECES = 7;

/** On a software adapter a thread a sample, since barriers cost there, in workgroups enough for its cores. */
function lanes(software: boolean, samples: number): { LANES: number; ROWS: number } {
  if (!software) return { LANES: 64, ROWS: 1 };
  return { LANES: 1, ROWS: samples >= 1024 ? 64 : 16 };
}

const flat = (x: Tensor): Shape => [x.shape[0], x.length / x.shape[0]];

const op = fused<readonly boolean[]>(
  'rowSums',
  (inputs, squared) =>
    concat(
      inputs.map((x, i) => {
        const rows = reshape(x, flat(x));
        return reshape(sum(squared[i] ? square(rows) : rows, 1), [1, rows.shape[0]]);
      }),
      0,
    ),
  {
    kernel: (inputs, squared) => {
      const { gpu } = inputs[0];
      const samples = inputs[0].shape[0];
      const y = empty(gpu, [inputs.length, samples]);
      const overrides = lanes(gpu.adapter.software, samples);
      for (let at = 0; at < inputs.length; at += PIECES) {
        const some = inputs.slice(at, at + PIECES);
        const x = (j: number) => byFours(some[j] ?? some[0]);
        const bits = some.reduce((all, _, i) => all | (squared[at + i] ? 1 << i : 0), 0);
        const width = Array.from({ length: 8 }, (_, i) => (some[i] ? flat(some[i])[1] : 0));
        gpu.run(
          rowSumsShader,
          { overrides },
          { x0: x(0), x1: x(1), x2: x(2), x3: x(3), x4: x(4), x5: x(5), x6: x(6), y },
          { samples, at, squared: bits, width },
          [Math.ceil(samples / overrides.ROWS), some.length, 1],
        );
      }
      return y;
    },
  },
);

/**
 * For each of several tensors [samples, ...] the sum over each sample's elements, or of their squares.
 * @returns [tensors, samples]
 * @throws VeilganError SHAPE where they have not the same number of samples, or there is none
 */
export function rowSums(list: readonly RowSum[]): Tensor {
  const inputs = list.map(({ rows }) => rows);
  const shapes = inputs.map((x) => x.shape);
  if (!inputs.length || shapes.some((shape) => !shape.length || shape[0] !== shapes[0][0])) {
    throw shapeError('rowSums', shapes, 'needs tensors with one number of samples', 'Give each the same first axis');
  }
  common('rowSums', inputs);
  return op(
    inputs,
    list.map(({ squared }) => squared),
  );
}
