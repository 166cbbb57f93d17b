/** Numbers for tests: seeded values, comparisons that NaN never passes, and memory full of NaN. */
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { type Storage, sizeClass } from '../../src/gpu/pool.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';

/** Seeded values; the same on every machine up to the last bits of Math.log and Math.cos. */
export class Values {
  readonly stream: PhiloxStream;

  constructor(seed: number) {
    this.stream = new PhiloxStream(seed, 'test values');
  }
  /** Standard normal f32 values. */
  normal(shape: Shape): Float32Array {
    return Float32Array.from({ length: sizeOf(shape) }, () => this.stream.normal());
  }
  /** Uniform f32 values in [low, high). */
  uniform(shape: Shape, low: number, high: number): Float32Array {
    return Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.stream.uniform());
  }
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + this.stream.below(high - low + 1);
  }
  /** A normal tensor. */
  tensor(gpu: Gpu, shape: Shape): Tensor {
    return tensor(gpu, this.normal(shape), shape);
  }
}

/**
 * Asserts |actual - expected| <= absolute + relative * |expected| for each element; equal infinities pass, NaN only
 * where NaN is expected.
 */
export function near(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 1e-5, absolute = 1e-6, what = '' }: { relative?: number; absolute?: number; what?: string } = {},
): void {
  assert.is(actual.length, expected.length, `${what}: ${actual.length} elements, not ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], expected[i]];
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    if (!(Math.abs(a - e) <= absolute + relative * Math.abs(e))) {
      assert.unreachable(`${what}: element ${i} of ${expected.length} is ${a}, not ${e} (off by ${Math.abs(a - e)})`);
    }
  }
}

/** Asserts that two arrays hold the same bits. */
export function sameBits(actual: Float32Array, expected: Float32Array, what = ''): void {
  assert.is(actual.length, expected.length, what);
  const bits = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);
  const [a, e] = [bits(actual), bits(expected)];
  const at = a.findIndex((word, i) => word !== e[i]);
  if (at >= 0) assert.unreachable(`${what}: element ${at} is ${actual[at]}, not ${expected[at]}`);
}

const FEW = 8;
const nans = new WeakMap<Gpu, GPUBuffer>();

/** At least `size` bytes of NaN on the device. */
function nansOf(gpu: Gpu, size: number): GPUBuffer {
  const known = nans.get(gpu);
  if (known && known.size >= size) return known;
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = gpu.device.createBuffer({ size, usage, label: 'NaN' });
  gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(size / 4).fill(Number.NaN));
  nans.set(gpu, buffer);
  return buffer;
}

/** Fills what the pool will hand out next with NaN, in every size class up to `most` bytes. */
export function poison(gpu: Gpu, most = 1 << 16): void {
  const held: Storage[] = [];
  gpu.flush();
  const source = nansOf(gpu, sizeClass(most));
  const encoder = gpu.device.createCommandEncoder();
  for (let size = 256; size <= most; size = sizeClass(size + 1)) {
    // Whatever is free, and few more: what is made here is free the next time.
    for (let all = 0, fresh = 0; fresh < (all > FEW ? 1 : 2); all++) {
      const before = gpu.memory().pooled;
      const storage = gpu.alloc(size);
      if (gpu.memory().pooled === before) fresh++;
      encoder.copyBufferToBuffer(source, 0, storage.block.buffer, 0, size);
      held.push(storage);
    }
  }
  gpu.device.queue.submit([encoder.finish()]);
  for (const storage of held) storage.release();
}

/** f32 rounding of a sum of k terms of size 1. */
export const rounding = (k: number) => ({ relative: 1e-5, absolute: 1e-6 * Math.sqrt(k) + 2e-7 * k });

/** Runs `fn` and gives the code of the VeilganError that it throws or rejects with, or what happened instead. */
export async function codeOf(fn: () => unknown): Promise<string> {
  try {
    await fn();
    return 'no error';
  } catch (error) {
    return String((error as { code?: string }).code ?? error);
  }
}
