/** Several steps of narrow image networks against float64: what one step of the full ones does not show. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { train } from '../../src/train/loop.ts';
import { near, sameBits } from '../support/values.ts';
import { Twin } from './reference-images-run.ts';

const gpu = await open();
test.after(() => gpu.close());

const width = 1 / 32;
const STEPS = 5;

// Ten rows in a partition and three in a batch: a second epoch begins with the fourth step. SGD, since the others make
// full steps of gradients that are rounding alone.
for (const [title, preset, fields] of [
  ['JS', 'mnist-js', {}],
  ['JS as in the notebooks', 'cifar10-js', { loss: 'tf21' }],
  ['JS, no dropout', 'mnist-js', { dropout: 0, criticSteps: 3 }],
  ['WGAN-GP', 'mnist-wgan-gp', { criticSteps: 4 }],
  ['WGAN-GP', 'cifar10-wgan-gp', { partitions: 1 }],
] as const) {
  test(`${preset}, narrow, ${title}: ${STEPS} steps equal float64`, async () => {
    const settings = { batch: 3, partitions: 3, criticSteps: 2, rate: 0.02, optimizer: 'sgd', ...fields } as const;
    const twin = await Twin.of(gpu, preset, settings, { width, rows: 10 });
    assert.is(twin.gan.batches.stepsPerEpoch, 3);
    const expected = Array.from({ length: STEPS }, () => twin.step());
    const seen: { loss_g: number; loss_d: readonly number[] }[] = [];
    await train(twin.gan, { steps: STEPS, chunk: 2, onRows: (rows) => seen.push(...rows) });
    for (const [i, row] of seen.entries()) {
      near([row.loss_g], [expected[i].g], { relative: 2e-4, absolute: 1e-5, what: `L_G of step ${i + 1}` });
      near(row.loss_d, expected[i].d, { relative: 2e-4, absolute: 1e-5, what: `L_D of step ${i + 1}` });
    }
    assert.is(seen.length, STEPS);
    await twin.check(1e-3);
    twin.gan.dispose();
  });
}

test('masks, batches and moving averages do not depend on how steps are cut into chunks', async () => {
  const ends = [];
  for (const chunk of [1, 2, 4]) {
    const { gan } = await Twin.of(
      gpu,
      'mnist-wgan-gp',
      { batch: 3, partitions: 2, criticSteps: 2 },
      { width, rows: 7 },
    );
    await train(gan, { steps: 4, chunk });
    ends.push((await gan.state()).tensors);
    gan.dispose();
  }
  for (const other of ends.slice(1)) {
    assert.equal(Object.keys(other), Object.keys(ends[0]));
    for (const [name, { data }] of Object.entries(other)) sameBits(data, ends[0][name].data, name);
  }
});

test.run();
