/** Training rows on the device: resident or sent chunk by chunk, bytes or floats, the same bits. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { VeilganError } from '../../src/base/errors.ts';
import { floats } from '../../src/data/records.ts';
import { log } from '../../src/ops/assign.ts';
import { BYTE_UNIT } from '../../src/ops/gather.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Rows, type RowsOptions, trainingRows } from '../../src/train/rows.ts';
import { poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Bytes that hold all values, the last record among them. */
const bytesOf = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 37 + (i >> 8)) & 255);

/** The rows that steps of these chunks see, through a program, and what the rows held while it ran. */
async function seen(
  train: Float32Array | Uint8Array,
  options: RowsOptions,
  chunks: readonly number[],
  pick: (step: number, i: number) => number,
): Promise<{ out: Float32Array; chunk: number }> {
  poison(gpu, 1 << 14);
  const rows = new Rows(gpu, train, options);
  const program = gpu.capture('rows', () => scope(() => log('rows', rows.gather())));
  const out: number[] = [];
  const flying = [];
  let first = 0;
  for (const count of chunks) {
    const places = rows.send(count, (list, at, i) => {
      for (let j = 0; j < options.perStep; j++) list[at + j] = pick(first + i, j);
    });
    flying.push(gpu.replay(places.map((index, i) => ({ program, step: first + i, index }))));
    first += count;
  }
  // All are in flight together: what a later chunk sends must not reach an earlier one.
  for (const ticket of flying) for (const row of (await ticket.done()).get('rows') ?? []) out.push(...row);
  program.dispose();
  rows.dispose();
  return { out: Float32Array.from(out), chunk: rows.chunk };
}

test('the unit of a byte is that of the stored records', () => {
  sameBits(Float32Array.of(BYTE_UNIT), Float32Array.of(1 / 255));
});

for (const [records, width, perStep] of [
  [13, 7, 3],
  [64, 784, 4],
  [5, 1, 5],
  [9, 3, 1],
  [31, 4, 6],
]) {
  test(`${records} records of ${width}, ${perStep} a step: bytes and floats, resident and sent, give the same bits`, async () => {
    const bytes = bytesOf(records * width);
    const values = floats(bytes);
    const random = new Values(records);
    const steps = [4, 1, 4, 2];
    const order = Array.from({ length: 11 * perStep }, () => random.int(0, records - 1));
    order[2] = order[11 * perStep - 1] = records - 1;
    const pick = (step: number, i: number) => order[step * perStep + i];
    const expected = Float32Array.from(order.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
    const before = gpu.memory().live;
    for (const [what, train] of [
      ['bytes', bytes],
      ['floats', values],
    ] as const) {
      const common = { width, perStep, chunk: 4 };
      sameBits((await seen(train, common, steps, pick)).out, expected, `${what}, resident`);
      const limit = train.byteLength - 1;
      const few = new Array(11).fill(1);
      const sent = await seen(train, { ...common, limit }, limit < 4 * perStep * width * 4 ? few : steps, pick);
      sameBits(sent.out, expected, `${what}, sent`);
    }
    assert.is(gpu.memory().live, before, 'all is freed');
  });
}

test('a chunk shrinks to what one binding holds, and is one step at least', () => {
  const chunkOf = (options: Partial<RowsOptions>, bytes = 100 * 40) => {
    const rows = new Rows(gpu, new Uint8Array(bytes), { width: 40, perStep: 5, chunk: 16, ...options });
    rows.dispose();
    return rows.chunk;
  };
  assert.is(chunkOf({}), 16);
  assert.is(chunkOf({ limit: 4000 }), 16, 'they fit to the byte');
  assert.is(chunkOf({ limit: 3999 }), 16, '19 steps of 200 bytes');
  assert.is(chunkOf({ limit: 999 }), 4);
  assert.is(chunkOf({ limit: 200 }), 1);
  assert.is(chunkOf({ limit: 199 }), 1);
  const wide = new Rows(gpu, new Float32Array(100 * 40), { width: 40, perStep: 5, chunk: 16, limit: 3999 });
  assert.is(wide.chunk, 4, 'floats are four times as long');
  wide.dispose();
});

test('rows sent with a chunk need little memory on the device', () => {
  const before = gpu.memory().live;
  const train = new Uint8Array(1 << 20);
  const rows = new Rows(gpu, train, { width: 64, perStep: 8, chunk: 4, limit: 1 << 14 });
  assert.ok(gpu.memory().live - before < 1 << 13, `${gpu.memory().live - before} bytes`);
  rows.dispose();
  assert.is(gpu.memory().live, before);
});

test('all rows, the first ones, or an error that says how many there are', () => {
  const data = { train: new Uint8Array(30), features: 3 };
  assert.equal(
    [0, 4, 10].map((rows) => trainingRows(data, { rows })),
    [10, 4, 10],
  );
  try {
    trainingRows(data, { rows: 11 });
    assert.unreachable('was accepted');
  } catch (error) {
    assert.ok(error instanceof VeilganError);
    assert.is(error.line(), '11 rows were asked for, and the data set has 10. Give `rows: 10` or less; 0 takes all.');
  }
});

test.run();
