import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataset } from '../../src/data/dataset.ts';
import { shuffled } from '../../src/data/shuffle.ts';

test('records keep their labels, none is lost or doubled, and the parts keep their sizes', () => {
  const data = makeDataset({
    name: 'sorted',
    columns: [],
    shape: [1, 2, 1],
    train: Uint8Array.from({ length: 160 }, (_, i) => i >> 1),
    holdout: Uint8Array.from({ length: 40 }, (_, i) => 80 + (i >> 1)),
    labels: {
      train: Uint32Array.from({ length: 80 }, (_, i) => i % 7),
      holdout: Uint32Array.from({ length: 20 }, (_, i) => (80 + i) % 7),
    },
    meta: { origin: 'test' },
  });
  const mixed = shuffled(data, 3);
  assert.equal([mixed.rows, mixed.holdoutRows, mixed.meta.origin], [80, 20, 'test, shuffled by seed 3']);
  const seen: number[] = [];
  for (const [rows, labels] of [
    [mixed.train, mixed.labels?.train],
    [mixed.holdout, mixed.labels?.holdout],
  ] as const) {
    for (let i = 0; i < rows.length; i += 2) {
      assert.is(rows[i], rows[i + 1]);
      assert.is(labels?.[i / 2], rows[i] % 7);
      seen.push(rows[i]);
    }
  }
  assert.equal(
    [...seen].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.ok(
    seen.slice(80).some((row) => row < 80),
    'training rows go to the hold-out too',
  );
  assert.equal(Array.from(shuffled(data, 3).train), Array.from(mixed.train));
  assert.not.equal(Array.from(shuffled(data, 4).train), Array.from(mixed.train));
});

test.run();
