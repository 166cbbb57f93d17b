/** Plain-JS references and sample points of the operations in src/ops/elementwise.ts, under the same names. */
import * as operations from '../../src/ops/elementwise.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

export type ElementwiseName = keyof typeof operations;

/** An operation by its name. */
export const elementwise = (name: ElementwiseName, inputs: readonly Tensor[], s?: number, t?: number): Tensor =>
  (operations[name] as (...args: unknown[]) => Tensor)(...inputs, s, t);

export interface Reference {
  /** the same function in float64 */
  readonly js: (a: number, b: number, c: number, s: number, t: number) => number;
  readonly arity: 1 | 2 | 3;
  readonly s?: number;
  readonly t?: number;
  /** where samples are drawn from, for all inputs; [-2, 2] where it is not said */
  readonly range?: readonly [number, number];
  /** distance to the nearest kink or jump; samples keep 0.3 away from it */
  readonly kink?: (a: number, b: number, c: number, s: number, t: number) => number;
  /** allowed absolute error, where WGSL promises no relative one */
  readonly absolute?: number;
  /** values of a (with b from `b`) that must come out right to 1e-5 (exp may be off by 3 + 2 |a| units) */
  readonly points: readonly number[];
  readonly b?: readonly number[];
}

const HUGE = [-1e4, -100, -88, -20, -15.1, -1e-4, 0, 1e-4, 15.1, 20, 88, 100, 1e4];
const SIGNS = [-3, -1, -1e-20, 0, 1e-20, 1, 3];
const zero = (a: number) => Math.abs(a);
const leaky = (a: number, s: number) => (a > 0 ? a : s * a);
const softplus = (a: number) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
const apart = (a: number, b: number) => Math.abs(a - b);

export const references: Record<ElementwiseName, Reference> = {
  neg: { arity: 1, js: (a) => -a, points: SIGNS },
  exp: { arity: 1, js: Math.exp, points: [-80, -1, 0, 1e-3, 1, 20, 80] },
  log: { arity: 1, absolute: 5e-7, js: Math.log, range: [0.3, 4], points: [1e-30, 1e-3, 0.999, 1, 1.001, 2, 1e30] },
  sqrt: { arity: 1, js: Math.sqrt, range: [0.3, 4], points: [0, 1e-30, 0.25, 1, 2, 1e30] },
  square: { arity: 1, js: (a) => a * a, points: SIGNS },
  reciprocal: { arity: 1, js: (a) => 1 / a, kink: zero, points: [-1e10, -3, 1e-10, 0.5, 7] },
  abs: { arity: 1, js: Math.abs, kink: zero, points: SIGNS },
  sign: { arity: 1, js: Math.sign, kink: zero, points: SIGNS },
  sin: { arity: 1, absolute: 5e-4, js: Math.sin, points: [-3, -1e-3, 0, 1, 3] },
  cos: { arity: 1, absolute: 5e-4, js: Math.cos, points: [-3, -1e-3, 0, 1, 3] },
  tanh: { arity: 1, absolute: 1e-5, js: Math.tanh, points: HUGE },
  sigmoid: { arity: 1, js: (a) => 1 / (1 + Math.exp(-a)), points: HUGE },
  softplus: { arity: 1, js: softplus, points: HUGE },
  leakyRelu: { arity: 1, s: 0.3, js: (a, _, __, s) => leaky(a, s), kink: zero, points: SIGNS },
  finite: {
    arity: 1,
    js: (a) => (Number.isFinite(a) ? 1 : 0),
    points: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -3.4e38, 1e-45, -1e-40, 0, 1],
  },
  scale: { arity: 1, s: -1.7, js: (a, _, __, s) => s * a, points: SIGNS },
  shift: { arity: 1, s: 0.6, js: (a, _, __, s) => a + s, points: SIGNS },
  clamp: {
    arity: 1,
    s: -0.5,
    t: 0.8,
    js: (a, _, __, s, t) => Math.min(Math.max(a, s), t),
    kink: (a, _, __, s, t) => Math.min(apart(a, s), apart(a, t)),
    points: [-1e4, -0.5, 0, 0.8, 1e4],
  },
  add: { arity: 2, js: (a, b) => a + b, points: SIGNS },
  sub: { arity: 2, js: (a, b) => a - b, points: SIGNS },
  mul: { arity: 2, js: (a, b) => a * b, points: SIGNS },
  div: { arity: 2, js: (a, b) => a / b, kink: (_, b) => zero(b), points: SIGNS, b: [-7, -0.1, 0.3, 5] },
  maximum: { arity: 2, js: (a, b) => Math.max(a, b), kink: apart, points: SIGNS },
  minimum: { arity: 2, js: (a, b) => Math.min(a, b), kink: apart, points: SIGNS },
  greater: { arity: 2, js: (a, b) => Number(a > b), kink: apart, points: SIGNS, b: SIGNS },
  equal: { arity: 2, js: (a, b) => Number(a === b), kink: apart, points: SIGNS, b: SIGNS },
  hypot: { arity: 2, js: (a, b, _, s) => Math.sqrt(a * a + b * b + s), s: 0.1, points: SIGNS, b: SIGNS },
  leakyMask: {
    arity: 2,
    s: 0.3,
    js: (a, b, _, s) => (b > 0 ? a : s * a),
    kink: (_, b) => zero(b),
    points: SIGNS,
    b: [-1, 0, 1e-20, 2],
  },
  leakyDropout: { arity: 2, s: 0.3, js: (a, b, _, s) => leaky(a, s) * b, kink: zero, points: SIGNS, b: [0, 1.25] },
  leakyDropoutMask: {
    arity: 3,
    s: 0.3,
    js: (a, b, c, s) => (b > 0 ? a : s * a) * c,
    kink: (_, b) => zero(b),
    points: SIGNS,
    b: [-1, 0, 1e-20, 2],
  },
  bceWithLogits: { arity: 2, js: (a, b) => softplus(a) - a * b, points: HUGE, b: [0, 1] },
  bceGradient: { arity: 3, js: (a, b, c) => a * (1 / (1 + Math.exp(-b)) - c), points: SIGNS, b: HUGE },
  mix: { arity: 3, js: (a, b, c) => a + c * (b - a), points: SIGNS },
  where: { arity: 3, js: (a, b, c) => (a > 0 ? b : c), kink: zero, points: SIGNS },
};
