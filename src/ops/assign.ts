/** The only writes to something that already exists: variables, flat buffers of a player, and logs. */
import copyShader from '#shaders/copy.wgsl';
import packShader from '#shaders/pack.wgsl';
import { VeilganError } from '../base/errors.ts';
import { MAX_ROWS } from '../gpu/program.ts';
import { pad8, same, shapeError } from '../tensor/shape.ts';
import { noGrad } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { common, strided } from './dispatch.ts';
import { scale } from './elementwise.ts';

/** Overwrites `variable` with `value`. Backward through an earlier use of it then throws. */
export function assign(variable: Tensor, value: Tensor): void {
  if (!same(variable.shape, value.shape)) throw shapeError('assign', [variable.shape, value.shape], 'they differ');
  const gpu = common('assign', [variable, value]);
  // No dispatch may read and write one buffer, so a view of the variable is copied first.
  const x = value.storage === variable.storage ? noGrad(() => scale(value, 1)) : value;
  const { grid, threads } = strided(gpu, value.length);
  gpu.run(copyShader, { overrides: { LOG: 0 } }, { x, y: variable }, { n: value.length, threads }, grid);
  if (x !== value) x.dispose();
  variable.storage.version++;
}

const PIECES = 7;

/**
 * Copies tensors into their places of a flat buffer, seven a dispatch.
 * @param at element offsets, one a piece
 * @param add adds them to what is there
 */
export function pack(flat: Tensor, pieces: readonly Tensor[], at: readonly number[], { add = false } = {}): void {
  const gpu = common('pack', [flat, ...pieces]);
  for (let i = 0; i < pieces.length; i += PIECES) {
    const some = pieces.slice(i, i + PIECES);
    const x = (j: number) => some[j] ?? some[0];
    // A row of workgroups a piece, wide enough for the average: small pieces would leave most of them idle.
    const { grid, threads } = strided(gpu, Math.ceil(some.reduce((n, p) => n + p.length, 0) / some.length));
    gpu.run(
      packShader,
      { overrides: { ADD: add ? 1 : 0 } },
      { x0: x(0), x1: x(1), x2: x(2), x3: x(3), x4: x(4), x5: x(5), x6: x(6), y: flat },
      {
        threads,
        size: pad8(
          some.map((p) => p.length),
          0,
        ),
        at: pad8(at.slice(i, i + PIECES), 0),
      },
      [grid[0], some.length, 1],
    );
  }
  flat.storage.version++;
}

/**
 * Inside a program: appends `value` to the log column `name`, one row a replay, which `Ticket.done` gives back.
 * @throws VeilganError CAPTURE outside a program, or for a name that it has already
 */
export function log(name: string, value: Tensor): void {
  const gpu = common('log', [value]);
  const program = gpu.capturing;
  if (!program)
    throw new VeilganError('CAPTURE', `log('${name}') works inside a program only`, { fix: 'Read the tensor instead' });
  if (program.logs.some((column) => column.name === name)) {
    throw new VeilganError('CAPTURE', `program ${program.name} logs '${name}' twice`, {
      fix: 'Give the columns different names',
    });
  }
  const region = empty(gpu, [MAX_ROWS * value.length], 'f32', true);
  program.logs.push({
    name,
    size: value.length,
    region: { storage: region.storage.retain(), offset: region.offset, size: region.size },
  });
  const { grid, threads } = strided(gpu, value.length);
  gpu.run(copyShader, { overrides: { LOG: 1 } }, { x: value, y: region }, { n: value.length, threads }, grid);
  region.dispose();
}
