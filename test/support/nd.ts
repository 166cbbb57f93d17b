/** A float64 reference of the tensor operations, as slow and plain as can be. */
import { broadcastShapes, type Shape, sizeOf, stridesOf } from '../../src/tensor/shape.ts';

export interface Nd {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export const nd = (data: ArrayLike<number>, shape: Shape): Nd => ({ shape, data: Float64Array.from(data) });

/** Coordinates of element `i`. */
export const coordinates = (shape: Shape, i: number): number[] =>
  stridesOf(shape).map((s, k) => Math.floor(i / s) % shape[k]);

/** An array whose elements are computed from their coordinates. */
export const build = (shape: Shape, fn: (at: number[]) => number): Nd => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => fn(coordinates(shape, i))),
});

/** The element at coordinates, which may be those of a larger shape that `x` broadcasts to. */
export function get(x: Nd, at: readonly number[]): number {
  const strides = stridesOf(x.shape);
  const shift = at.length - x.shape.length;
  return x.data[strides.reduce((sum, s, i) => sum + (x.shape[i] === 1 ? 0 : s * at[i + shift]), 0)];
}

/** f over inputs that broadcast together. */
export const map = (f: (...v: number[]) => number, ...inputs: Nd[]): Nd =>
  build(
    broadcastShapes(
      'reference',
      inputs.map((x) => x.shape),
    ),
    (at) => f(...inputs.map((x) => get(x, at))),
  );

/** A reduction over axes; with `keep` they remain with size 1. */
export function reduce(x: Nd, axes: readonly number[], join: (values: number[]) => number, keep = false): Nd {
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const lists = new Map<number, number[]>();
  const strides = stridesOf(kept);
  x.data.forEach((value, i) => {
    const at = coordinates(x.shape, i).reduce((s, c, k) => s + (axes.includes(k) ? 0 : c * strides[k]), 0);
    const list = lists.get(at);
    if (list) list.push(value);
    else lists.set(at, [value]);
  });
  const data = Array.from({ length: sizeOf(kept) }, (_, i) => join(lists.get(i) ?? []));
  return nd(data, keep ? kept : x.shape.filter((_, i) => !axes.includes(i)));
}

/** Sum of a list. */
export const total = (values: ArrayLike<number>): number => Array.from(values).reduce((s, v) => s + v, 0);

/** A product of stacks [Ga, m, k] and [Gb, k, n], group g reading block floor(g * blocks / groups) of each. */
export function matmul(a: Nd, b: Nd, ta = false, tb = false): Nd {
  const three = (x: Nd): Shape => (x.shape.length === 2 ? [1, ...x.shape] : x.shape);
  const [ga, ar, ac] = three(a);
  const [gb, br, bc] = three(b);
  const [m, k] = ta ? [ac, ar] : [ar, ac];
  const n = tb ? br : bc;
  const groups = Math.max(ga, gb);
  const y = build([groups, m, n], ([g, i, j]) => {
    const [wa, wb] = [Math.floor((g * ga) / groups), Math.floor((g * gb) / groups)];
    let sum = 0;
    for (let l = 0; l < k; l++) {
      const x = a.data[wa * m * k + (ta ? l * m + i : i * k + l)];
      sum += x * b.data[wb * k * n + (tb ? j * k + l : l * n + j)];
    }
    return sum;
  });
  return a.shape.length === 2 && b.shape.length === 2 ? { shape: [m, n], data: y.data } : y;
}
