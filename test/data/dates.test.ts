/** Dates by format: against the platform's own calendar. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { dateFormats, formatDate, hasTime, isDateFormat, parseDate } from '../../src/data/csv/dates.ts';

const FORMATS = [
  ...['YYYY-MM-DD', 'DD.MM.YYYY', 'MM/DD/YYYY', 'D/M/YYYY', 'YYYY/M/D', 'YYYYMMDD'],
  ...['YYYY-MM-DD HH:MM', 'YYYY-MM-DDTHH:MM:SS', 'M/D/YYYY H:MM', 'YYYY-MM-DDTHH:MM:SS.fffZ', 'DD-MM-YYYY HH:MM:SS'],
];

test('hand values', () => {
  assert.is(parseDate('1970-01-01', 'YYYY-MM-DD'), 0);
  assert.is(parseDate('01.03.2000', 'DD.MM.YYYY'), 11_017);
  assert.is(parseDate('12/31/1969', 'MM/DD/YYYY'), -1);
  assert.is(parseDate('1970-01-02T00:01:05', 'YYYY-MM-DDTHH:MM:SS'), 86_465);
  assert.is(parseDate('1970-01-01 00:00:01.25', 'YYYY-MM-DD HH:MM:SS.ff'), 1.25);
  assert.is(formatDate(11_016, 'D.M.YYYY'), '29.2.2000');
  assert.is(formatDate(86_465, 'M/D/YYYY H:MM'), '1/2/1970 0:01');
  assert.is(formatDate(1.25, 'YYYY-MM-DDTHH:MM:SS.fZ'), '1970-01-01T00:00:01.3Z');
});

test('random moments: the number that Date gives, and back to the same text', () => {
  const stream = new PhiloxStream(5, 'dates');
  for (let i = 0; i < 500; i++) {
    const seconds = (stream.below(2 ** 31) - 2 ** 30) * 50 + stream.below(50);
    const iso = new Date(seconds * 1000).toISOString();
    assert.is(parseDate(`${iso.slice(0, 19)}`, 'YYYY-MM-DDTHH:MM:SS'), seconds);
    assert.is(parseDate(iso, 'YYYY-MM-DDTHH:MM:SS.fffZ'), seconds);
    assert.is(parseDate(iso.slice(0, 10), 'YYYY-MM-DD'), Math.floor(seconds / 86_400));
    for (const format of FORMATS) {
      const value = hasTime(format) ? seconds : Math.floor(seconds / 86_400);
      const text = formatDate(value, format);
      assert.is(formatDate(parseDate(text, format), format), text, format);
      if (/SS/.test(format) || !hasTime(format)) assert.is(parseDate(text, format), value, `${format} ${text}`);
    }
  }
});

test('no such day or hour, other marks, rubbish: NaN', () => {
  for (const text of [
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-1-1',
    '2024/01/01',
    ' 2024-01-01',
    '0000-01-01',
    '',
  ]) {
    assert.ok(Number.isNaN(parseDate(text, 'YYYY-MM-DD')), text);
  }
  assert.is(parseDate('2024-02-29', 'YYYY-MM-DD'), 19_782);
  assert.ok(Number.isNaN(parseDate('2024-01-01 24:00', 'YYYY-MM-DD HH:MM')));
  assert.ok(Number.isNaN(parseDate('2024-01-01 23:60', 'YYYY-MM-DD HH:MM')));
});

test('generated values: rounded to what is shown, held within four-digit years, missing is empty', () => {
  assert.is(formatDate(0.6, 'YYYY-MM-DD'), '1970-01-02');
  assert.is(formatDate(86_399.7, 'YYYY-MM-DD HH:MM:SS'), '1970-01-02 00:00:00');
  assert.is(formatDate(86_399.7, 'YYYY-MM-DD HH:MM'), '1970-01-02 00:00');
  assert.is(formatDate(1e12, 'YYYY-MM-DD'), '9999-12-31');
  assert.is(formatDate(-1e20, 'YYYY-MM-DD HH:MM'), '0001-01-01 00:00');
  assert.is(formatDate(Number.NaN, 'YYYY-MM-DD'), '');
});

test('formats that a text may have, the best first', () => {
  const first = (text: string) => dateFormats(text)[0];
  assert.is(first('2024-03-01'), 'YYYY-MM-DD');
  assert.is(first('2024-03-01T10:20:30Z'), 'YYYY-MM-DDTHH:MM:SSZ');
  assert.is(first('2024-03-01 10:20:30.250+00:00'), 'YYYY-MM-DD HH:MM:SS.fff+00:00');
  assert.is(first('1.3.2024'), 'D.M.YYYY');
  assert.is(first('13.03.2024'), 'DD.MM.YYYY');
  assert.is(first('25/12/2024'), 'DD/MM/YYYY');
  assert.equal(dateFormats('03/04/2024'), ['MM/DD/YYYY', 'DD/MM/YYYY', 'M/D/YYYY', 'D/M/YYYY']);
  assert.is(first('3/14/2024 9:05'), 'M/D/YYYY H:MM');
  for (const text of ['2024', '1.5', '12.5.24', '2024-13-45', '10:20', 'May 3, 2024', '1/2-2024', '5,000']) {
    assert.equal(dateFormats(text), [], text);
  }
  for (const text of ['2024-03-01', '31/12/1999 23:59', '7.7.1907']) {
    for (const format of dateFormats(text)) assert.ok(isDateFormat(format), format);
  }
});

test('what is a format', () => {
  for (const format of FORMATS) assert.ok(isDateFormat(format), format);
  for (const format of [
    '',
    'YYYY',
    'YYYY-MM',
    'YYYY-MM-MM',
    'YYYY-MM-DD HH',
    'YYYY-MM-DD SS',
    'HH:MM',
    'YYYY-MM-DD HH:MM.f',
  ]) {
    assert.not.ok(isDateFormat(format), format);
  }
});

test.run();
