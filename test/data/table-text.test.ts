import { parse } from 'csv-parse/sync';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatDate } from '../../src/data/csv/dates.ts';
import { csvPieces, decodedCsv } from '../../src/data/csv/text.ts';
import { decodeRows } from '../../src/data/encoding/decode.ts';
import { encodeCells } from '../../src/data/encoding/encode.ts';
import { fitEncoding } from '../../src/data/encoding/encoding.ts';
import type { Column } from '../../src/data/table.ts';
import { oddTable } from './tables.ts';

test('cells are written as in the source', () => {
  const columns: Column[] = [
    { name: 'n', kind: 'integer', decimals: 0 },
    { name: 'price, net', kind: 'number', decimals: 2 },
    { name: 'day', kind: 'date', format: 'DD.MM.YYYY' },
    { name: 'a "b"', kind: 'category', values: ['x', 'y, z', 'q"', 'two\nlines', ' s'] },
    { name: 'ok', kind: 'boolean', values: ['TRUE', 'FALSE'] },
  ];
  const none = Number.NaN;
  const cells = Float64Array.of(
    ...[1e20, 1.5, 0, 0, 0],
    ...[-3, 0.1, 365, 1, 1],
    ...[none, none, none, none, none],
    ...[0, -12345678.9, -1, 2, 0],
    ...[1e6, 100, 18_321, 3, 1],
    ...[7, 0, 1, 4, 0],
  );
  const text = decodedCsv({ columns, cells });
  assert.is(
    text,
    [
      'n,"price, net",day,"a ""b""",ok',
      '100000000000000000000,1.50,01.01.1970,x,TRUE',
      '-3,0.10,01.01.1971,"y, z",FALSE',
      ',,,,',
      '0,-12345678.90,31.12.1969,"q""",TRUE',
      '1000000,100.00,29.02.2020,"two\nlines",FALSE',
      '7,0.00,02.01.1970," s",TRUE',
      '',
    ].join('\n'),
  );
  for (const rows of [1, 2, 5, 6, 7]) assert.is([...csvPieces({ columns, cells }, rows)].join(''), text);
});

test('a missing cell of the only column is no empty line', () => {
  const columns: Column[] = [{ name: 'n', kind: 'integer', decimals: 0 }];
  assert.is(decodedCsv({ columns, cells: Float64Array.of(1, Number.NaN, 2) }), 'n\n1\n""\n2\n');
});

test('another reader of CSV reads what was encoded and decoded', () => {
  const table = oddTable(1, 500, 500);
  const encoding = fitEncoding(table, { rareBelow: 0, levels: 1000 });
  const rows = decodeRows(encoding, encodeCells(table.columns, table.train, encoding), { seed: 1 });
  const text = decodedCsv(rows);
  assert.is(text, decodedCsv({ columns: table.columns, cells: table.train }));
  const [header, ...lines] = parse(text) as string[][];
  assert.equal(
    header,
    table.columns.map(({ name }) => name),
  );
  lines.forEach((line, i) => {
    line.forEach((cell, j) => {
      const [column, value] = [table.columns[j], table.train[i * line.length + j]];
      if (Number.isNaN(value)) assert.is(cell, '');
      else if ('values' in column) assert.is(cell, column.values[value]);
      else if (column.kind === 'date') assert.is(cell, formatDate(value, column.format));
      else assert.is(Number(cell), value);
    });
  });
  assert.is(lines.length, 500);
});

test.run();
