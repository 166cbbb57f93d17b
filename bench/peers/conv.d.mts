/** Types of what bench/conv.ts and the tests use of conv.mjs. */
import type { Geometry } from '../../src/ops/conv-geometry.ts';

export type Pass = 'conv' | 'input' | 'filter';

export interface Sizes {
  readonly geometry: Geometry;
  readonly n: number;
  readonly ci: number;
  readonly co: number;
}

/** Image [G, n, h, w, ci], map [G, n, oh, ow, co], weights [G, kh, kw, ci, co]. */
export interface Operands<T> {
  readonly x: T;
  readonly y: T;
  readonly k: T;
}

export const CASES: readonly {
  readonly case: string;
  readonly passes: readonly Pass[];
  readonly layer: Sizes & { readonly transposed: boolean; readonly large: boolean };
}[];
export function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array;
export function toleranceOf(pass: Pass, sizes: Sizes): number;
export function entry64(pass: Pass, sizes: Sizes, operands: Operands<ArrayLike<number>>, index: number): number;
