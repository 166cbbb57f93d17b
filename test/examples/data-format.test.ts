/**
 * From a CSV file to records that a network can learn, and back. Numbers go to [-1, 1] by a quantile curve, categories to
 * one place each, and a missing cell is a value like any other; whatever a generator makes decodes to valid rows.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blobSource, decodedCsv, decodeRows, encodeTable, fitEncoding, readTable } from 'veilgan/gan';

const text = `height,town
1.72,Ulm
1.80,Bonn
1.65,Ulm
,Bonn
1.91,Ulm
1.58,Bonn
`;

test('a table of two columns, encoded and decoded', async () => {
  const { table } = await readTable(blobSource(new Blob([text]), 'people.csv'));
  assert.equal(
    table.columns.map(({ kind }) => kind),
    ['number', 'category'],
  );
  const encoding = fitEncoding(table, { rareBelow: 1 });
  const { columns, features, train } = encodeTable(table, encoding, { name: 'people', meta: { origin: 'people.csv' } });
  assert.equal(columns, ['height', 'height=(present)', 'height=(missing)', 'town=Ulm', 'town=Bonn']);
  assert.is(features, 5);
  assert.is(decodedCsv(decodeRows(encoding, train as Float32Array, { seed: 1 })), text);
});

test.run();
