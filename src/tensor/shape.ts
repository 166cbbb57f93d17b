/** Shapes: pure functions. A shape is a list of sizes, row-major; [] is a scalar. */
import { VeilganError } from '../base/errors.ts';

export type Shape = readonly number[];

/** Most dimensions a kernel addresses after `collapse`. */
export const MAX_RANK = 8;

export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

export const same = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

export const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Element strides of a contiguous tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let n = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = n;
    n *= shape[i];
  }
  return strides;
}

/** @throws VeilganError SHAPE naming the operation and the shapes */
export function shapeError(
  op: string,
  shapes: readonly Shape[],
  why: string,
  fix = 'Reshape one of them',
): VeilganError {
  return new VeilganError('SHAPE', `${op} ${shapes.map(show).join(' x ')}: ${why}`, { where: op, fix });
}

/** The shape that NumPy's broadcasting gives. */
export function broadcastShapes(op: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((d, i) => {
      const at = i + rank - shape.length;
      if (d === 1) return;
      if (out[at] !== 1 && out[at] !== d) throw shapeError(op, shapes, `axis ${at} has both ${out[at]} and ${d}`);
      out[at] = d;
    });
  }
  return out;
}

/** Strides that read `shape` as if it had the shape `to`: 0 along broadcast axes. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const own = stridesOf(shape);
  const shift = to.length - shape.length;
  return to.map((_, i) => (i < shift || shape[i - shift] === 1 ? 0 : own[i - shift]));
}

/** Axis numbers made non-negative, sorted, without repeats. @throws VeilganError SHAPE */
export function normaliseAxes(op: string, shape: Shape, axes: number | readonly number[] | undefined): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((a) => (a < 0 ? a + shape.length : a));
  for (const a of list) {
    if (!Number.isInteger(a) || a < 0 || a >= shape.length) {
      throw shapeError(
        op,
        [shape],
        `there is no axis ${axes}`,
        `Use an axis from ${-shape.length} to ${shape.length - 1}`,
      );
    }
  }
  return [...new Set(list)].sort((x, y) => x - y);
}

/**
 * Merges neighbouring axes that every operand walks in one stride, and drops axes of size 1, so that most broadcasts
 * become one or two loops.
 */
export function collapse(
  shape: Shape,
  strides: readonly (readonly number[])[],
): { shape: number[]; strides: number[][] } {
  const out: number[] = [];
  const outStrides: number[][] = strides.map(() => []);
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue;
    const last = out.length - 1;
    if (last >= 0 && strides.every((s, k) => outStrides[k][last] === s[i] * shape[i])) {
      out[last] *= shape[i];
      strides.forEach((s, k) => {
        outStrides[k][last] = s[i];
      });
    } else {
      out.push(shape[i]);
      strides.forEach((s, k) => {
        outStrides[k].push(s[i]);
      });
    }
  }
  if (!out.length) {
    out.push(1);
    for (const s of outStrides) s.push(0);
  }
  return { shape: out, strides: outStrides };
}

/** A list padded to the eight entries of a kernel's `array<vec4u, 2>`. */
export const pad8 = (list: readonly number[], fill: number): number[] =>
  Array.from({ length: MAX_RANK }, (_, i) => list[i] ?? fill);
