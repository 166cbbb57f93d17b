/** What every op's dispatch needs: a common device, a grid, an output. */
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Binding } from '../gpu/pool.ts';
import type { Tensor } from '../tensor/tensor.ts';

const WORKGROUP = 64;

/**
 * Workgroups for `n` elements in strides: enough to fill a GPU, few enough on a software adapter, where each costs
 * 0.3-0.45 us whatever it does.
 */
export function strided(gpu: Gpu, n: number): { grid: [number, number, number]; threads: number } {
  const each = gpu.adapter.software ? 16 : 2;
  const groups = Math.min(65535, Math.ceil(n / (WORKGROUP * each)));
  return { grid: [groups, 1, 1], threads: groups * WORKGROUP };
}

/** A tensor as a kernel binds it that reads by fours: up to whole ones, for which its block has room. */
export const byFours = ({ storage, offset, size }: Tensor): Binding => ({
  storage,
  offset,
  size: 16 * Math.ceil(size / 16),
});

/** @throws VeilganError VALIDATION where an index is not u32 */
export function checkIndex(op: string, index: Tensor): void {
  if (index.dtype === 'u32') return;
  const fix = 'Make it from a Uint32Array';
  throw new VeilganError('VALIDATION', `${op}: the index must be u32`, { where: op, fix });
}

/** @throws VeilganError VALIDATION where tensors live on different devices or are not f32 */
export function common(op: string, inputs: readonly Tensor[]): Gpu {
  const { gpu } = inputs[0];
  for (const t of inputs) {
    if (t.gpu !== gpu) throw new VeilganError('VALIDATION', `${op}: tensors of two devices`, { where: op });
    if (t.dtype !== 'f32') {
      throw new VeilganError('VALIDATION', `${op}: needs f32 tensors, not ${t.dtype}`, {
        where: op,
        fix: 'Convert it first',
      });
    }
  }
  return gpu;
}
