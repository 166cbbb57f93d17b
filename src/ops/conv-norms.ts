/**
 * Squared norms of each sample's own gradient in a convolution's weights, without that gradient in memory: formed in
 * registers and squared, or from Gram matrices ("ghost norms"), whichever a layer does in less work.
 */
import gramShader from '#shaders/conv_gram.wgsl';
import type { SampleNorms } from '../tensor/tape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import type { Geometry } from './conv-geometry.ts';
import { planConvNorms } from './conv-plan.ts';
import { type ConvCall, params, tunedFilter } from './conv-run.ts';
import { NONE } from './epilogue.ts';
import { runMatmul } from './matmul.ts';
import { reshape } from './movement.ts';

/** What squared norms are sums of, and how far below the truth rounding may have put them. */
export interface FilterNorms {
  /** [samples, parts]: the squared norm of a sample is the sum of its own */
  readonly parts: Tensor;
  /** in multiples of |x|^2 |y|^2 */
  readonly rounding: number;
}

/** Most taps that a pixel is under, so that all pixels under all taps are as long as sqrt(this) images at most. */
const tapsOver = ({ geometry: at }: ConvCall): number => Math.ceil(at.kh / at.sh) * Math.ceil(at.kw / at.sw);

/** Pixels of each of the sh sw grids on which windows share pixels, and the pairs of four of them. */
function grids({ geometry: at }: ConvCall) {
  const pixels = Math.ceil(at.h / at.sh) * Math.ceil(at.w / at.sw);
  const tiles = Math.ceil(pixels / 4);
  return { pixels, pieces: (at.sh * at.sw * tiles * (tiles + 1)) / 2 };
}

/**
 * Whether Gram matrices are less work, in multiply-adds as they run on lavapipe: the products of the map's positions
 * take 1.6 times as long as those of the gradient, those of the image's pixels 3.5 times.
 */
export function gramPays(call: ConvCall): boolean {
  const { geometry: at, ci, co } = call;
  const T = at.oh * at.ow;
  const formed = T * at.kh * at.kw * ci * co;
  const pairs = 16 * grids(call).pieces;
  return ci % 4 === 0 && 1.6 * T * T * co + pairs * (3.5 * ci + 10 * tapsOver(call)) < formed;
}

/**
 * Squared norms of the samples' filter gradients.
 * @param x images [groups, n, h, w, ci]
 * @param y maps [groups, n, oh, ow, co]
 * @param how instead of what is less work (benchmarks, tests)
 */
export function runConvNorms(call: ConvCall, x: Tensor, y: Tensor, how?: 'formed' | 'gram'): FilterNorms {
  return (how ?? (gramPays(call) ? 'gram' : 'formed')) === 'gram' ? gram(call, x, y) : formed(call, x, y);
}

/**
 * Norms of each sample's own filter gradient. A gradient's entry is a sum over T positions, which f32 finds to within
 * T 2^-23 of the sum of the absolute terms (once here, once when the weighted sum is formed); over all entries that is
 * at most sqrt(taps) |x| |y|, where a pixel is under `taps` taps at most.
 * @param blocks weight blocks, of which each meets the samples of so many groups
 */
export function filterNorms(x: Tensor, y: Tensor, at: Geometry, blocks: number): SampleNorms {
  const [groups, n, , , ci] = x.shape;
  const call = { geometry: at, groups: blocks, n: (n * groups) / blocks, ci, co: y.shape[4], share: 1 };
  const bySample = (t: Tensor) => reshape(t, [groups * n, t.length / (groups * n)]);
  const { parts, rounding } = runConvNorms(call, x, y);
  const norms = at.oh * at.ow * 2 ** -23 * Math.sqrt(tapsOver(call));
  return {
    squares: [{ rows: parts, squared: false }],
    rounding: { x: bySample(x), y: bySample(y), squares: rounding, norms },
  };
}

/** A pass over the samples in which each gradient is formed, squared, and forgotten: exact to f32. */
function formed(call: ConvCall, x: Tensor, y: Tensor): FilterNorms {
  const { gpu } = x;
  const { groups, n } = call;
  const { kernel, threads, values, ...plan } = planConvNorms(call, gpu.adapter, call.force);
  const p = { ...params(call, NONE, x, call.co).p, chunk: 1, splits: n };
  const parts = empty(gpu, [groups * n, plan.grid[0] * plan.grid[1] * threads * values]);
  gpu.run(tunedFilter[kernel], plan, { x, y, c: x, k: parts }, p, plan.grid);
  return { parts, rounding: 0 };
}

/** Bytes of the products of positions that are in memory at a time. */
const GRAM = 1 << 22;
/** Elements at whose multiples a binding may begin. */
const ALIGN = 64;

function gram(call: ConvCall, x: Tensor, y: Tensor): FilterNorms {
  const { gpu } = x;
  const { geometry: at, ci, co } = call;
  const samples = call.groups * call.n;
  const T = at.oh * at.ow;
  const { pieces } = grids(call);
  const parts = empty(gpu, [samples, pieces]);
  const { p } = params({ ...call, groups: 1, n: samples }, NONE, x, co);
  let multiple = 1;
  while ((multiple * T * co) % ALIGN) multiple *= 2;
  const chunk = Math.min(samples, multiple * Math.max(1, Math.floor(GRAM / (4 * T * T * multiple))));
  for (let first = 0; first < samples; first += chunk) {
    const some = Math.min(chunk, samples - first);
    const maps = y.view([some, T, co], first * T * co);
    const sizes = { groups: some, ga: some, gb: some, gc: 1, m: T, n: T, k: co };
    const e = runMatmul({ a: maps, b: maps, ta: false, tb: true, ...sizes, epilogue: NONE, shape: [some, T, T] });
    maps.dispose();
    gpu.run(gramShader, {}, { x, e, y: parts }, { ...p, chunk: first }, [Math.ceil(pieces / 64), some, 1]);
    e.dispose();
  }
  // Every sum here and by sample has at most so many terms, none of which exceeds its share of the product.
  const terms = co + ci / 4 + 16 * tapsOver(call) + pieces / 4 + 16;
  return { parts, rounding: terms * 2 ** -23 * tapsOver(call) };
}
