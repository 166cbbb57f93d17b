/**
 * Every convolution of the image presets, their critics grouped: forward, gradient in the input, gradient in the
 * weights. The naive kernel beside the chosen one. Validated before timed: the naive kernel against float64 at some
 * entries, every other against the naive one whole.
 */
import '../src/ops/conv-naive.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { type ConvKernel, eligibleConv } from '../src/ops/conv-plan.ts';
import { runConv, runConvFilter, runConvInput } from '../src/ops/conv-run.ts';
import { NONE } from '../src/ops/epilogue.ts';
import { normal } from '../src/ops/random.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import { type ConvLayer, convLayers, layerFlop, layerName, reduced } from './conv-layers.ts';
import { alternate, median, type Result, settle } from './measure.ts';
import { entry64, type Operands, type Pass, toleranceOf } from './peers/conv.mjs';

const PRESETS = ['mnist-js', 'mnist-wgan-gp', 'cifar10-js', 'cifar10-wgan-gp'];
const TUNED: readonly ConvKernel[] = ['subgroup4', 'register', 'tile', 'fold'];

/** Operations of a product on a software adapter (tens of milliseconds), and its least samples. */
const SOFTWARE_FLOP = 5e8;
const SOFTWARE_LEAST = 8;
/** A naive kernel that takes longer is validated and not timed. */
const PATIENCE_MS = 2000;
/** Rounds of the kernels that were not chosen, whose time is most of the suite's. */
const OTHER_ROUNDS = 3;

export interface ConvBenchOptions {
  /** the presets' own batches on a software adapter too */
  readonly large?: boolean;
  /** every kernel that can, not just the naive and the chosen one */
  readonly all?: boolean;
}

/** The products of a layer by what they are for; those of a generator's layer have other parts in the form. */
export const passes = ({ transposed }: ConvLayer): readonly (readonly [what: string, pass: Pass])[] => [
  ['forward', transposed ? 'input' : 'conv'],
  ['input gradient', transposed ? 'conv' : 'input'],
  ['filter gradient', 'filter'],
];

/** The layers of the four presets, each once. */
export function presetLayers(gpu: Gpu, large: boolean): ConvLayer[] {
  const all = PRESETS.flatMap((preset) => convLayers(gpu, preset));
  const sized =
    gpu.adapter.software && !large ? all.map((layer) => reduced(layer, SOFTWARE_FLOP, SOFTWARE_LEAST)) : all;
  return [...new Map(sized.map((layer) => [layerName(layer), layer])).values()];
}

/** One of the three products of a layer, by the plan's kernel or a forced one. */
export function product(layer: ConvLayer, pass: Pass, { x, y, k }: Operands<Tensor>, force?: ConvKernel): Tensor {
  const call = { ...layer, share: 1, force };
  if (pass === 'conv') return runConv(call, x, k, NONE, y.shape);
  if (pass === 'input') return runConvInput(call, y, k, NONE, x.shape);
  return runConvFilter(call, x, y, k.shape);
}

export function operands(gpu: Gpu, { geometry: at, groups, n, ci, co }: ConvLayer): Operands<Tensor> {
  return {
    x: normal(gpu, [groups, n, at.h, at.w, ci], { seed: 1 }),
    y: normal(gpu, [groups, n, at.oh, at.ow, co], { seed: 2 }),
    k: normal(gpu, [groups, at.kh, at.kw, ci, co], { seed: 3 }),
  };
}

export async function convSuite(gpu: Gpu, { large = false, all = false }: ConvBenchOptions = {}): Promise<Result[]> {
  const results: Result[] = [];
  for (const layer of presetLayers(gpu, large)) {
    const of = operands(gpu, layer);
    for (const [what, pass] of passes(layer)) {
      const kernels = all ? TUNED.filter((kernel) => eligible(gpu, layer, pass, kernel)) : [];
      const naiveMs = await validate(gpu, layer, pass, of, [undefined, ...kernels]);
      const timed = [...(naiveMs <= PATIENCE_MS ? (['naive'] as const) : []), ...kernels, undefined];
      const subjects = timed.map((force) => ({
        name: force ?? 'chosen',
        rounds: force && OTHER_ROUNDS,
        run: async (times: number) => {
          for (let i = 0; i < times; i++) product(layer, pass, of, force).dispose();
          await settle(gpu, `${layerName(layer)} ${pass} ${force}`, times);
        },
      }));
      const times = await alternate(subjects, { rounds: 7, targetMs: 80 });
      subjects.forEach(({ name }, i) => {
        const ms = median(times[i]);
        results.push({
          suite: 'conv',
          case: `${layerName(layer)}, ${what}`,
          impl: name,
          median_ms: ms,
          best_ms: Math.min(...times[i]),
          gflops: layerFlop(layer) / ms / 1e6,
        });
      });
    }
    for (const t of Object.values(of)) t.dispose();
    gpu.trim();
  }
  return results;
}

function eligible(gpu: Gpu, { ci, co }: ConvLayer, pass: Pass, kernel: ConvKernel): boolean {
  if (pass === 'filter') return kernel !== 'fold' && eligibleConv(kernel, 0, co, gpu.adapter);
  const [inputs, outputs] = pass === 'conv' ? [ci, co] : [co, ci];
  return eligibleConv(kernel, inputs, outputs, gpu.adapter);
}

/**
 * @returns milliseconds that the naive kernel took, at most
 * @throws Error naming the layer, the product, the kernel and the entry that is off
 */
export async function validate(
  gpu: Gpu,
  layer: ConvLayer,
  pass: Pass,
  of: Operands<Tensor>,
  kernels: readonly (ConvKernel | undefined)[],
): Promise<number> {
  const read = async (force?: ConvKernel) => {
    const out = product(layer, pass, of, force);
    const values = await out.read();
    out.dispose();
    return values;
  };
  const host = { x: await of.x.read(), y: await of.y.read(), k: await of.k.read() };
  const begun = performance.now();
  const naive = await read('naive');
  let ms = performance.now() - begun;
  if (ms > PATIENCE_MS) {
    // Perhaps it was compiled just now.
    const start = performance.now();
    product(layer, pass, of, 'naive').dispose();
    await settle(gpu, `${layerName(layer)} ${pass} naive`, 1);
    ms = performance.now() - start;
  }

  const tolerance = toleranceOf(pass, layer);
  const differ = (name: string, i: number, got: number, want: number) => {
    if (Math.abs(got - want) <= tolerance) return;
    throw new Error(`${layerName(layer)}, ${pass}, ${name}: entry ${i} is ${got}, not ${want}`);
  };
  for (let t = 0; t < 32; t++) {
    const i = t === 0 ? naive.length - 1 : (t * 1_000_003) % naive.length;
    differ('naive', i, naive[i], entry64(pass, layer, host, i));
  }
  for (const kernel of kernels) {
    const values = await read(kernel);
    for (let i = 0; i < naive.length; i++) differ(kernel ?? 'chosen', i, values[i], naive[i]);
  }
  gpu.check();
  return ms;
}
