/**
 * The elementwise operations: value and derivative side by side. `f` is WGSL over a, b, c and the constants s, t; a vjp
 * is written only with operations, so every order comes free. Plain-JS references and sample points live in
 * test/ops/elementwise.ts under the same keys.
 */
import mapShader from '#shaders/map.wgsl';
import {
  broadcastShapes,
  broadcastStrides,
  collapse,
  MAX_RANK,
  pad8,
  same,
  shapeError,
  sizeOf,
} from '../tensor/shape.ts';
import { type Pair, record } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { common, strided } from './dispatch.ts';
import { sum, sumTo } from './reduce.ts';

interface Row {
  readonly arity: 1 | 2 | 3;
  readonly f: string;
  /** cotangent of each input, from g, the output y and the inputs; null where the derivative is zero */
  readonly vjp: (
    g: Tensor,
    y: Tensor,
    x: readonly Tensor[],
    s: number,
    t: number,
  ) => readonly ((() => Tensor) | null)[];
}

export type ElementwiseName =
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'reciprocal'
  | 'abs'
  | 'sign'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'leakyRelu'
  | 'finite'
  | 'scale'
  | 'shift'
  | 'clamp'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'greater'
  | 'equal'
  | 'leakyMask'
  | 'leakyDropout'
  | 'leakyDropoutMask'
  | 'bceWithLogits'
  | 'bceGradient'
  | 'mix'
  | 'where';

export const table: Record<ElementwiseName, Row> = {
  neg: { arity: 1, f: '-a', vjp: (g) => [() => neg(g)] },
  exp: { arity: 1, f: 'exp(a)', vjp: (g, y) => [() => mul(g, y)] },
  log: { arity: 1, f: 'log(a)', vjp: (g, _, [a]) => [() => div(g, a)] },
  sqrt: { arity: 1, f: 'sqrt(a)', vjp: (g, y) => [() => scale(div(g, y), 0.5)] },
  square: { arity: 1, f: 'a * a', vjp: (g, _, [a]) => [() => scale(mul(g, a), 2)] },
  reciprocal: { arity: 1, f: '1.0 / a', vjp: (g, y) => [() => neg(mul(g, square(y)))] },
  abs: { arity: 1, f: 'abs(a)', vjp: (g, _, [a]) => [() => mul(g, sign(a))] },
  sign: { arity: 1, f: 'sign(a)', vjp: () => [null] },
  sin: { arity: 1, f: 'sin(a)', vjp: (g, _, [a]) => [() => mul(g, cos(a))] },
  cos: { arity: 1, f: 'cos(a)', vjp: (g, _, [a]) => [() => neg(mul(g, sin(a)))] },
  tanh: { arity: 1, f: 'tanh_(a)', vjp: (g, y) => [() => mul(g, shift(neg(square(y)), 1))] },
  sigmoid: { arity: 1, f: 'sigmoid_(a)', vjp: (g, y) => [() => mul(g, sub(y, square(y)))] },
  softplus: { arity: 1, f: 'softplus_(a)', vjp: (g, _, [a]) => [() => mul(g, sigmoid(a))] },
  leakyRelu: { arity: 1, f: 'select(s * a, a, a > 0.0)', vjp: (g, _, [a], s) => [() => leakyMask(g, a, s)] },
  finite: { arity: 1, f: 'finite_(a)', vjp: () => [null] },
  scale: { arity: 1, f: 's * a', vjp: (g, _, __, s) => [() => scale(g, s)] },
  shift: { arity: 1, f: 'a + s', vjp: (g) => [() => g] },
  clamp: { arity: 1, f: 'clamp(a, s, t)', vjp: (g, y, [a]) => [() => mul(g, equal(a, y))] },
  add: { arity: 2, f: 'a + b', vjp: (g) => [() => g, () => g] },
  sub: { arity: 2, f: 'a - b', vjp: (g) => [() => g, () => neg(g)] },
  mul: { arity: 2, f: 'a * b', vjp: (g, _, [a, b]) => [() => mul(g, b), () => mul(g, a)] },
  div: { arity: 2, f: 'a / b', vjp: (g, y, [, b]) => [() => div(g, b), () => neg(div(mul(g, y), b))] },
  maximum: {
    arity: 2,
    f: 'max(a, b)',
    vjp: (g, _, [a, b]) => [() => mul(g, greater(a, b)), () => sub(g, mul(g, greater(a, b)))],
  },
  minimum: {
    arity: 2,
    f: 'min(a, b)',
    vjp: (g, _, [a, b]) => [() => mul(g, greater(b, a)), () => sub(g, mul(g, greater(b, a)))],
  },
  greater: { arity: 2, f: 'select(0.0, 1.0, a > b)', vjp: () => [null, null] },
  equal: { arity: 2, f: 'select(0.0, 1.0, a == b)', vjp: () => [null, null] },
  // a where b > 0, s * a elsewhere: the derivative of leakyRelu at b, which may be its input or its output
  leakyMask: { arity: 2, f: 'select(s * a, a, b > 0.0)', vjp: (g, _, [, b], s) => [() => leakyMask(g, b, s), null] },
  // leaky(a) times the dropout mask b
  leakyDropout: {
    arity: 2,
    f: 'select(s * a, a, a > 0.0) * b',
    vjp: (g, _, [a, b], s) => [() => leakyDropoutMask(g, a, b, s), () => mul(g, leakyRelu(a, s))],
  },
  // a c where b > 0, s a c elsewhere: the derivative of leakyDropout at its input b
  leakyDropoutMask: {
    arity: 3,
    f: 'select(s * a, a, b > 0.0) * c',
    vjp: (g, _, [a, b, c], s) => [() => leakyDropoutMask(g, b, c, s), null, () => mul(g, leakyMask(a, b, s))],
  },
  // binary cross-entropy of the logit a against the target b
  bceWithLogits: {
    arity: 2,
    f: 'max(a, 0.0) - a * b + log1p_(exp(-abs(a)))',
    vjp: (g, _, [a, b]) => [() => bceGradient(g, a, b), () => neg(mul(g, a))],
  },
  // a (sigmoid(b) - c): the derivative of bceWithLogits at the logit b
  bceGradient: {
    arity: 3,
    f: 'a * (sigmoid_(b) - c)',
    vjp: (g, _, [a, b, c]) => [
      () => bceGradient(g, b, c),
      () => mul(mul(g, a), sub(sigmoid(b), square(sigmoid(b)))),
      () => neg(mul(g, a)),
    ],
  },
  // a + c (b - a): a point between a and b
  mix: {
    arity: 3,
    f: 'a + c * (b - a)',
    vjp: (g, _, [a, b, c]) => [() => sub(g, mul(g, c)), () => mul(g, c), () => mul(g, sub(b, a))],
  },
  where: {
    arity: 3,
    f: 'select(c, b, a > 0.0)',
    vjp: (g, _, [a]) => [null, () => leakyMask(g, a, 0), () => sub(g, leakyMask(g, a, 0))],
  },
};

/**
 * Applies row `name` to inputs that broadcast together.
 * @throws VeilganError SHAPE where they do not
 */
export function elementwise(name: ElementwiseName, inputs: readonly Tensor[], s = 0, t = 0): Tensor {
  const gpu = common(name, inputs);
  const row = table[name];
  const shape = broadcastShapes(
    name,
    inputs.map((x) => x.shape),
  );
  const y = empty(gpu, shape);
  const n = sizeOf(shape);
  const [a, b = a, c = a] = inputs;
  const three = [a, b, c];
  const flat = three.every((x) => x.length === n || x.length === 1);
  const walk = flat
    ? { shape: [n], strides: three.map((x) => [x.length === 1 ? 0 : 1]) }
    : collapse(
        shape,
        three.map((x) => broadcastStrides(x.shape, shape)),
      );
  if (walk.shape.length > MAX_RANK) {
    throw shapeError(
      name,
      inputs.map((x) => x.shape),
      `broadcasts along more than ${MAX_RANK} separate axes`,
    );
  }
  const [sa, sb, sc] = walk.strides.map((list) => pad8([...list].reverse(), 0));
  const dims = pad8([...walk.shape].reverse(), 1);
  const { grid, threads } = strided(gpu, n);
  gpu.run(
    mapShader,
    {
      body: `fn f(a: f32, b: f32, c: f32, s: f32, t: f32) -> f32 { return ${row.f}; }`,
      overrides: { STRIDED: flat ? 0 : 1 },
    },
    { a, b, c, y },
    { n, threads, s, t, dims, a: sa, b: sb, c: sc },
    grid,
  );
  const cotangents = (g: Tensor) => row.vjp(g, y, inputs, s, t);
  return record(
    name,
    inputs,
    y,
    (g, wanted) => cotangents(g).map((make, i) => (make && wanted[i] ? sumTo(make(), inputs[i].shape) : null)),
    (g, i) => broadcastPair(() => cotangents(g)[i]?.() ?? null, inputs[i], shape),
  );
}

/** The pair of a parameter that an elementwise operation broadcast over the samples: its cotangent before the sum. */
function broadcastPair(make: () => Tensor | null, parameter: Tensor, shape: readonly number[]): Pair | null {
  const e = make();
  if (!e || shape.length < 2 || !same(e.shape, shape)) return null;
  // [G, n, ...] or [n, ...] against a parameter of trailing axes only: the leading axes are the samples.
  const lead = shape.length - parameter.rank;
  if (lead < 1) return null;
  return {
    each: () => {
      const flatSamples = sizeOf(shape.slice(0, lead));
      const rest = parameter.shape.flatMap((d, i) => (d === 1 && shape[lead + i] !== 1 ? [i + 1] : []));
      const each = e.reshape([flatSamples, ...shape.slice(lead)]);
      return rest.length ? sum(each, rest, { keep: true }) : each;
    },
  };
}

const unary = (name: ElementwiseName) => (a: Tensor) => elementwise(name, [a]);
const binary = (name: ElementwiseName) => (a: Tensor, b: Tensor) => elementwise(name, [a, b]);

export const neg = unary('neg');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const square = unary('square');
export const reciprocal = unary('reciprocal');
export const abs = unary('abs');
export const sign = unary('sign');
export const sin = unary('sin');
export const cos = unary('cos');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const softplus = unary('softplus');
export const finite = unary('finite');
export const leakyRelu = (a: Tensor, slope: number) => elementwise('leakyRelu', [a], slope);
export const scale = (a: Tensor, by: number) => elementwise('scale', [a], by);
export const shift = (a: Tensor, by: number) => elementwise('shift', [a], by);
export const clamp = (a: Tensor, low: number, high: number) => elementwise('clamp', [a], low, high);
export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
export const maximum = binary('maximum');
export const minimum = binary('minimum');
export const greater = binary('greater');
export const equal = binary('equal');
export const bceWithLogits = binary('bceWithLogits');
export const leakyMask = (g: Tensor, at: Tensor, slope: number) => elementwise('leakyMask', [g, at], slope);
const leakyDropoutMask = (g: Tensor, at: Tensor, mask: Tensor, slope: number) =>
  elementwise('leakyDropoutMask', [g, at, mask], slope);
const bceGradient = (g: Tensor, logit: Tensor, target: Tensor) => elementwise('bceGradient', [g, logit, target]);
export const mix = (a: Tensor, b: Tensor, at: Tensor) => elementwise('mix', [a, b, at]);
export const where = (test: Tensor, yes: Tensor, no: Tensor) => elementwise('where', [test, yes, no]);
