/** What a private run's report says of what the rows decided and nobody paid for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Encoding, Open } from '../../src/data/table.ts';
import { publicBlocks, unpaidLines, unpaidOf } from '../../src/report/blocks/public.ts';
import { reportOn } from '../../src/report/compare.ts';
import type { RunFacts } from '../../src/report/facts.ts';
import { renderReport } from '../../src/report/html.ts';
import { checkedRunInfo } from '../../src/run/schema.ts';
import { EVIL, guarded, info, plain } from './facts.ts';

const ENCODING: Encoding = {
  columns: [
    { name: 'age', kind: 'number', decimals: 1, values: [0, 120], at: [-1, 1], missing: false },
    { name: 'born', kind: 'date', format: 'YYYY-MM-DD', values: [0, 9], at: [-1, 1], missing: false },
    { name: EVIL, kind: 'category', values: ['a'], missing: false },
  ],
  from: 'paid',
  paid: { epsilon: 0.4, delta: 1e-6 },
};

const words = (blocks: ReturnType<typeof publicBlocks>) =>
  renderReport({ title: '', blocks })
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
const told = (open: readonly Open[] | undefined, data: object = {}) => {
  const made = info('dpgan');
  return words(publicBlocks({ ...made, data: { ...made.data, ...data }, encoding: { ...ENCODING, open } }));
};

test('items that the rows decided are named, with what to do; without any it says so', () => {
  const some = told([
    { what: 'kind', column: 'born' },
    { what: 'kind', column: EVIL },
    { what: 'decimals', column: 'age' },
    { what: 'format', column: 'born' },
    { what: 'left-out', column: 'id' },
  ]);
  assert.match(some, /Public, and not paid for/);
  assert.match(some, /The guarantee takes it as known to everybody/);
  assert.match(some, /the kind of columns \(number, category, date\), and that they are in the table born, &lt;script/);
  assert.match(some, /how many decimals numbers are written with age/);
  assert.match(some, /the format of dates born/);
  assert.match(some, /as identifiers, free text or without values id/);
  assert.match(some, /--schema-out SCHEMA\.json/);
  const none = told([]);
  assert.match(none, /Nothing was taken from the rows without being paid for/);
  assert.not.match(none, /found in the private rows/);
  assert.match(none, /the form of the file \(its header, separators/);
});

test('a run from before it was noted names all that may have been', () => {
  const old = told(undefined);
  assert.match(old, /in the table age, born, /);
  assert.match(old, /the format of dates born/);
  assert.match(old, /which columns, if any, was not noted/);
  const bare = info('dpgan', { labels: 'condition' });
  assert.equal(unpaidOf(bare), [{ what: 'classes' }]);
  assert.equal(unpaidOf(info('dpgan')), []);
  // Sums of features are by class, whatever `labels` would say.
  const fitted = { ...bare, config: { classCounts: 'balanced' } };
  assert.equal(unpaidOf(fitted), [{ what: 'classes' }]);
  assert.match(JSON.stringify(publicBlocks(fitted)), /classes are assumed to have equally many records/);
  const made = { ...bare, data: { ...bare.data, open: [{ what: 'classes' }, { what: 'numbers' }] } };
  assert.equal(unpaidLines(unpaidOf(made)).length, 2);
  assert.equal(unpaidOf({ ...made, config: { labels: 'ignore' } }), [{ what: 'numbers' }]);
  assert.equal(unpaidOf({ ...made, data: { ...made.data, open: [] } }), []);
});

test('how rows were chosen: by position the relation is one with fixed sides, whichever it is', () => {
  assert.match(told([], { split: 'positions' }), /one record zeroed out.*of which all others stay on their side/);
  assert.match(told([], { split: 'hash' }), /keyed hash of its own cells/);
  // A set from before it was noted, of which rows are held out.
  assert.match(told([]), /one record zeroed out.*of which all others stay on their side/);
  assert.match(told([], { holdout: 0 }), /No rows were chosen/);
  const made = info('dpgan', { rows: 100 });
  const some = words(publicBlocks({ ...made, data: { ...made.data, split: 'hash' }, encoding: ENCODING }));
  assert.match(some, /The first rows of the data set were trained on.*stay on their side/);
});

test('reports of private runs have the block, others have none; run.json keeps the items', async () => {
  const page = async (facts: RunFacts) => renderReport(await reportOn([facts]));
  assert.ok((await page(guarded())).includes('Public, and not paid for'));
  assert.not.ok((await page(plain())).includes('Public, and not paid for'));
  const open: Open[] = [{ what: 'left-out', column: 'id' }, { what: 'left-out' }];
  const stored = { ...info('dpgan'), version: { veilgan: '0' }, encoding: { ...ENCODING, open } };
  assert.equal(checkedRunInfo(JSON.parse(JSON.stringify(stored)), 'run.json').encoding?.open, open);
  const { open: _, ...before } = stored.encoding;
  assert.is(checkedRunInfo(JSON.parse(JSON.stringify({ ...stored, encoding: before })), 'x').encoding?.open, undefined);
});

test.run();
