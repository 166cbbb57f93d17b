/** What makes an operation of one line of elementwise.ts: shaders/map.wgsl around its expression. */
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

/** Cotangent of each input, from g, the output y, the inputs and the constants; null where the derivative is zero. */
type Vjp = (g: Tensor, y: Tensor, x: readonly Tensor[], s: number, t: number) => readonly ((() => Tensor) | null)[];

/** Operations on one, two or three tensors that broadcast together, and constants. @throws VeilganError SHAPE */
export type Unary<C extends unknown[] = []> = (a: Tensor, ...constants: C) => Tensor;
export type Binary<C extends unknown[] = []> = (a: Tensor, b: Tensor, ...constants: C) => Tensor;
export type Ternary<C extends unknown[] = []> = (a: Tensor, b: Tensor, c: Tensor, ...constants: C) => Tensor;

const taking =
  (arity: number) =>
  (name: string, f: string, vjp: Vjp, standing = 0) => {
    // What else callers hand over is not for it, such as the index of `list.reduce(add)`.
    const constants = [/\bs\b/, /\bt\b/].filter((name) => name.test(f)).length;
    return (...args: (Tensor | number | undefined)[]): Tensor => {
      const [s = standing, t = 0] = args.slice(arity, arity + constants) as number[];
      return elementwise(name, f, vjp, args.slice(0, arity) as Tensor[], s, t);
    };
  };
/** The operation of a name, WGSL over a, b, c and the constants s, t, and a vjp; `standing` is s where none is given. */
export const [unary, binary, ternary] = [1, 2, 3].map(taking);

function elementwise(name: string, f: string, vjp: Vjp, inputs: readonly Tensor[], s: number, t: number): Tensor {
  const gpu = common(name, inputs);
  const shapes = inputs.map((x) => x.shape);
  const shape = broadcastShapes(name, shapes);
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
    throw shapeError(name, shapes, `broadcasts along more than ${MAX_RANK} separate axes`);
  }
  const [sa, sb, sc] = walk.strides.map((list) => pad8([...list].reverse(), 0));
  const dims = pad8([...walk.shape].reverse(), 1);
  const { grid, threads } = strided(gpu, n);
  gpu.run(
    mapShader,
    {
      body: `fn f(a: f32, b: f32, c: f32, s: f32, t: f32) -> f32 { return ${f}; }`,
      overrides: { STRIDED: flat ? 0 : 1 },
    },
    { a, b, c, y },
    { n, threads, s, t, dims, a: sa, b: sb, c: sc },
    grid,
  );
  const cotangents = (g: Tensor) => vjp(g, y, inputs, s, t);
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
