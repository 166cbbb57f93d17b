import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { train } from '../../src/train/loop.ts';
import { Adam, backward, forward, type Layer, latent, layersOf, zeros } from './reference.ts';

const gpu = await open();
const rows = 640;
const stream = new PhiloxStream(5, 'test');
const data = Float32Array.from({ length: rows * 2 }, () => stream.normal());

const farthest = (a: Layer[], b: Layer[]): number =>
  Math.max(
    ...a.flatMap((layer, l) => [
      ...layer.w.flatMap((row, i) => row.map((x, j) => Math.abs(x - b[l].w[i][j]))),
      ...layer.b.map((x, j) => Math.abs(x - b[l].b[j])),
    ]),
  );

const small = { K: 3, B: 4, rate: 1e-2, generatorHidden: [7, 6], criticHidden: [9], steps: 12 };
// The preset's own sizes, where other matmul kernels run.
const full = { K: 10, B: 32, rate: 1e-4, generatorHidden: [256, 256], criticHidden: [256], steps: 3 };

for (const [loss, size] of [
  ['standard', small],
  ['tf21', small],
  ['standard', full],
] as const) {
  const { K, B, rate, generatorHidden, criticHidden, steps } = size;
  test(`${steps} JS steps (${loss}, K = ${K}, critics of ${criticHidden}) equal the float64 reference`, async () => {
    const nD = 2;
    const config = makeConfig('blobs-js', {
      loss,
      partitions: K,
      batch: B,
      criticSteps: nD,
      rate,
      generatorHidden,
      criticHidden,
      steps,
    });
    const gan = new ParGan(gpu, config, { train: data, features: 2 }, 11);
    const G = await layersOf(gan, 'generator', 0);
    const D = await Promise.all(Array.from({ length: K }, (_, k) => layersOf(gan, 'critics', k)));
    const optG = new Adam(G, rate);
    const optD = D.map((d) => new Adam(d, rate));
    const hash = gan.program().hash;
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    /** Loss of a score against a target and its derivative by the score. */
    const bce = (score: number, target: number): [number, number] => {
      const logit = loss === 'tf21' ? sigmoid(score) : score;
      const chain = loss === 'tf21' ? logit * (1 - logit) : 1;
      return [softplus(logit) - target * logit, (sigmoid(logit) - target) * chain];
    };
    const lossesG: number[] = [];
    const lossesD: number[][] = [];
    const list = new Uint32Array(K * B);
    for (let step = 0; step < steps; step++) {
      gan.batches.fill(list, 0, step);
      // Site 0 is the fakes of the whole critics' phase, site 1 the generator's.
      const z = latent(nD * K * B, 2, 11, step, 0, hash);
      let each: number[] = [];
      for (let r = 0; r < nD; r++) {
        each = D.map((d, k) => {
          const g = zeros(d);
          let total = 0;
          for (let b = 0; b < B; b++) {
            const i = list[k * B + b];
            const pairs: [number[], number][] = [
              [[data[2 * i], data[2 * i + 1]], 1],
              [forward(G, z[(r * K + k) * B + b], 0.3).at(-1) as number[], 0],
            ];
            for (const [x, target] of pairs) {
              const all = forward(d, x, 0.3);
              const [value, slope] = bce((all.at(-1) as number[])[0], target);
              total += value / B;
              backward(d, all, [slope / B], 0.3, g);
            }
          }
          optD[k].step(d, g);
          return total;
        });
      }
      lossesD.push(each);
      const zg = latent(K * B, 2, 11, step, 1, hash);
      const g = zeros(G);
      let total = 0;
      D.forEach((d, k) => {
        for (let b = 0; b < B; b++) {
          const made = forward(G, zg[k * B + b], 0.3);
          const all = forward(d, made.at(-1) as number[], 0.3);
          const [value, slope] = bce((all.at(-1) as number[])[0], 1);
          total += value / (K * B);
          backward(G, made, backward(d, all, [slope / (K * B)], 0.3, zeros(d)), 0.3, g);
        }
      });
      optG.step(G, g);
      lossesG.push(total);
    }
    const seen: { loss_g: number; loss_d: readonly number[] }[] = [];
    await train(gan, { steps, chunk: 5, onRows: (some) => seen.push(...some) });
    seen.forEach((row, i) => {
      assert.ok(Math.abs(row.loss_g - lossesG[i]) < 2e-4, `L_G of step ${i + 1}: ${row.loss_g}, not ${lossesG[i]}`);
      row.loss_d.forEach((x, k) => {
        assert.ok(Math.abs(x - lossesD[i][k]) < 2e-4, `L_D ${k} of step ${i + 1}: ${x}, not ${lossesD[i][k]}`);
      });
    });
    const far = farthest(G, await layersOf(gan, 'generator', 0));
    assert.ok(far < 1e-3, `generator off by ${far}`);
    for (let k = 0; k < K; k++) {
      const off = farthest(D[k], await layersOf(gan, 'critics', k));
      assert.ok(off < 1e-3, `critic ${k} off by ${off}`);
    }
    gan.dispose();
  });
}

test.after(() => gpu.close());
test.run();
