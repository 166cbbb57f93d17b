/** Images in the page: IDX files as they are dropped, and what is proposed for them. Run on the host. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/dataset.ts';
import { parseFeatures } from '../../src/fit/features/config.ts';
import type { Ready } from '../../src/page/protocol.ts';
import { isWeighed, lengthOf, systemsFor, usualPlan, usualSystem } from '../../src/page/steps/plan.ts';
import { configOf } from '../../src/page/worker/config.ts';
import { Shelf } from '../../src/page/worker/shelf.ts';
import { samplesOf, shownOf } from '../../src/page/worker/shown.ts';
import { gz, idx, random } from '../data/making.ts';
import { rejection } from '../support/failure.ts';

const SIDE = 4;
const COUNT = 24;
const file = (name: string, bytes: Uint8Array | string) => new File([bytes as Uint8Array<ArrayBuffer>], name);
const images = idx([COUNT, SIDE, SIDE]);
const labels = idx(
  [COUNT],
  Array.from({ length: COUNT }, (_, i) => (i * 7) % 3),
);
const test10 = idx([10, SIDE, SIDE]);
const test10labels = idx([10], new Uint8Array(10).fill(1));

async function opened(...files: readonly File[]) {
  const shelf = new Shelf();
  const found = await shelf.open({ from: 'file', files }, () => {});
  return { shelf, found, ready: await shelf.choose({ columns: [] }, () => {}), data: shelf.trained({}) as Dataset };
}

test('images with their labels are read, whatever the files are called and however they are packed', async () => {
  for (const pack of [(bytes: Uint8Array) => bytes, gz]) {
    const { found, ready, data } = await opened(file('b', pack(labels)), file('a.idx3-ubyte', pack(images)));
    assert.equal(
      [found.kind, found.name, found.rows, ready.rows, ready.holdout],
      ['images', 'a.idx3-ubyte', COUNT, COUNT, 0],
    );
    assert.equal([ready.classes, ready.even, data.shape], [3, true, [SIDE, SIDE, 1]]);
    assert.equal([...(data.train as Uint8Array)], [...random(COUNT * SIDE * SIDE)]);
    assert.equal([...(data.labels?.train ?? [])].slice(0, 4), [0, 1, 2, 0]);
  }
});

test('of four files the test images are kept back; images alone have no classes', async () => {
  const four = await opened(
    file('t10k-labels-idx1-ubyte', test10labels),
    file('t10k-images-idx3-ubyte', test10),
    file('train-labels-idx1-ubyte', labels),
    file('train-images-idx3-ubyte.gz', gz(images)),
  );
  assert.equal(
    [four.found.name, four.ready.rows, four.ready.holdout, four.ready.classes],
    ['train-images-idx3-ubyte', COUNT, 10, 3],
  );
  const alone = await opened(file('mine', images));
  assert.equal([alone.ready.rows, alone.ready.classes, alone.data.labels], [COUNT, undefined, undefined]);
  const odd = await opened(file('odd', idx([COUNT, 5, 4])));
  assert.is(odd.ready.even, false);
});

test('what does not belong together is told in a sentence', async () => {
  const bad: readonly [files: File[], code: string, says: RegExp][] = [
    [[file('l', labels)], 'DATA', /labels are there, but not their images.*both files/s],
    [[file('i', images), file('table.csv', 'a,b\n1,2\n')], 'DATA', /table\.csv holds neither images nor labels/],
    [[file('i', images), file('l', test10labels)], 'DATA', /10 labels for the 24 images/],
    [[file('a', images), file('b', test10)], 'DATA', /which of the IDX files are for training/],
    [[file('i', images.subarray(0, 90)), file('l', labels)], 'DATA', /ends early/],
    [[file('few', test10)], 'DATA', /10 rows.*at least 20/s],
    [[file('a.csv', 'a\n1'), file('b.csv', 'b\n1')], 'USAGE', /2 files.*single CSV/s],
  ];
  for (const [files, code, says] of bad) {
    const error = await rejection(new Shelf().open({ from: 'file', files }, () => {}));
    assert.is(error.code, code, error.message);
    assert.match(error.line(), says);
    assert.not.match(error.line(), /--[a-z]/);
  }
});

test('for images a guarantee is proposed, with the lengths of the command line', () => {
  const ready: Ready = { kind: 'images', rows: 3000, holdout: 500, columns: 256, classes: 10, even: true };
  assert.is(usualSystem(ready), 'dp-features');
  const plan = usualPlan('dp-features', ready);
  assert.equal([plan.epsilon, plan.delta, plan.size, plan.whole], [1, 1e-5, 'small', false]);
  assert.not(isWeighed(plan, ready));
  const own = parseFeatures({});
  const lengths = (['short', 'medium', 'long'] as const).map((length) => lengthOf(length, plan, ready));
  assert.equal(lengths, [own.steps / 2, own.steps, 2 * own.steps]);
  const data = { shape: [28, 28, 1], rows: 3000 } as unknown as Dataset;
  const small = { generatorHidden: [64, 64], projections: 500, batch: 50 };
  assert.equal(configOf(plan, data), { ...own, ...small });
  assert.equal(configOf({ ...plan, size: 'medium' }, data), own, 'medium is what the command line takes');
  const halved = configOf(plan, { ...data, shape: [30, 30, 1] } as Dataset);
  assert.equal('generatorChannels' in halved && halved.generatorChannels, own.generatorChannels.slice(0, 1));
  // Too few for a guarantee, or of a size that is not halved.
  assert.is(usualSystem({ ...ready, rows: 1900, holdout: 500 }), 'gan');
  assert.not(systemsFor({ ...ready, even: false }).includes('dp-features'));
  assert.is(usualSystem({ ...ready, even: false }), 'gan');
  assert.not(systemsFor({ kind: 'table' }).includes('dp-features'));
  assert.ok(systemsFor({ kind: 'points' }).includes('dp-features'));
});

test('samples of classes in turn are as many of each, and say which', () => {
  const data = { shape: [2, 2, 1], features: 4, columns: [], classes: ['a', 'b', 'c'] } as unknown as Dataset;
  assert.equal([shownOf(data, 3), shownOf(data, 40), shownOf(data)], [12, 40, 40]);
  const samples = samplesOf(data, new Float32Array(4 * 20), 3);
  assert.equal(samples.kind === 'images' && [samples.shape, samples.classes], [
    [12, 2, 2, 1],
    ['a', 'b', 'c'],
  ]);
  assert.not('classes' in samplesOf(data, new Float32Array(4 * 20)));
});

test.run();
