import type { Gpu } from '../gpu/index.ts';
import { pack } from '../ops/assign.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';

/** A player's parameters (or their gradients, or a moment): one buffer, each tensor a 256-byte-aligned range of it. */
export interface Flat {
  /** [all elements, gaps included] */
  readonly whole: Tensor;
  readonly parts: Readonly<Record<string, Tensor>>;
  /** element offset of each part, in order */
  readonly at: readonly number[];
}

const ALIGN = 64;

/** Where tensors of these shapes lie in one buffer, and how many elements it has. */
export function layout(shapes: readonly Shape[]): { at: number[]; length: number } {
  let length = 0;
  const at = shapes.map((shape) => {
    const here = length;
    length += Math.ceil(sizeOf(shape) / ALIGN) * ALIGN;
    return here;
  });
  return { at, length };
}

/** A zeroed flat buffer for tensors of these shapes; it outlives the program being recorded, if one is. */
export function flat(gpu: Gpu, shapes: Readonly<Record<string, Shape>>): Flat {
  const names = Object.keys(shapes);
  const { at, length } = layout(Object.values(shapes));
  const whole = tensor(gpu, new Float32Array(length));
  return { whole, at, parts: Object.fromEntries(names.map((name, i) => [name, whole.view(shapes[name], at[i])])) };
}

/** The same values in one flat buffer, which optimisers need. @param tensors at least one, f32, of one device */
export function flatten(tensors: Readonly<Record<string, Tensor>>): Flat {
  const list = Object.values(tensors);
  const f = flat(list[0].gpu, Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, t.shape])));
  pack(f.whole, list, f.at);
  return f;
}

/** The elements of a flat buffer by name, without the gaps. */
export async function readFlat(f: Flat): Promise<Record<string, { shape: Shape; data: Float32Array }>> {
  const all = await f.whole.read();
  const entries = Object.entries(f.parts).map(([name, part], i) => [
    name,
    { shape: part.shape, data: all.slice(f.at[i], f.at[i] + part.length) },
  ]);
  return Object.fromEntries(entries);
}

/** Overwrites a flat buffer from the host. Gaps become zero. */
export function writeFlat(f: Flat, values: Readonly<Record<string, Float32Array>>): void {
  const all = new Float32Array(f.whole.length);
  Object.keys(f.parts).forEach((name, i) => {
    all.set(values[name], f.at[i]);
  });
  f.whole.gpu.upload(f.whole, all);
  f.whole.storage.version++;
}

/** Frees a flat buffer and its parts. */
export function disposeFlat(f: Flat): void {
  for (const part of Object.values(f.parts)) part.dispose();
  f.whole.dispose();
}

/** A tensor of zeros that is overwritten in place, as long as another; it outlives the program being recorded. */
export const scratch = (like: Tensor): Tensor => tensor(like.gpu, new Float32Array(like.length), like.shape);
