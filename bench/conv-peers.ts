/** Our side of the comparison of convolutions with other engines, which have no groups: PAR-GAN's MNIST layers, K = 1. */
import type { Gpu } from '../src/gpu/gpu.ts';
import { operands, passes, product, validate } from './conv.ts';
import { type ConvLayer, convLayers, layerFlop, layerName, reduced } from './conv-layers.ts';
import { alternate, median, type Result, settle } from './measure.ts';

/** Operations of a product, which with the least number fix a layer's samples; and the preset's own batch. */
const FLOP = 5e8;
const LEAST = 16;
const BATCH = 64;

/** The layers compared; peers/conv.mjs lists the same. @param large also at the preset's own batch */
export function peerLayers(gpu: Gpu, large: boolean): ConvLayer[] {
  const layers = convLayers(gpu, 'mnist-js', 1).map((layer) => ({ ...layer, n: BATCH }));
  const sized = layers.map((layer) => reduced(layer, FLOP, LEAST));
  return [...sized, ...(large ? layers.filter((layer, i) => layer.n !== sized[i].n) : [])];
}

/** Forward, and both gradients together, in the cases that the peers run. */
export async function convPeersSuite(gpu: Gpu, large = false): Promise<Result[]> {
  const results: Result[] = [];
  for (const layer of peerLayers(gpu, large)) {
    const of = operands(gpu, layer);
    const [[, forward], ...gradients] = passes(layer);
    for (const [, pass] of passes(layer)) await validate(gpu, layer, pass, of, [undefined]);
    const subjects = [
      { name: 'forward', of: [forward] },
      { name: 'both gradients', of: gradients.map(([, pass]) => pass) },
    ].map(({ name, of: some }) => ({
      name,
      flop: some.length * layerFlop(layer),
      run: async (times: number) => {
        for (let i = 0; i < times; i++) for (const pass of some) product(layer, pass, of).dispose();
        await settle(gpu, `${layerName(layer)} ${name} against peers`, times);
      },
    }));
    // Rounds enough for the waiter to have found the better way to wait.
    const times = await alternate(subjects, { rounds: 15, targetMs: 150 });
    subjects.forEach(({ name, flop }, i) => {
      const ms = median(times[i]);
      results.push({
        suite: 'conv',
        case: `${layerName(layer)}, ${name}`,
        impl: 'chosen',
        median_ms: ms,
        best_ms: Math.min(...times[i]),
        gflops: flop / ms / 1e6,
      });
    });
    for (const t of Object.values(of)) t.dispose();
  }
  return results;
}
