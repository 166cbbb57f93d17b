/**
 * Convolution, NHWC with groups: three primitives that are the adjoints of one form, linear in an image, a map and
 * weights (shaders/lib/conv_params.wgsl has the formula). The derivative of each is the other two, so every order is
 * there. Group g uses blocks floor(g * blocks / G) of the operands that have fewer than G.
 */
import { shapeError } from '../tensor/shape.ts';
import { force, recordLazy, type SampleNorms } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ConvOptions, type Geometry, geometryOf, transposedGeometry } from './conv-geometry.ts';
import { runConv, runConvFilter, runConvInput } from './conv-run.ts';
import { common } from './dispatch.ts';
import { beforeEpilogue, biasGradient, biasOf, Deferred, type Epilogue, NONE, weightedBias } from './epilogue.ts';
import { broadcastTo, reshape } from './movement.ts';
import { sum } from './reduce.ts';

type Direction = 'conv' | 'convTranspose';

/** Norms by sample of filter gradients that are not formed, from images, maps, and weight blocks: conv-norms.ts. */
type FilterNorms = (x: Tensor, y: Tensor, at: Geometry, blocks: number) => SampleNorms;

/** Brought by who needs it, so that other pages do without. */
let normsOf: FilterNorms | null = null;

export function findNormsBy(norms: FilterNorms): void {
  normsOf = norms;
}

/** Groups of an operation, and how its weight blocks meet them. */
function grouping(op: string, t: Tensor, k: Tensor, inner: readonly [number, number]) {
  if (t.rank !== 5 || k.rank !== 5) {
    throw shapeError(op, [t.shape, k.shape], 'needs [groups, n, height, width, channels] and [groups, kh, kw, ci, co]');
  }
  if (inner[0] !== inner[1]) throw shapeError(op, [t.shape, k.shape], `${inner[0]} channels meet ${inner[1]}`);
  const groups = Math.max(t.shape[0], k.shape[0]);
  if (groups % t.shape[0] || groups % k.shape[0]) {
    throw shapeError(op, [t.shape, k.shape], `groups ${t.shape[0]} and ${k.shape[0]} do not divide`);
  }
  return groups;
}

/**
 * Blocks [blocks, ...] brought to [groups, ...]: neighbours summed where there are more, each repeated where there are
 * fewer.
 */
function regroup(t: Tensor, groups: number): Tensor {
  const [blocks, ...rest] = t.shape;
  if (blocks === groups) return t;
  if (blocks > groups) return sum(reshape(t, [groups, blocks / groups, ...rest]), 1);
  return reshape(broadcastTo(reshape(t, [blocks, 1, ...rest]), [blocks, groups / blocks, ...rest]), [groups, ...rest]);
}

function apply(direction: Direction, t: Tensor, k: Tensor, at: Geometry, epilogue: Epilogue): Tensor {
  const forward = direction === 'conv';
  const [blocks, , , ci, co] = k.shape;
  const [from, to] = forward ? [ci, co] : [co, ci];
  const groups = grouping(direction, t, k, [t.shape[4], from]);
  const n = t.shape[1];
  const bias = biasOf(epilogue);
  if (bias && (bias.length % to || blocks % (bias.length / to))) {
    throw shapeError(direction, [t.shape, k.shape, bias.shape], `the bias needs [${to}] or [groups, ${to}]`);
  }
  common(direction, bias ? [t, k, bias] : [t, k]);
  const shape = [groups, n, ...(forward ? [at.oh, at.ow] : [at.h, at.w]), to];
  // Groups that share weights are more samples of one; only a shared input needs an index of its own.
  const whole = t.shape[0] === groups;
  const share = whole ? 1 : groups / t.shape[0];
  const call = { geometry: at, groups: blocks, n: whole ? (n * groups) / blocks : n, ci, co, share };
  const y = (forward ? runConv : runConvInput)(call, t, k, epilogue, shape);

  const before = beforeEpilogue(epilogue, y);
  const back = forward ? 'convTranspose' : 'conv';
  const filter = (g: Tensor): Tensor => {
    const input = regroup(t, groups);
    return forward ? toFilter(input, g, at, blocks) : toFilter(g, input, at, blocks);
  };
  return recordLazy(
    direction,
    bias ? [t, k, bias] : [t, k],
    y,
    (cotangent, wanted) => {
      const g = before(cotangent);
      const input = (mask: Epilogue) => regroup(apply(back, g, k, at, mask), t.shape[0]);
      return [
        wanted[0] ? (whole ? new Deferred(t.shape, input) : input(NONE)) : null,
        wanted[1] ? filter(g) : null,
        wanted[2] && bias ? biasGradient(g, bias) : null,
      ];
    },
    (cotangent, index) => {
      if (index === 0 || !whole) return null;
      const e = before(cotangent);
      const samples = groups * n;
      const errors = reshape(e, [samples, y.length / (samples * to), to]);
      if (index === 2 && bias) {
        let each: Tensor | null = null;
        const once = () => (each ??= sum(errors, 1));
        return { samples, each: once, weighted: (c) => weightedBias(once(), bias, c) };
      }
      const [image, map] = forward ? [t, e] : [e, t];
      const alone = (s: Tensor) => reshape(s, [samples, 1, ...s.shape.slice(2)]);
      return {
        samples,
        each: () => toFilter(alone(image), alone(map), at, samples),
        norms: () => normsOf?.(image, map, at, blocks) ?? null,
        weighted: (c) => toFilter(image, map, at, blocks, c),
      };
    },
  );
}

/** The weights' side of the form. @param x [G, n, h, w, ci] @param y [G, n, oh, ow, co] @returns [blocks, kh, kw, ci, co] */
function toFilter(x: Tensor, y: Tensor, at: Geometry, blocks: number, weights?: Tensor): Tensor {
  common('convFilter', [x, y]);
  const [groups, n, , , ci] = x.shape;
  const co = y.shape[4];
  const shape = [blocks, at.kh, at.kw, ci, co];
  const call = { geometry: at, groups: blocks, n: (n * groups) / blocks, ci, co, share: 1 };
  const k = runConvFilter(call, x, y, shape, weights);
  return recordLazy('convFilter', [x, y], k, (cotangent, wanted) => {
    const g = force(cotangent);
    return [
      wanted[0] ? apply('convTranspose', y, g, at, NONE) : null,
      wanted[1] ? apply('conv', x, g, at, NONE) : null,
    ];
  });
}

/**
 * Convolution (cross-correlation) through an epilogue.
 * @param x [Gx, n, h, w, ci]
 * @param k [Gk, kh, kw, ci, co]; of Gx and Gk the smaller divides the larger, G
 * @returns [G, n, oh, ow, co]
 * @throws VeilganError SHAPE
 */
export function conv(
  x: Tensor,
  k: Tensor,
  { epilogue = NONE, ...options }: ConvOptions & { epilogue?: Epilogue } = {},
): Tensor {
  grouping('conv', x, k, [x.shape[4], k.shape[3]]);
  return apply('conv', x, k, geometryOf('conv', x.shape, k.shape, options), epilogue);
}

/**
 * Transposed convolution, the adjoint of `conv` in its image (Keras' Conv2DTranspose, whose kernel [kh, kw, outputs,
 * inputs] is this k).
 * @param y [Gy, n, oh, ow, co]
 * @param k [Gk, kh, kw, ci, co]
 * @param options `output` [h, w] where several sizes have this map; by default [oh sh, ow sw] for 'same'
 * @returns [G, n, h, w, ci]
 * @throws VeilganError SHAPE
 */
export function convTranspose(
  y: Tensor,
  k: Tensor,
  {
    epilogue = NONE,
    ...options
  }: ConvOptions & { readonly output?: readonly [number, number]; epilogue?: Epilogue } = {},
): Tensor {
  grouping('convTranspose', y, k, [y.shape[4], k.shape[4]]);
  return apply('convTranspose', y, k, transposedGeometry('convTranspose', y.shape, k.shape, options), epilogue);
}

/**
 * The adjoint of `conv` in its weights: the sum over samples and positions of image times map.
 * @param x [G, n, h, w, ci]
 * @param y [G, n, oh, ow, co]
 * @param kernel [kh, kw]
 * @param options as the convolution's, and `blocks`: weight blocks of the result, a divisor of G (default G)
 * @returns [blocks, kh, kw, ci, co]
 * @throws VeilganError SHAPE
 */
export function convFilter(
  x: Tensor,
  y: Tensor,
  kernel: readonly [number, number],
  { blocks = x.shape[0], ...options }: ConvOptions & { readonly blocks?: number } = {},
): Tensor {
  const shapes = [x.shape, y.shape];
  if (x.rank !== 5 || y.rank !== 5 || x.shape[0] !== y.shape[0] || x.shape[1] !== y.shape[1]) {
    throw shapeError('convFilter', shapes, 'needs [G, n, h, w, ci] and [G, n, oh, ow, co]');
  }
  if (x.shape[0] % blocks) throw shapeError('convFilter', shapes, `${blocks} blocks do not divide the groups`);
  const at = geometryOf('convFilter', x.shape, [...kernel, x.shape[4], y.shape[4]], options);
  if (at.oh !== y.shape[2] || at.ow !== y.shape[3]) {
    throw shapeError('convFilter', shapes, `this image has a map of ${at.oh} x ${at.ow}`);
  }
  return toFilter(x, y, at, blocks);
}
