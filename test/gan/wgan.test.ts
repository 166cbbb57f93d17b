/** WGAN-GP and weight-clipped WGAN steps against float64 loops, the penalty's gradient without double backward. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { train } from '../../src/train/loop.ts';
import { near } from '../support/values.ts';
import { type Layer, layersOf, penalty, zeros } from './reference.ts';
import { reference, type WganCase } from './reference-wgan.ts';

const gpu = await open();
test.after(() => gpu.close());

const SLOPE = 0.3;
/** Of losses and parameters; rounding alone gives up to 5e-7. */
const TOLERANCE = 3e-6;
const rows = 200;
const stream = new PhiloxStream(6, 'test');
const data = Float32Array.from({ length: rows * 2 }, () => stream.normal());

const weights = (layers: Layer[]): number[] => layers.flatMap(({ w }) => w.flat());
const biases = (layers: Layer[]): number[] => layers.flatMap(({ b }) => b);
const farthest = (a: number[], b: number[]): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));

const seed = 12;
const gp: WganCase = {
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
/**
 * As the presets are. In a hidden bias's gradient the real and the fake half can cancel exactly, and of what rounding
 * leaves there RMSProp makes up to a third of a step; with these draws and 16 rows none does.
 */
const rms = { B: 16, optimizer: 'rmsprop', rate: 1e-3, steps: 3 } as const;
const cases: [string, WganCase][] = [
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
    const expected = reference(c, { data, seed, hash: gan.program().hash, list, slope: SLOPE }, G, D);
    const seen: { loss_g: number; loss_d: readonly number[] }[] = [];
    await train(gan, { steps: c.steps, chunk: 4, onRows: (some) => seen.push(...some) });
    assert.is(seen.length, c.steps);
    seen.forEach((row, i) => {
      const options = { relative: 1e-6, absolute: TOLERANCE };
      near([row.loss_g], [expected[i].g], { ...options, what: `L_G of step ${i + 1}` });
      near(row.loss_d, expected[i].d, { ...options, what: `L_D of step ${i + 1}` });
      // Without the penalty the losses would not pass.
      if (c.divergence === 'wgan-gp') assert.ok(Math.max(...expected[i].penalty) > 0.01);
    });
    for (const [who, layers] of (await all()).entries()) {
      const name = who ? `critic ${who - 1}` : 'generator';
      const wanted = [G, ...D][who];
      const found = weights(layers);
      const off = farthest([...found, ...biases(layers)], [...weights(wanted), ...biases(wanted)]);
      assert.ok(off < TOLERANCE, `the ${name} is off by ${off}`);
      const moved = farthest(before[who], found);
      assert.ok(moved > 300 * TOLERANCE, `the ${name} moved by ${moved} only`);
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
      // g = sum_j w2_j s_j W1_j.
      const [{ w: w1, b }, { w: w2 }] = critic;
      const s = b.map((bias, j) => (x[0] * w1[0][j] + x[1] * w1[1][j] + bias > 0 ? 1 : SLOPE));
      const gradient = [0, 1].map((f) => s.reduce((sum, sj, j) => sum + w2[j][0] * sj * w1[f][j], 0));
      near([value], [(Math.hypot(...gradient) - 1) ** 2], { relative: 1e-9, absolute: 0 });
    }
  }
});

test.run();
