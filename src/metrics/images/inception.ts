/** InceptionV3 on the device: batch normalisation folded into the weights, and features of resized images by the thousand. */

import { VeilganError } from '../../base/errors.ts';
import type { Gpu } from '../../gpu/index.ts';
import { contract } from '../../ops/contract.ts';
import { conv } from '../../ops/conv.ts';
import { concat, reshape } from '../../ops/movement.ts';
import { avgPool, globalAvgPool, maxPool } from '../../ops/pool.ts';
import { scope } from '../../tensor/scope.ts';
import type { Shape } from '../../tensor/shape.ts';
import { noGrad } from '../../tensor/tape.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import { inCalls } from '../../train/batched-inference.ts';
import { channelsOf, inceptionParts, type Part, type Unit, unitsOf } from './inception-parts.ts';

/** Epsilon of its batch normalisations. */
const EPSILON = 1e-3;
/** Images are resized to so many pixels a side. */
const SIDE = 299;

/** A unit's kernel [1, height, width, inputs, outputs] and bias [1, outputs], batch normalisation folded in. */
export interface Folded {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * Folds a unit's batch normalisation into its weights, in float64: w gamma / s and beta - mean gamma / s with
 * s = sqrt(variance + 0.001).
 * @param stored its tensors by name, of the shapes of `tensorsOf`
 */
export function foldUnit(gpu: Gpu, unit: Unit, stored: Readonly<Record<string, ArrayLike<number>>>): Folded {
  const { name, inputs, outputs, kernel } = unit;
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => stored[`${name}.bn.${part}`],
  );
  const scale = Float64Array.from({ length: outputs }, (_, o) => gamma[o] / Math.sqrt(variance[o] + EPSILON));
  const from = stored[`${name}.conv.weight`];
  const taps = kernel[0] * kernel[1];
  const weight = new Float32Array(taps * inputs * outputs);
  for (let o = 0, at = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let t = 0; t < taps; t++, at++) weight[(t * inputs + i) * outputs + o] = from[at] * scale[o];
    }
  }
  const bias = Float32Array.from({ length: outputs }, (_, o) => beta[o] - mean[o] * scale[o]);
  return { weight: tensor(gpu, weight, [1, ...kernel, inputs, outputs]), bias: tensor(gpu, bias, [1, outputs]) };
}

/** A part of the network on images [1, n, h, w, channels]; what it makes on the way is freed. */
export function applyPart(part: Part, x: Tensor, weights: ReadonlyMap<string, Folded>): Tensor {
  if ('chain' in part) {
    let h = x;
    for (const each of part.chain) {
      const next = applyPart(each, h, weights);
      if (h !== x) h.dispose();
      h = next;
    }
    return h;
  }
  return scope(() => {
    if ('fork' in part) {
      return concat(
        part.fork.map((branch) => applyPart(branch, x, weights)),
        4,
      );
    }
    if ('pool' in part) {
      const options = { stride: part.stride, padding: part.stride === 1 ? 'same' : 'valid' } as const;
      return part.pool === 'max' ? maxPool(x, 3, options) : avgPool(x, 3, options);
    }
    const { weight, bias } = weights.get(part.name) as Folded;
    const { stride, padding } = part;
    return conv(x, weight, { stride, padding, epilogue: { kind: 'leaky', bias, slope: 0 } });
  });
}

/** Images of a call: activations of 5.5 MB each must fit a storage binding; on a software adapter a call takes seconds. */
const [CALL, SOFTWARE_CALL] = [16, 4];

export class Inception {
  /** values of an image's features: 2048 */
  readonly width: number;
  readonly #gpu: Gpu;
  readonly #parts: Part;
  readonly #weights: ReadonlyMap<string, Folded>;

  /**
   * @param stored tensors by name, of the shapes of `tensorsOf`
   * @param share of the published channels; 1 but in tests
   */
  constructor(gpu: Gpu, stored: Readonly<Record<string, ArrayLike<number>>>, share = 1) {
    this.#gpu = gpu;
    this.#parts = { chain: inceptionParts(share).map(([, part]) => part) };
    const units = unitsOf(this.#parts);
    this.#weights = new Map(units.map((unit) => [unit.name, foldUnit(gpu, unit, stored)]));
    this.width = channelsOf(this.#parts);
  }

  /** The mean over positions of the last block's channels ("pool3"). @param x [1, n, h, w, 3] in [-1, 1] @returns [1, n, width] */
  apply(x: Tensor): Tensor {
    return noGrad(() => scope(() => globalAvgPool(applyPart(this.#parts, x, this.#weights))));
  }

  /**
   * Features of images, resized to 299 x 299 as pytorch-fid does.
   * @param images [n, ...shape] in [-1, 1]
   * @param shape [height, width, 1 or 3]
   * @param options side other than 299 in tests
   * @returns [n, 2048]
   * @throws VeilganError USAGE for other shapes
   */
  async features(
    images: Float32Array,
    shape: Shape,
    { onProgress = () => {}, side = SIDE }: { onProgress?: (images: number) => void; side?: number } = {},
  ): Promise<Float32Array> {
    if (shape.length !== 3 || (shape[2] !== 1 && shape[2] !== 3)) {
      throw new VeilganError('USAGE', `Inception sees grey or colour images, not records [${shape}]`, {
        where: 'inception',
        fix: 'Leave it away for other data',
      });
    }
    const values = shape[0] * shape[1] * shape[2];
    const rows = images.length / values;
    const call = this.#gpu.adapter.software ? SOFTWARE_CALL : CALL;
    const out = new Float32Array(rows * this.width);
    const resize = resizer(this.#gpu, shape, side);
    const make = (first: number) => {
      const some = images.subarray(first * values, Math.min(rows, first + call) * values);
      return this.apply(resize.apply(tensor(this.#gpu, some, [1, some.length / values, values])));
    };
    try {
      await inCalls(rows, call, make, (part, first, count) => {
        out.set(part.subarray(0, count * this.width), first * this.width);
        onProgress(first + count);
      });
    } finally {
      resize.dispose();
    }
    return out;
  }

  dispose(): void {
    for (const { weight, bias } of this.#weights.values()) {
      weight.dispose();
      bias.dispose();
    }
  }
}

/**
 * Weights of linear interpolation along an axis, [to, from], as PyTorch's interpolate(align_corners=False) without
 * antialiasing has them (what pytorch-fid does): output i stands at (i + 0.5) from / to - 0.5, cut at 0; the neighbour
 * beyond the last pixel is the last.
 */
export function linearWeights(from: number, to: number): Float32Array {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const left = Math.min(from - 1, Math.floor(at));
    const right = Math.min(from - 1, left + 1);
    weights[i * from + left] += 1 - (at - left);
    weights[i * from + right] += at - left;
  }
  return weights;
}

/** What resizes images of one shape, [1, n, values of an image] -> [1, n, side, side, 3]. */
export interface Resizer {
  apply(x: Tensor): Tensor;
  dispose(): void;
}

/**
 * Grey images get three equal channels.
 * @param shape [height, width, 1 or 3]
 */
export function resizer(gpu: Gpu, [h, w, c]: Shape, side: number): Resizer {
  const across = linearWeights(w, side);
  const values = new Float32Array(w * c * side * 3);
  for (let j = 0; j < w; j++) {
    for (let i = 0; i < side; i++) {
      for (let rgb = 0; rgb < 3; rgb++) {
        values[(j * c + (c === 1 ? 0 : rgb)) * side * 3 + i * 3 + rgb] = across[i * w + j];
      }
    }
  }
  const columns = tensor(gpu, values, [w * c, side * 3]);
  const rows = tensor(gpu, linearWeights(h, side), [1, side, h]);
  return {
    apply: (x) =>
      scope(() => {
        const n = x.length / (h * w * c);
        const wide = contract(reshape(x, [n * h, w * c]), columns);
        return reshape(contract(rows, reshape(wide, [n, h, side * 3])), [1, n, side, side, 3]);
      }),
    dispose: () => [columns, rows].forEach((t) => void t.dispose()),
  };
}
