/** Tags of records: by content, number among equals and key, and by nothing else. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { tagsOf } from '../../src/privacy/tags.ts';

const key = (seed = 1) => PrivacyKey.insecure(seed).derive('tags');
const rows = [
  [1, 2],
  [3, 4],
  [1, 2],
  [0, -1],
  [1, 2],
  [3, 4],
];
const of = (list: readonly (readonly number[])[], labels?: readonly number[], seed = 1) => {
  const train = Float32Array.from(list.flat());
  const data = { train, features: 2, ...(labels ? { labels: { train: Uint32Array.from(labels) } } : {}) };
  const tags = tagsOf(data, list.length, key(seed));
  return list.map((_, i) => `${tags[2 * i]} ${tags[2 * i + 1]}`);
};

test('unlike records, and equal ones one by one, have tags of their own', () => {
  const tags = of(rows);
  assert.is(new Set(tags).size, rows.length);
});

test('a record fewer leaves the tags of all others, whichever goes and in whatever order they stand', () => {
  const whole = of(rows);
  for (let gone = 0; gone < rows.length; gone++) {
    const left = of(rows.filter((_, i) => i !== gone));
    const missing = whole.filter((tag) => !left.includes(tag));
    assert.is(missing.length, 1, `record ${gone}`);
    assert.ok(left.every((tag) => whole.includes(tag)));
    // Of equal records the last number is missing, whichever was taken away.
    const equals = whole.filter((_, i) => rows[i].join() === rows[gone].join());
    assert.is(missing[0], equals[equals.length - 1]);
  }
  assert.equal([...of([...rows].reverse())].sort(), [...whole].sort());
});

test('label and key have a say, bytes are told from one another, and rows beyond are not looked at', () => {
  assert.not.equal(of(rows, [0, 0, 0, 0, 0, 0]), of(rows, [0, 0, 0, 0, 0, 1]));
  assert.equal(of(rows, [5, 0, 0, 0, 0, 0]).slice(1), of(rows, [6, 0, 0, 0, 0, 0]).slice(1));
  assert.is(of(rows).filter((tag) => of(rows, undefined, 2).includes(tag)).length, 0);
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  const tags = tagsOf({ train: bytes, features: 3 }, 100, key());
  assert.is(tags.length, 200);
  assert.equal(tagsOf({ train: bytes, features: 3 }, 40, key()), tags.subarray(0, 80));
});

test.run();
