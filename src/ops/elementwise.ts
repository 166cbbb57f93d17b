/**
 * The elementwise operations, one line each: name, WGSL over a, b, c and the constants s, t, and the derivative, which is
 * written only with operations, so every order comes free. Each is a method on tensors too (install.ts). Plain-JS
 * references and sample points are in test/ops/elementwise.ts under the same names.
 */
import { type Binary, binary, type Ternary, ternary, type Unary, unary } from './map.ts';

export const neg: Unary = unary('neg', '-a', (g) => [() => neg(g)]);
export const exp: Unary = unary('exp', 'exp(a)', (g, y) => [() => mul(g, y)]);
export const log: Unary = unary('log', 'log(a)', (g, _, [a]) => [() => div(g, a)]);
export const sqrt: Unary = unary('sqrt', 'sqrt(a)', (g, y) => [() => scale(div(g, y), 0.5)]);
export const square: Unary = unary('square', 'a * a', (g, _, [a]) => [() => scale(mul(g, a), 2)]);
export const reciprocal: Unary = unary('reciprocal', '1.0 / a', (g, y) => [() => neg(mul(g, square(y)))]);
export const abs: Unary = unary('abs', 'abs(a)', (g, _, [a]) => [() => mul(g, sign(a))]);
export const sign: Unary = unary('sign', 'sign(a)', () => [null]);
export const sin: Unary = unary('sin', 'sin(a)', (g, _, [a]) => [() => mul(g, cos(a))]);
export const cos: Unary = unary('cos', 'cos(a)', (g, _, [a]) => [() => neg(mul(g, sin(a)))]);
export const tanh: Unary = unary('tanh', 'tanh_(a)', (g, y) => [() => mul(g, shift(neg(square(y)), 1))]);
export const sigmoid: Unary = unary('sigmoid', 'sigmoid_(a)', (g, y) => [() => mul(g, sub(y, square(y)))]);
export const softplus: Unary = unary('softplus', 'softplus_(a)', (g, _, [a]) => [() => mul(g, sigmoid(a))]);
export const leakyRelu: Unary<[slope?: number]> = unary(
  'leakyRelu',
  'select(s * a, a, a > 0.0)',
  (g, _, [a], s) => [() => leakyMask(g, a, s)],
  0.3,
);
export const finite: Unary = unary('finite', 'finite_(a)', () => [null]);
export const scale: Unary<[by: number]> = unary('scale', 's * a', (g, _, __, s) => [() => scale(g, s)]);
export const shift: Unary<[by: number]> = unary('shift', 'a + s', (g) => [() => g]);
export const clamp: Unary<[low: number, high: number]> = unary('clamp', 'clamp(a, s, t)', (g, y, [a]) => [
  () => mul(g, equal(a, y)),
]);
export const add: Binary = binary('add', 'a + b', (g) => [() => g, () => g]);
export const sub: Binary = binary('sub', 'a - b', (g) => [() => g, () => neg(g)]);
export const mul: Binary = binary('mul', 'a * b', (g, _, [a, b]) => [() => mul(g, b), () => mul(g, a)]);
export const div: Binary = binary('div', 'a / b', (g, y, [, b]) => [() => div(g, b), () => neg(div(mul(g, y), b))]);
export const maximum: Binary = binary('maximum', 'max(a, b)', (g, _, [a, b]) => [
  () => mul(g, greater(a, b)),
  () => sub(g, mul(g, greater(a, b))),
]);
export const minimum: Binary = binary('minimum', 'min(a, b)', (g, _, [a, b]) => [
  () => mul(g, greater(b, a)),
  () => sub(g, mul(g, greater(b, a))),
]);
export const greater: Binary = binary('greater', 'select(0.0, 1.0, a > b)', () => [null, null]);
export const equal: Binary = binary('equal', 'select(0.0, 1.0, a == b)', () => [null, null]);
/** the length of (a, b), of which s > 0 keeps the root of zero differentiable */
export const hypot: Binary<[floor: number]> = binary('hypot', 'sqrt(a * a + b * b + s)', (g, y, [a, b]) => [
  () => div(mul(g, a), y),
  () => div(mul(g, b), y),
]);
/** a where b > 0, s * a elsewhere: the derivative of leakyRelu at b, which may be its input or its output */
export const leakyMask: Binary<[slope: number]> = binary('leakyMask', 'select(s * a, a, b > 0.0)', (g, _, [, b], s) => [
  () => leakyMask(g, b, s),
  null,
]);
/** leaky(a) times the dropout mask b */
export const leakyDropout: Binary<[slope: number]> = binary(
  'leakyDropout',
  'select(s * a, a, a > 0.0) * b',
  (g, _, [a, b], s) => [() => leakyDropoutMask(g, a, b, s), () => mul(g, leakyRelu(a, s))],
);
/** a c where b > 0, s a c elsewhere: the derivative of leakyDropout at its input b */
export const leakyDropoutMask: Ternary<[slope: number]> = ternary(
  'leakyDropoutMask',
  'select(s * a, a, b > 0.0) * c',
  (g, _, [a, b, c], s) => [() => leakyDropoutMask(g, b, c, s), null, () => mul(g, leakyMask(a, b, s))],
);
/** binary cross-entropy of the logit a against the target b */
export const bceWithLogits: Binary = binary(
  'bceWithLogits',
  'max(a, 0.0) - a * b + log1p_(exp(-abs(a)))',
  (g, _, [a, b]) => [() => bceGradient(g, a, b), () => neg(mul(g, a))],
);
/** a (sigmoid(b) - c): the derivative of bceWithLogits at the logit b */
export const bceGradient: Ternary = ternary('bceGradient', 'a * (sigmoid_(b) - c)', (g, _, [a, b, c]) => [
  () => bceGradient(g, b, c),
  () => mul(mul(g, a), sub(sigmoid(b), square(sigmoid(b)))),
  () => neg(mul(g, a)),
]);
/** a + c (b - a): a point between a and b */
export const mix: Ternary = ternary('mix', 'a + c * (b - a)', (g, _, [a, b, c]) => [
  () => sub(g, mul(g, c)),
  () => mul(g, c),
  () => mul(g, sub(b, a)),
]);
export const where: Ternary = ternary('where', 'select(c, b, a > 0.0)', (g, _, [a]) => [
  null,
  () => leakyMask(g, a, 0),
  () => sub(g, leakyMask(g, a, 0)),
]);
