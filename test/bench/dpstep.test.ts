/** What the benchmark of private steps compares; the timing itself is no test. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configOf, DP_CASES, privateSystem, rowsOf } from '../../bench/dpstep.ts';
import { open } from '../../src/api/node.ts';
import { criticNetwork } from '../../src/gan/networks/index.ts';
import { parameterCount } from '../../src/nn/network.ts';

const gpu = await open();
test.after(() => gpu.close());

test('the critics are those of the specification', () => {
  const counts = DP_CASES.map((some) =>
    parameterCount(criticNetwork(configOf(some, 64), some.shape, some.name.startsWith('revisited') ? 10 : 0)),
  );
  assert.equal(counts, [1025, 1025, 212_865, 1_724_289]);
});

test('an update of the private critics sees as many live rows as the one without privacy', async () => {
  const [ten] = DP_CASES;
  const config = configOf(ten, 8);
  assert.equal([config.batch, config.physicalBatch, config.criticSteps], [8, 8, 1]);
  const { gan, noise } = privateSystem(gpu, config, rowsOf(ten, 80));
  const replays = gan.chunk(1);
  const counts = replays.flatMap(({ live }) => live ?? []);
  assert.ok(counts.length >= 10 && counts.every((rows) => rows === 8));
  assert.is(replays.filter(({ program }) => program.name === 'dpgan.generate').length, 1);
  await gpu.replay(replays).done();
  assert.is(gan.updates, 1);
  gan.dispose();
  noise.dispose();
});

test.run();
