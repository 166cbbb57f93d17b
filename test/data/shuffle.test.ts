import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataset } from '../../src/data/dataset.ts';
import { shuffled, shuffledTable } from '../../src/data/shuffle.ts';

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

test('rows of a table stay whole', () => {
  const cells = (from: number, to: number) =>
    Float64Array.from({ length: 3 * (to - from) }, (_, i) => from + Math.floor(i / 3) + (i % 3) / 8);
  const columns = ['a', 'b', 'c'].map((name) => ({ name, kind: 'number' as const, decimals: 3 }));
  const named = {
    name: 't',
    table: { columns, train: cells(0, 70), holdout: cells(70, 100), label: 'c' },
    meta: { origin: 'o' },
  };
  const { table, meta } = shuffledTable(named, 5);
  assert.equal(
    [table.train.length, table.holdout.length, table.label, meta.origin],
    [210, 90, 'c', 'o, shuffled by seed 5'],
  );
  const all = [...table.train, ...table.holdout];
  const rows = Array.from({ length: 100 }, (_, i) => all[3 * i]);
  all.forEach((value, i) => assert.is(value, rows[Math.floor(i / 3)] + (i % 3) / 8));
  assert.not.equal(rows, Array.from(rows.keys()));
  assert.equal(
    [...rows].sort((a, b) => a - b),
    Array.from(rows.keys()),
  );
});

test.run();
