import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DatasetMeta } from '../../src/data/dataset.ts';
import { shareOf, shuffled } from '../../src/data/split.ts';
import type { Cells, Column } from '../../src/data/table.ts';
import { datasetOf, named } from '../support/dataset.ts';
import { failure } from '../support/failure.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Records [v, v] with a label, training and hold-out. */
function records(train: readonly number[], holdout: readonly number[], meta: Partial<DatasetMeta> = {}) {
  const of = (list: readonly number[]) => Uint8Array.from({ length: 2 * list.length }, (_, i) => list[i >> 1]);
  const labels = (list: readonly number[]) => Uint32Array.from(list, (v) => v % 7);
  return datasetOf({
    name: 'sorted',
    columns: [],
    shape: [1, 2, 1],
    train: of(train),
    holdout: of(holdout),
    labels: { train: labels(train), holdout: labels(holdout) },
    meta: { origin: 'test', ...meta },
  });
}

const every = <T>(list: ArrayLike<T>, n: number): T[] => Array.from(list).filter((_, i) => i % n === 0);

test('records keep their labels, none is lost or doubled, and the parts are mixed', () => {
  const data = records(range(0, 80), range(80, 100));
  const mixed = shuffled(data, 3);
  assert.is(mixed.meta.origin, 'test, shuffled by seed 3');
  assert.is(mixed.rows + mixed.holdoutRows, 100);
  assert.ok(Math.abs(mixed.holdoutRows - 20) < 16, `${mixed.holdoutRows}`);
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
    range(0, 100),
  );
  assert.ok(
    seen.slice(mixed.rows).some((row) => row < 80),
    'training rows go to the hold-out too',
  );
  assert.equal(Array.from(shuffled(data, 3).train), Array.from(mixed.train));
  assert.not.equal(Array.from(shuffled(data, 4).train), Array.from(mixed.train));
});

test('one record more moves no other one: neither to the other side nor past another', () => {
  const share = shareOf('0:80', '80:100');
  assert.is(share, 0.2);
  assert.equal(
    [shareOf('0:80', '80:'), shareOf(undefined, '80:100'), shareOf('0:80', undefined)],
    [undefined, undefined, undefined],
  );
  const sides = (train: readonly number[], holdout: readonly number[]) => {
    const { train: a, holdout: b, meta } = shuffled(records(train, holdout), 3, { share });
    assert.is(meta.split, 'hash');
    return [every(a, 2), every(b, 2)];
  };
  const before = sides(range(0, 80), range(80, 100));
  for (const added of [150, 151, 152, 153, 154, 7]) {
    for (const after of [
      sides([added, ...range(0, 80)], range(80, 100)),
      sides(range(0, 80), [...range(80, 100), added]),
    ]) {
      const copies = (side: readonly number[]) => side.filter((row) => row === added).length;
      assert.is(copies(after[0]) + copies(after[1]), added === 7 ? 2 : 1);
      const others = (side: readonly number[]) => side.filter((row) => row !== added);
      assert.equal(after.map(others), before.map(others));
    }
  }
  // By the sizes of the parts alone it is no hash that decides.
  assert.is(shuffled(records(range(0, 80), range(80, 100), { split: 'positions' }), 3).meta.split, 'positions');
});

test('sides that a hash chose stay, and so does a set of which nothing is held out', () => {
  const chosen = shuffled(records(range(0, 60), range(60, 90), { split: 'hash' }), 8);
  assert.equal(
    every(chosen.holdout, 2).sort((a, b) => a - b),
    range(60, 90),
  );
  assert.not.equal(every(chosen.holdout, 2), range(60, 90));
  const whole = shuffled(records(range(0, 60), []), 8);
  assert.equal([whole.rows, whole.holdoutRows, whole.meta.split], [60, 0, undefined]);
  assert.match(failure(() => shuffled(records([1], [2]), 8, { share: 1e-9 })).message, /on one side/);
});

test('rows of a table stay whole; their order is that of what they say, not of how values are numbered', () => {
  const cells = (from: number, to: number): Cells =>
    Float64Array.from({ length: 3 * (to - from) }, (_, i) => from + Math.floor(i / 3) + (i % 3) / 8);
  const columns = ['a', 'b', 'c'].map((name) => ({ name, kind: 'number' as const, decimals: 3 }));
  const people = {
    name: 't',
    table: { columns, train: cells(0, 70), holdout: cells(70, 100), label: 'c' },
    meta: { origin: 'o' },
  };
  const { table, meta } = shuffled(named(people), 5);
  assert.equal([table.label, meta.origin], ['c', 'o, shuffled by seed 5']);
  const all = [...table.train, ...table.holdout];
  const rows = every(all, 3);
  all.forEach((value, i) => {
    assert.is(value, rows[Math.floor(i / 3)] + (i % 3) / 8);
  });
  assert.not.equal(rows, range(0, 100));
  assert.equal(
    [...rows].sort((a, b) => a - b),
    range(0, 100),
  );

  const words = (values: readonly string[]) => {
    const column: Column = { name: 'w', kind: 'category', values };
    const train = Float64Array.from(['x', 'y', 'z', 'y'], (text) => values.indexOf(text));
    const made = { name: 't', table: { columns: [column], train, holdout: new Float64Array() }, meta: { origin: 'o' } };
    return Array.from(shuffled(named(made), 1).table.train, (cell) => values[cell]);
  };
  assert.equal(words(['x', 'y', 'z']), words(['z', 'x', 'y']));
});

test.run();
