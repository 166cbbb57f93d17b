/** A generator of tables that begins with noisy shares of its columns, and the part of its loss that keeps it there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { valueAndGrad } from '../../src/autograd/grad.ts';
import { Anchor } from '../../src/gan/anchor.ts';
import { generatorNetwork } from '../../src/gan/networks/index.ts';
import { biasesFor, noiseWidth } from '../../src/gan/networks/table.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { type Block, harden } from '../../src/ops/heads.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { Player } from '../../src/train/player.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const BLOCKS: readonly Block[] = [
  { kind: 'choice', at: 0, width: 3, shares: [0.7, 0.28, 0.02] },
  { kind: 'scalar', at: 3, width: 1, shares: [] },
  { kind: 'choice', at: 4, width: 2, shares: [0.05, 0.95], presence: true },
];
const WIDTH = 6;

test('biases: the largest of normal numbers is each as often as its share', () => {
  const values = new Values(3);
  for (const shares of [
    [1],
    [0.5, 0.5],
    [0.7, 0.28, 0.02],
    [0.001, 0.999],
    Array.from({ length: 40 }, (_, i) => 2 ** -Math.min(i + 1, 39)),
  ]) {
    const b = biasesFor(shares);
    const n = 40_000;
    const found = shares.map(() => 0);
    for (let i = 0; i < n; i++) {
      const e = values.normal([shares.length]).map((x, k) => x + b[k]);
      found[e.indexOf(Math.max(...e))] += 1 / n;
    }
    // Five standard deviations, and the hundredth that the search leaves.
    for (const [k, share] of shares.entries()) {
      const most = 5 * Math.sqrt((share * (1 - share)) / n) + 0.02 * share + 1e-4;
      assert.ok(Math.abs(found[k] - share) < most, `${k} of ${shares.length}: ${found[k]}, not ${share}`);
    }
  }
});

test('before anything is learnt rows have the shares, columns are independent, numbers are spread as their curve is', async () => {
  const config = makeConfig('broward-js', { latent: 3, generatorHidden: [4] });
  const player = new Player(gpu, 'generator', generatorNetwork(config, [WIDTH], 0, BLOCKS), 1, {
    kind: 'sgd',
    rate: 1,
  });
  player.initialise(5, 1000);
  const n = 20_000;
  const x = new Values(2).normal([1, n, noiseWidth(config, BLOCKS)]);
  const soft = await player.infer(tensor(gpu, x, [1, n, noiseWidth(config, BLOCKS)])).read();
  const numbers = Array.from({ length: n }, (_, i) => soft[WIDTH * i + 3]).sort((a, b) => a - b);
  // The median is 0, the quartiles tanh(0.83 * 0.6745).
  near([numbers[n / 4], numbers[n / 2], numbers[(3 * n) / 4]], [-0.5077, 0, 0.5077], { absolute: 0.03, relative: 0 });
  const rows = harden(soft, BLOCKS);
  const share = (of: (row: Float32Array) => boolean) => {
    let count = 0;
    for (let at = 0; at < rows.length; at += WIDTH) if (of(rows.subarray(at, at + WIDTH))) count++;
    return count / n;
  };
  const found = [0, 1, 2, 4, 5].map((k) => share((row) => row[k] === 1));
  near(found, [0.7, 0.28, 0.02, 0.05, 0.95], { absolute: 0.015, relative: 0 });
  const both = share((row) => row[0] === 1 && row[5] === 1);
  near([both], [found[0] * found[4]], { absolute: 0.01, relative: 0 });
  player.dispose();
});

test('the anchor: its value equals float64, is 0 where means are met, and its gradient leads there', async () => {
  const [K, B] = [2, 5];
  const values = new Values(8);
  const y = Float32Array.from({ length: K * B * WIDTH }, () => 2 * values.stream.uniform() - 1);
  const anchor = new Anchor(gpu, BLOCKS);
  const n = K * B;
  const column = (k: number) => Array.from({ length: n }, (_, i) => y[WIDTH * i + k]);
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  // Means of Legendre polynomials of tanh(0.83 e), by a finer sum than the product's.
  const legendre = (v: number) => [
    v,
    (3 * v * v - 1) / 2,
    (5 * v ** 3 - 3 * v) / 2,
    (35 * v ** 4 - 30 * v * v + 3) / 8,
  ];
  const wanted = [0, 0, 0, 0];
  for (let i = -80_000; i <= 80_000; i++) {
    const e = i / 10_000;
    const weight = Math.exp((-e * e) / 2) / Math.sqrt(2 * Math.PI) / 10_000;
    legendre(Math.tanh(0.83 * e)).forEach((p, k) => {
      wanted[k] += weight * p;
    });
  }
  const distanceNow = () => {
    let sum = 0;
    for (const { kind, at, shares = [] } of BLOCKS) {
      if (kind === 'choice') sum += shares.reduce((all, share, k) => all + (mean(column(at + k)) - share) ** 2, 0);
      else {
        for (let k = 0; k < 4; k++) sum += (2 * k + 3) * (mean(column(at).map((v) => legendre(v)[k])) - wanted[k]) ** 2;
      }
    }
    return sum;
  };
  const at = () => tensor(gpu, y, [K, B, WIDTH]);
  const [loss, gradient] = valueAndGrad((p: { y: ReturnType<typeof at> }) => anchor.of(p.y))({ y: at() });
  near(await loss.read(), [distanceNow()], { relative: 1e-4, absolute: 1e-5 });
  const slope = await gradient.y.read();
  for (const k of [0, 3, 9, 17, 34]) {
    const h = 1e-3;
    const before = y[k];
    y[k] = before + h;
    const up = distanceNow();
    y[k] = before - h;
    const down = distanceNow();
    y[k] = before;
    near([slope[k]], [(up - down) / (2 * h)], { relative: 1e-2, absolute: 1e-3, what: `d / dy ${k}` });
  }
  anchor.dispose();
});

test.run();
