/** What run.json says of data: labels whose classes nobody named are noted as counted from the rows. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describe } from '../../src/run/training-data.ts';
import { datasetOf, named } from '../support/dataset.ts';

const labels = { train: Uint32Array.of(0, 2, 1), holdout: Uint32Array.of(1) };
const dataOf = (more: Record<string, unknown> = {}, meta: Record<string, unknown> = {}) =>
  datasetOf({
    name: 'd',
    columns: [],
    shape: [2, 2, 1],
    train: new Uint8Array(12),
    holdout: new Uint8Array(4),
    meta: { origin: 'test', sha256: 'x', ...meta },
    ...more,
  });

test('classes that were counted are open; named, generated or noted ones are as they say', () => {
  assert.equal(describe(dataOf({ labels })).open, [{ what: 'classes' }]);
  assert.equal(describe(dataOf({ labels, classes: ['a', 'b', 'c'] })).open, []);
  assert.equal(describe(dataOf()).open, []);
  assert.equal(describe(dataOf({ labels }, { seed: 3 })).open, []);
  assert.equal(describe(dataOf({ labels }, { open: [] })).open, []);
  const { rows, holdout, sha256, origin } = describe(dataOf({ labels }));
  assert.equal([rows, holdout, sha256, origin], [3, 1, 'x', 'test']);
});

test('a table is described by its own columns', () => {
  const table = {
    columns: [{ name: 'age', kind: 'integer', decimals: 0 } as const],
    train: new Float64Array(5),
    holdout: new Float64Array(2),
  };
  const found = describe(named({ name: 't', table, meta: { origin: 'test', split: 'hash' } }));
  assert.equal([found.rows, found.holdout, found.columns, found.split], [5, 2, ['age'], 'hash']);
  assert.not.ok('open' in found);
});

test.run();
