/** Generators of table records: heads by column, noise of their own, and a training that finds a small table's law. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { generatorNetwork } from '../../src/gan/networks/index.ts';
import { noiseWidth } from '../../src/gan/networks/table.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import type { Block } from '../../src/ops/heads.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { train } from '../../src/train/loop.ts';
import { Player } from '../../src/train/player.ts';
import { near, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** A choice of three, a number, a choice of two. */
const BLOCKS: readonly Block[] = [
  { kind: 'choice', at: 0, width: 3 },
  { kind: 'scalar', at: 3, width: 1 },
  { kind: 'choice', at: 4, width: 2 },
];
const WIDTH = 6;

/** The first choice has probabilities .6, .3, .1; the number is about -0.5, 0, 0.5 by it; the last choice follows its sign. */
function table(rows: number): Float32Array {
  const values = new Values(9);
  const out = new Float32Array(rows * WIDTH);
  for (let at = 0; at < out.length; at += WIDTH) {
    const u = values.stream.uniform();
    const choice = u < 0.6 ? 0 : u < 0.9 ? 1 : 2;
    out[at + choice] = 1;
    out[at + 3] = Math.tanh(0.5 * (choice - 1) + 0.1 * values.stream.normal());
    out[at + (out[at + 3] > 0 ? 4 : 5)] = 1;
  }
  return out;
}

test('the generator: mlp(z) + gain e through the heads, equal to float64', async () => {
  const config = makeConfig('broward-js', { latent: 3, generatorHidden: [4], temperature: 0.5 });
  assert.is(noiseWidth(config, BLOCKS), 3 + WIDTH);
  assert.is(noiseWidth(config), 3);
  const network = generatorNetwork(config, [WIDTH], 0, BLOCKS);
  assert.equal(network.shapes(1), {
    '0.weight': [1, 3, 4],
    '0.bias': [1, 4],
    '1.weight': [1, 4, 6],
    '1.bias': [1, 6],
    gain: [1, 6],
  });
  const player = new Player(gpu, 'generator', network, 1, { kind: 'sgd', rate: 1 });
  player.initialise(5, 1000);
  const p = Object.fromEntries(
    await Promise.all(
      Object.entries(player.parameters.parts).map(async ([name, t]) => [name, await t.read()] as const),
    ),
  );
  assert.equal(Array.from(p.gain), [1, 1, 1, 1, 1, 1]);
  const x = new Values(2).normal([1, 2, 9]);
  const made = await player.infer(tensor(gpu, x, [1, 2, 9])).read();
  const expected: number[] = [];
  for (let row = 0; row < 2; row++) {
    const [z, e] = [x.subarray(9 * row, 9 * row + 3), x.subarray(9 * row + 3, 9 * row + 9)];
    const hidden = Array.from({ length: 4 }, (_, j) => {
      const v = z.reduce((sum, zi, i) => sum + zi * p['0.weight'][4 * i + j], p['0.bias'][j]);
      return v > 0 ? v : config.slope * v;
    });
    const logits = Array.from(
      { length: 6 },
      (_, j) => hidden.reduce((sum, h, i) => sum + h * p['1.weight'][6 * i + j], p['1.bias'][j]) + p.gain[j] * e[j],
    );
    const soft = (list: number[]) => {
      const each = list.map((v) => Math.exp(v / 0.5));
      return each.map((v) => v / each.reduce((a, b) => a + b));
    };
    expected.push(...soft(logits.slice(0, 3)), Math.tanh(logits[3]), ...soft(logits.slice(4)));
  }
  near(made, expected, { relative: 1e-4, absolute: 1e-5 });
  player.dispose();
});

test('a short training finds shares and dependences; samples depend on seed, stream and row only', async () => {
  const before = gpu.memory().live;
  const data = { train: table(1000), features: WIDTH, blocks: BLOCKS };
  const fields = { partitions: 2, latent: 4, generatorHidden: [32], criticHidden: [64], rate: 1e-3, snapshotEvery: 50 };
  const gan = new ParGan(gpu, makeConfig('broward-js', fields), data, 3);
  await train(gan, { steps: 900 });
  const rows = await gan.sample(2000);
  sameBits(await gan.sample(2000), rows);
  sameBits((await gan.sample(150)).slice(), rows.slice(0, 150 * WIDTH));
  const shares = [0, 0, 0];
  let follow = 0;
  for (let at = 0; at < rows.length; at += WIDTH) {
    const row = rows.subarray(at, at + WIDTH);
    for (const part of [row.subarray(0, 3), row.subarray(4, 6)]) {
      near([part.reduce((a, b) => a + b)], [1], { absolute: 1e-5 });
      assert.ok(part.every((v) => v >= 0));
    }
    assert.ok(Math.abs(row[3]) <= 1);
    shares[row.indexOf(Math.max(row[0], row[1], row[2]))] += 1 / 2000;
    if (row[4] > row[5] === row[3] > 0) follow += 1 / 2000;
  }
  near(shares, [0.6, 0.3, 0.1], { absolute: 0.09, relative: 0, what: 'shares' });
  assert.ok(follow > 0.85, `the last choice follows the sign in ${follow} of the rows`);
  gan.dispose();
  assert.is(gpu.memory().live, before);
});

test.run();
