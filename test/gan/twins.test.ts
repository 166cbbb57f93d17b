/**
 * Twins: two private runs under one key on data that differ in one record, the second given the releases of the first.
 * Their sums then differ by what the record adds, at most C, in its own critic; and all else that is released is equal.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { type PrivateConfig, privateConfig } from '../../src/gan/private/config.ts';
import { privateRun } from '../../src/gan/private/run.ts';
import { Witness } from '../../src/gan/private/witness.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { train } from '../../src/train/loop.ts';
import { datasetOf } from '../support/dataset.ts';

const gpu = await open();
test.after(() => gpu.close());

const N = 14;
const SIDE = 8;
const random = new PhiloxStream(9, 'twins.test');
const points = Array.from({ length: N }, () => Float32Array.from({ length: 2 }, () => random.normal()));
points[5] = points[2];
const pictures = Array.from({ length: N }, () => Uint8Array.from({ length: SIDE * SIDE }, () => random.below(256)));
pictures[5] = pictures[2];

/** A data set of some of the records; one record more or less leaves the public number as it is. */
function dataOf(image: boolean, rows: readonly number[]) {
  const list = image ? pictures : points;
  const size = list[0].length;
  const train = image ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    train.set(list[row], i * size);
  });
  const shape = image ? [SIDE, SIDE, 1] : [2];
  const holdout = train.slice(0, 0);
  return datasetOf({ name: 't', columns: [], shape, train, holdout, meta: { origin: 'test' } });
}

const configOf = (more: Partial<PrivateConfig>): PrivateConfig =>
  privateConfig.parse({
    partitions: 1,
    batch: 6,
    // Two thirds of the records in each update, in device batches of five.
    population: 9,
    physicalBatch: 5,
    criticSteps: 2,
    generatorHidden: [6],
    criticHidden: [7],
    generatorChannels: [4, 4],
    criticChannels: [4, 6],
    kernel: 3,
    latent: 3,
    rate: 0.01,
    noiseMultiplier: 1,
    accountant: 'rdp',
    clipNorm: 0.5,
    snapshots: 1,
    steps: 2,
    ...more,
  });

interface Told {
  readonly witness: Witness;
  readonly losses: string;
  readonly state: string;
  readonly samples: string;
  readonly owners: Uint32Array;
  /** where each critic's values lie: of every parameter, the length of a critic's own part and its first place */
  readonly parts: readonly { at: number; each: number }[];
}

async function run(config: PrivateConfig, rows: readonly number[], given?: Witness, index = 0): Promise<Told> {
  const witness = new Witness(given);
  const image = config.network !== 'mlp';
  const options = { key: PrivacyKey.insecure(11), noise: index, witness };
  const { gan, begin, close } = privateRun(gpu, config, dataOf(image, rows), 5, options);
  begin(new MemoryLedgerFile('twins'));
  await gan.prepare(false);
  const losses: unknown[] = [];
  await train(gan, { steps: config.steps, onRows: (list) => losses.push(...list) });
  const { tensors, meta } = await gan.state();
  const { parts, at } = gan.critics.parameters;
  const told = {
    witness,
    losses: JSON.stringify(losses),
    state: JSON.stringify([meta, Object.entries(tensors).map(([name, t]) => [name, Array.from(t.data)])]),
    samples: JSON.stringify(Array.from(await gan.sample(20))),
    owners: gan.owners(),
    parts: Object.values(parts).map((t, i) => ({ at: at[i], each: t.length / config.partitions })),
  };
  gan.dispose();
  close();
  return told;
}

/** How far an update's sum moved, in units of C, and in which critics. */
function moved(a: Told, b: Told, update: number, { partitions, clipNorm }: PrivateConfig) {
  const [x, y] = [a.witness.updates[update].sum, b.witness.updates[update].sum];
  let square = 0;
  const critics = new Set<number>();
  for (const { at, each } of a.parts) {
    for (let i = 0; i < partitions * each; i++) {
      const d = x[at + i] - y[at + i];
      square += d * d;
      // Rounding of what is equal moves the last bits only.
      if (Math.abs(d) > 1e-4 * clipNorm) critics.add(Math.floor(i / each));
    }
  }
  return { norm: Math.sqrt(square) / clipNorm, critics: [...critics] };
}

const ALL = Array.from({ length: N }, (_, i) => i);
const CASES: Record<string, Partial<PrivateConfig>> = {
  'mlp js': {},
  'mlp js, four critics': { partitions: 4, batch: 2 },
  'mlp wgan': { divergence: 'wgan', optimizer: 'rmsprop' },
  'mlp wgan-gp': { divergence: 'wgan-gp' },
  'mlp wgan-gp, four critics, clipped by layer': {
    divergence: 'wgan-gp',
    partitions: 4,
    batch: 2,
    clipping: 'per-layer',
  },
  'mlp discrete': { mechanism: 'discrete' },
  'dcgan with dropout': { network: 'dcgan', dropout: 0.3 },
  'dcgan with dropout, automatic': { network: 'dcgan', dropout: 0.3, clipping: 'automatic' },
  'dcgan with dropout, discrete': { network: 'dcgan', dropout: 0.3, mechanism: 'discrete' },
  'dcgan wgan-gp with dropout': { network: 'dcgan', dropout: 0.3, divergence: 'wgan-gp' },
  'dcgan wgan-gp, four critics': { network: 'dcgan', divergence: 'wgan-gp', partitions: 4, batch: 2 },
  conditional: { network: 'conditional' },
  'xie wgan': { network: 'xie', divergence: 'wgan' },
};

for (const [name, more] of Object.entries(CASES)) {
  test(`${name}: one record fewer moves a sum by at most C, in one critic, and nothing else`, async () => {
    const config = configOf(more);
    const whole = await run(config, ALL);
    let most = 0;
    for (const gone of [0, 5, N - 1]) {
      const twin = await run(
        config,
        ALL.filter((row) => row !== gone),
        whole.witness,
        1,
      );
      assert.is(twin.witness.updates.length, whole.witness.updates.length);
      whole.witness.updates.forEach((_, t) => {
        const { norm, critics } = moved(whole, twin, t, config);
        assert.ok(norm <= 1.0001, `record ${gone}, update ${t}: moved by ${norm} C`);
        assert.ok(critics.length <= 1, `record ${gone}, update ${t}: critics ${critics}`);
        if (critics.length) assert.is(critics[0], whole.owners[gone]);
        most = Math.max(most, norm);
      });
      assert.is(twin.losses, whole.losses);
      assert.is(twin.state, whole.state);
      assert.is(twin.samples, whole.samples);
      // The noise of a twin is its own.
      assert.not.equal(twin.witness.updates[0].release, whole.witness.updates[0].release);
    }
    assert.ok(most > 0.1, `the largest movement is ${most} C: nothing was tested`);
  });
}

test('a witness changes nothing', async () => {
  const config = configOf({});
  const once = async (witness?: Witness) => {
    const { gan, begin, close } = privateRun(gpu, config, dataOf(false, ALL), 5, { insecureSeed: 3, witness });
    begin(new MemoryLedgerFile('twins'));
    await train(gan, { steps: 3 });
    const samples = JSON.stringify(Array.from(await gan.sample(20)));
    gan.dispose();
    close();
    return samples;
  };
  assert.is(await once(new Witness()), await once());
});

test.run();
