/** What the page says of errors whose words were written for the command line and the library. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { errorOf, troubleOf } from '../../src/page/trouble.ts';

const told = (message: string, where: string, fix: string) =>
  troubleOf(new VeilganError('CONFIG', message, { where, fix }));

test('settings are called what the form calls them', () => {
  const { message, where, fix } = told('`batch` is larger than a partition', 'batch', 'Use `batch: 64` or less');
  assert.is(message, '\u201cRows a lesson (batch size)\u201d is larger than a partition');
  assert.is(where, '\u201cRows a lesson (batch size)\u201d');
  assert.is(fix, 'Use \u201cRows a lesson (batch size)\u201d: 64 or less');
});

test('what the form does not have is not asked for', () => {
  const some = told('too little', 'noiseMultiplier', 'Raise `noiseMultiplier`, or allow a larger `epsilon`');
  assert.equal([some.where, some.fix], ['', 'allow a larger \u201cThe limit (epsilon)\u201d']);
  const none = told('in a private critic `criticNorm` means batches', 'criticNorm', 'Use `criticNorm: none`');
  assert.equal([none.message, none.fix], ['in a private critic criticNorm means batches', '']);
  const last = told('no rows', 'rows', 'Take fewer rows, or raise `population`. Then try again; or use --rows');
  assert.is(last.fix, 'Take fewer rows. Then try again');
});

test('places in files stay, and an error comes back as it was told', () => {
  const trouble = told('a cell is no number', 'a.csv, row 17, column age', 'Correct it');
  assert.is(trouble.where, 'a.csv, row 17, column age');
  const { code, message, where, fix } = errorOf(trouble);
  assert.equal({ code, message, where, fix }, trouble);
});

test.run();
