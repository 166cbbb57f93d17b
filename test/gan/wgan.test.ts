/** WGAN-GP and weight-clipped WGAN steps against float64 loops, the penalty's gradient without double backward. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeConfig } from '../../src/gan/config.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { train } from '../../src/gan/train.ts';
import { open } from '../../src/node.ts';
import { PhiloxStream } from '../../src/ops/philox.ts';
import { near } from '../support/values.ts';
import { backward, forward, type Layer, latent, penalty, rmsprop, sgd, uniforms, zeros } from './reference.ts';

const gpu = await open();
test.after(() => gpu.close());

const SLOPE = 0.3;
const rows = 200;
const stream = new PhiloxStream(6, 'test');
const data = Float32Array.from({ length: rows * 2 }, () => stream.normal());

/** Layers of weight block k out of a system's state. */
async function layersOf(gan: ParGan, who: 'generator' | 'critics', k: number): Promise<Layer[]> {
  const { tensors } = await gan.state();
  const out: Layer[] = [];
  for (let l = 0; tensors[`${who}.${l}.weight`]; l++) {
    const w = tensors[`${who}.${l}.weight`];
    const [, inputs, outputs] = w.shape;
    const block = w.data.subarray(k * inputs * outputs, (k + 1) * inputs * outputs);
    out.push({
      w: Array.from({ length: inputs }, (_, i) => Array.from(block.subarray(i * outputs, (i + 1) * outputs))),
      b: Array.from(tensors[`${who}.${l}.bias`].data.subarray(k * outputs, (k + 1) * outputs)),
    });
  }
  return out;
}

const weights = (layers: Layer[]): number[] => layers.flatMap(({ w }) => w.flat());
const biases = (layers: Layer[]): number[] => layers.flatMap(({ b }) => b);
const farthest = (a: number[], b: number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));

interface Losses {
  g: number;
  d: number[];
  /** lambda times the mean penalty of each critic, at the last repeat */
  penalty: number[];
}

interface Case {
  divergence: 'wgan-gp' | 'wgan';
  optimizer: 'rmsprop' | 'sgd';
  K: number;
  B: number;
  criticSteps: number;
  steps: number;
  rate: number;
  generatorHidden: number[];
  criticHidden: number[];
  lambda: number;
  clip: number;
}

/** `steps` steps of spec section 1.3 in float64, from the weights in G and D, which it changes. */
function reference(c: Case, seed: number, hash: number, list: (step: number) => Uint32Array, G: Layer[], D: Layer[][]) {
  const { K, B, criticSteps } = c;
  const gp = c.divergence === 'wgan-gp';
  const optimizer = { rmsprop, sgd }[c.optimizer];
  const optG = optimizer(G, c.rate);
  const optD = D.map((d) => optimizer(d, c.rate, gp ? undefined : c.clip));
  const losses: Losses[] = [];
  for (let step = 0; step < c.steps; step++) {
    const index = list(step);
    // Draw sites in order: the fakes of all repeats, each repeat's places between real and fake, the generator's z.
    const z = latent(criticSteps * K * B, 2, seed, step, 0, hash);
    let last: { loss: number; penalty: number }[] = [];
    for (let r = 0; r < criticSteps; r++) {
      const alpha = gp ? uniforms(K * B, seed, step, 1 + r, hash) : [];
      last = D.map((d, k) => {
        const g = zeros(d);
        let loss = 0;
        let sum = 0;
        for (let b = 0; b < B; b++) {
          const i = index[k * B + b];
          const real = [data[2 * i], data[2 * i + 1]];
          const fake = forward(G, z[(r * K + k) * B + b], SLOPE).at(-1) as number[];
          for (const [x, sign] of [
            [real, -1],
            [fake, 1],
          ] as const) {
            const all = forward(d, x, SLOPE);
            loss += (sign * (all.at(-1) as number[])[0]) / B;
            backward(d, all, [sign / B], SLOPE, g);
          }
          if (gp) {
            const at = real.map((v, f) => v + alpha[k * B + b] * (fake[f] - v));
            sum += (c.lambda / B) * penalty(d, at, SLOPE, c.lambda / B, g);
          }
        }
        optD[k].step(d, g);
        return { loss: loss + sum, penalty: sum };
      });
    }
    const zg = latent(K * B, 2, seed, step, gp ? 1 + criticSteps : 1, hash);
    const g = zeros(G);
    let total = 0;
    D.forEach((d, k) => {
      for (let b = 0; b < B; b++) {
        const made = forward(G, zg[k * B + b], SLOPE);
        const all = forward(d, made.at(-1) as number[], SLOPE);
        total -= (all.at(-1) as number[])[0] / (K * B);
        backward(G, made, backward(d, all, [-1 / (K * B)], SLOPE, zeros(d)), SLOPE, g);
      }
    });
    optG.step(G, g);
    losses.push({ g: total, d: last.map((x) => x.loss), penalty: last.map((x) => x.penalty) });
  }
  return losses;
}

const seed = 12;
const gp: Case = {
  divergence: 'wgan-gp',
  optimizer: 'sgd',
  K: 3,
  B: 4,
  criticSteps: 4,
  steps: 6,
  rate: 1e-2,
  generatorHidden: [7, 6],
  criticHidden: [9],
  lambda: 5,
  clip: 0,
};
/** As the presets are. */
const rms = { optimizer: 'rmsprop', rate: 1e-3 } as const;
const cases: [string, Case][] = [
  ['WGAN-GP, critics 2-9-1', gp],
  ['WGAN-GP, critics 2-8-5-1', { ...gp, criticHidden: [8, 5] }],
  ['WGAN-GP, critics 2-6-7-5-1, lambda 10', { ...gp, criticHidden: [6, 7, 5], lambda: 10, steps: 4 }],
  // The preset's own networks, where other matmul kernels run.
  ['WGAN-GP, critics 2-256-1', { ...gp, B: 16, criticHidden: [256], generatorHidden: [256, 256], steps: 2 }],
  ['WGAN-GP, critics 2-9-1, RMSProp', { ...gp, ...rms }],
  ['WGAN-GP, critics 2-8-5-1, RMSProp', { ...gp, ...rms, criticHidden: [8, 5] }],
  ['WGAN clipped at 0.4', { ...gp, divergence: 'wgan', clip: 0.4 }],
  ['WGAN clipped at 0.1, RMSProp', { ...gp, ...rms, divergence: 'wgan', clip: 0.1 }],
  [
    'WGAN clipped at 0.01, critics 2-8-5-1, RMSProp',
    { ...gp, ...rms, divergence: 'wgan', criticHidden: [8, 5], clip: 0.01 },
  ],
];

for (const [title, c] of cases) {
  test(`${title}: ${c.steps} steps of K = ${c.K}, n_D = ${c.criticSteps} equal the float64 reference`, async () => {
    const config = makeConfig('blobs-wgan-gp', {
      divergence: c.divergence,
      partitions: c.K,
      batch: c.B,
      criticSteps: c.criticSteps,
      optimizer: c.optimizer,
      rate: c.rate,
      generatorHidden: c.generatorHidden,
      criticHidden: c.criticHidden,
      penalty: c.lambda,
      steps: c.steps,
      ...(c.divergence === 'wgan' ? { clip: c.clip } : {}),
    });
    const gan = new ParGan(gpu, config, { train: data, features: 2 }, seed);
    const all = async () => [
      await layersOf(gan, 'generator', 0),
      ...(await Promise.all(Array.from({ length: c.K }, (_, k) => layersOf(gan, 'critics', k)))),
    ];
    const [G, ...D] = await all();
    const before = [G, ...D].map(weights);
    const list = (step: number) => {
      const index = new Uint32Array(c.K * c.B);
      gan.batches.fill(index, 0, step);
      return index;
    };
    // The real and the fake half of a hidden bias's gradient often cancel exactly; of what rounding leaves there,
    // RMSProp makes up to a third of a step. Without it the biases are as exact as the weights.
    const tolerance = c.optimizer === 'sgd' ? 2e-6 : 1e-5;
    const wobble = c.optimizer === 'sgd' ? tolerance : c.rate / 2;
    const expected = reference(c, seed, gan.program().hash, list, G, D);
    const seen: { loss_g: number; loss_d: readonly number[] }[] = [];
    await train(gan, { steps: c.steps, chunk: 4, onRows: (some) => seen.push(...some) });
    assert.is(seen.length, c.steps);
    seen.forEach((row, i) => {
      const options = { relative: 1e-6, absolute: c.optimizer === 'sgd' ? 2e-6 : 5e-4 };
      near([row.loss_g], [expected[i].g], { ...options, what: `L_G of step ${i + 1}` });
      near(row.loss_d, expected[i].d, { ...options, what: `L_D of step ${i + 1}` });
      // Without the penalty the losses would not pass.
      if (c.divergence === 'wgan-gp') assert.ok(Math.max(...expected[i].penalty) > 0.01);
    });
    for (const [who, layers] of (await all()).entries()) {
      const name = who ? `critic ${who - 1}` : 'generator';
      const wanted = [G, ...D][who];
      const found = weights(layers);
      const off = farthest(found, weights(wanted));
      assert.ok(off < tolerance, `weights of the ${name} off by ${off}`);
      const offBias = farthest(biases(layers), biases(wanted));
      assert.ok(offBias < wobble, `biases of the ${name} off by ${offBias}`);
      const moved = farthest(before[who], found);
      assert.ok(moved > 100 * tolerance, `the ${name} moved by ${moved} only`);
      if (who && c.divergence === 'wgan') {
        const bound = Math.fround(c.clip);
        const largest = Math.max(...[...found, ...biases(layers)].map(Math.abs));
        assert.ok(largest <= bound, `${name}: |w| reaches ${largest}`);
        assert.ok(Math.max(...before[who].map(Math.abs)) > bound, 'there was something to clip');
      }
    }
    gan.dispose();
  });
}

test('the reference itself: the penalty by finite differences, and in closed form for 2-h-1', () => {
  const values = new PhiloxStream(8, 'critic');
  const layer = (inputs: number, outputs: number): Layer => ({
    w: Array.from({ length: inputs }, () => Array.from({ length: outputs }, () => values.normal())),
    b: Array.from({ length: outputs }, () => values.normal()),
  });
  const x = [0.3, -0.8];
  for (const critic of [
    [layer(2, 5), layer(5, 1)],
    [layer(2, 4), layer(4, 3), layer(3, 1)],
  ]) {
    const g = zeros(critic);
    const value = penalty(critic, x, SLOPE, 5, g);
    const h = 1e-6;
    critic.forEach(({ w, b }, l) => {
      const slope = (list: number[], i: number) => {
        const kept = list[i];
        const at = (v: number) => {
          list[i] = v;
          return penalty(critic, x, SLOPE, 5, zeros(critic));
        };
        const d = (at(kept + h) - at(kept - h)) / (2 * h);
        list[i] = kept;
        return 5 * d;
      };
      w.forEach((row, i) => {
        for (let j = 0; j < row.length; j++) near([g[l].w[i][j]], [slope(row, j)], { relative: 1e-6, absolute: 1e-7 });
      });
      for (let j = 0; j < b.length; j++) {
        assert.is(g[l].b[j], 0);
        near([slope(b, j)], [0], { absolute: 1e-7 });
      }
    });
    if (critic.length === 2) {
      // g = sum_j w2_j s_j W1_j (spec section 1.5).
      const [{ w: w1, b }, { w: w2 }] = critic;
      const s = b.map((bias, j) => (x[0] * w1[0][j] + x[1] * w1[1][j] + bias > 0 ? 1 : SLOPE));
      const gradient = [0, 1].map((f) => s.reduce((sum, sj, j) => sum + w2[j][0] * sj * w1[f][j], 0));
      near([value], [(Math.hypot(...gradient) - 1) ** 2], { relative: 1e-9, absolute: 0 });
    }
  }
});

test.run();
