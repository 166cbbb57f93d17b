import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Binding, Storage } from '../gpu/pool.ts';
import { own } from './scope.ts';
import { type Shape, same, show, sizeOf } from './shape.ts';
import type { Node } from './tape.ts';

export type DType = 'f32' | 'u32';

/**
 * A contiguous array on the device: a range of a storage. Operations are methods, put here by ops/install.ts.
 * A tensor made inside `scope` is freed at its end; others with `dispose()`.
 */
export class Tensor implements Binding {
  readonly gpu: Gpu;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly #storage: Storage;
  /** bytes from the start of the storage, a multiple of 256 */
  readonly offset: number;
  /** how it was made, while a gradient is being taken */
  node: Node | null = null;
  #disposed = false;

  constructor(gpu: Gpu, shape: Shape, dtype: DType, storage: Storage, offset = 0) {
    this.gpu = gpu;
    this.shape = shape;
    this.dtype = dtype;
    this.#storage = storage;
    this.offset = offset;
    own(this);
  }

  /** @throws VeilganError USE_AFTER_FREE */
  get storage(): Storage {
    if (this.#disposed) {
      throw new VeilganError('USE_AFTER_FREE', `a tensor ${show(this.shape)} is used after it was freed`, {
        fix: 'Return it from its scope, or keep() it',
      });
    }
    return this.#storage;
  }
  get rank(): number {
    return this.shape.length;
  }
  /** number of elements */
  get length(): number {
    return sizeOf(this.shape);
  }
  /** bytes */
  get size(): number {
    return 4 * this.length;
  }
  /** Whether a gradient that is being taken depends on it. */
  get tracked(): boolean {
    return this.node !== null;
  }
  get disposed(): boolean {
    return this.#disposed;
  }

  /** The same elements under another shape, sharing the storage; no node. */
  view(shape: Shape, elementOffset = 0): Tensor {
    return new Tensor(this.gpu, shape, this.dtype, this.storage.retain(), this.offset + 4 * elementOffset);
  }

  /** Lets go of the storage. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#storage.release();
    this.node = null;
  }

  /** The elements, row-major. @throws whatever `Gpu.read` does */
  async read(): Promise<Float32Array> {
    const [bytes] = await this.gpu.read(this);
    return this.dtype === 'u32' ? Float32Array.from(new Uint32Array(bytes)) : new Float32Array(bytes);
  }

  /** The one element of a scalar (or of any tensor of one element). @throws VeilganError SHAPE */
  async item(): Promise<number> {
    if (this.length !== 1) throw new VeilganError('SHAPE', `item() needs one element, not ${show(this.shape)}`);
    return (await this.read())[0];
  }
}

/** An uninitialised tensor. `lasting`: not an intermediate of the program being recorded. */
export function empty(gpu: Gpu, shape: Shape, dtype: DType = 'f32', lasting = false): Tensor {
  return new Tensor(gpu, shape, dtype, gpu.alloc(4 * sizeOf(shape), `tensor ${show(shape)}`, lasting));
}

type Nested = number | readonly Nested[];

/** The shape of nested lists, or null where they are ragged. */
function nestedShape(value: Nested): number[] | null {
  if (typeof value === 'number') return [];
  if (value.every((v) => typeof v === 'number')) return [value.length];
  const [first, ...others] = value.map(nestedShape);
  return first && others.every((s) => s && same(s, first)) ? [value.length, ...first] : null;
}

/**
 * A tensor with these values: nested lists, or a typed array with its shape.
 * @throws VeilganError SHAPE where lists are ragged or the count does not fit the shape
 */
export function tensor(gpu: Gpu, values: Nested | Float32Array | Uint32Array, shape?: Shape): Tensor {
  const typed = values instanceof Float32Array || values instanceof Uint32Array;
  const flat = typed ? values : Float32Array.from(([values] as unknown[]).flat(Infinity) as number[]);
  const wanted = shape ?? (typed ? [values.length] : nestedShape(values));
  if (!wanted)
    throw new VeilganError('SHAPE', 'the nested lists are ragged', { where: 'tensor', fix: 'Make them equally long' });
  if (flat.length !== sizeOf(wanted)) {
    throw new VeilganError('SHAPE', `${flat.length} values do not fill ${show(wanted)}`, {
      fix: 'Give as many as the shape holds',
    });
  }
  const out = empty(gpu, wanted, flat instanceof Uint32Array ? 'u32' : 'f32', true);
  if (flat.length) gpu.upload(out, flat);
  return out;
}
