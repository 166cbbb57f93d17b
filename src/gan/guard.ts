/** That no record meets another in a private critic's loss, checked rather than believed. */
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Parameters } from '../nn/network.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { symmetric } from './draws.ts';
import type { Player } from './player.ts';

/** Rows of the trial. */
const ROWS = 4;

export interface Guarded {
  readonly gpu: Gpu;
  readonly critics: Player;
  readonly width: number;
  readonly config: { readonly partitions: number };
  losses(p: Parameters, x: Tensor, real: number): Tensor;
}

/**
 * Exchanges one record of a trial batch of noise for another and looks at the losses of the others: where any of them
 * moves, clipping each record's gradient bounds nothing (batch normalisation, minibatch discrimination, packing).
 * @throws VeilganError CONFIG
 */
export async function samplesApart(system: Guarded): Promise<void> {
  const { gpu, critics, width } = system;
  const K = system.config.partitions;
  const drawn = scope(() => symmetric(gpu, [K, ROWS, width], { seed: 0, stream: 7 }));
  const rows = await drawn.read();
  drawn.dispose();
  const at = (x: Float32Array) =>
    scope(() => system.losses(critics.parameters.parts, tensor(gpu, x, [K, ROWS, width]), ROWS));
  const before = at(rows);
  const changed = Float32Array.from(rows, (v, i) => (Math.floor(i / width) % ROWS === 1 ? -2 * v + 1 : v));
  const after = at(changed);
  const [a, b] = [await before.read(), await after.read()];
  before.dispose();
  after.dispose();
  const met = a.findIndex((loss, i) => i % ROWS !== 1 && loss !== b[i]);
  if (met < 0) return;
  throw new VeilganError('CONFIG', "a record's loss changes when another record of its batch does", {
    where: 'the private critic',
    fix: 'Use networks and losses that treat each record alone: no batch normalisation, no minibatch statistics',
  });
}
