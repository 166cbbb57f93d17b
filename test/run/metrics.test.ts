import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MetricsWriter, readMetrics, truncateMetrics } from '../../src/run/metrics.ts';
import { failure } from '../support/failure.ts';

const test = suite<{ path: string; dir: string }>('metrics');
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'veilgan-metrics-'));
  context.path = join(context.dir, 'metrics.jsonl');
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

function write(path: string, steps: number[]): void {
  const writer = new MetricsWriter(path);
  for (const step of steps) writer.append([{ step, loss_g: step / 3, loss_d: [step, -step] }]);
  writer.sync();
  writer.close();
}

test('rows come back as they were written', ({ path }) => {
  const writer = new MetricsWriter(path);
  writer.append([]);
  writer.append([{ step: 1, loss_g: Math.fround(0.1), loss_d: [1.5, -2] }]);
  writer.append([
    { step: 2, loss_g: 1e-30, loss_d: [] },
    { step: 2, epsilon: 3 },
  ]);
  writer.close();
  assert.equal(readMetrics(path), [
    { step: 1, loss_g: Math.fround(0.1), loss_d: [1.5, -2] },
    { step: 2, loss_g: 1e-30, loss_d: [] },
    { step: 2, epsilon: 3 },
  ]);
  assert.is(readFileSync(path, 'utf8').split('\n')[0], '{"step":1,"loss_g":0.10000000149011612,"loss_d":[1.5,-2]}');
});

test('what is not finite becomes null and then NaN', ({ path }) => {
  const writer = new MetricsWriter(path);
  writer.append([{ step: 1, loss_g: Number.NaN, loss_d: [Number.POSITIVE_INFINITY, 1] }]);
  writer.close();
  assert.is(readFileSync(path, 'utf8'), '{"step":1,"loss_g":null,"loss_d":[null,1]}\n');
  const [row] = readMetrics(path);
  assert.ok(Number.isNaN(row.loss_g) && Number.isNaN((row.loss_d as number[])[0]));
});

test('no file means no rows', ({ path }) => {
  assert.equal(readMetrics(path), []);
  assert.is(truncateMetrics(path, 5), 0);
});

test('many rows, longer than a block of the reader', ({ path }) => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ step: i, loss_g: i / 7, loss_d: [i / 3, i / 9] }));
  const writer = new MetricsWriter(path);
  writer.append(rows);
  writer.close();
  assert.ok(readFileSync(path).length > 3 * 65536);
  assert.equal(readMetrics(path), rows);
  assert.is(truncateMetrics(path, 3333), 3334);
  assert.equal(readMetrics(path), rows.slice(0, 3334));
});

const damaged: [string, string, RegExp][] = [
  ['text', 'hello', /not a JSON object: "hello"/],
  ['an empty line', '', /not a JSON object/],
  ['a list', '[1]', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['no step', '{"loss_g":1}', /step is not/],
  ['half a step', '{"step":1.5}', /step is not/],
  ['a text value', '{"step":9,"loss_g":"1"}', /loss_g is not a number/],
  ['an object in a list', '{"step":9,"loss_d":[1,{}]}', /loss_d is not a number/],
  ['a step that goes back', '{"step":1}', /step 1 follows step 2/],
];
for (const [name, line, message] of damaged) {
  test(`damaged: ${name}`, ({ path }) => {
    write(path, [1, 2]);
    appendFileSync(path, `${line}\n{"step":12}\n`);
    for (const run of [() => readMetrics(path, { warn: assert.unreachable }), () => truncateMetrics(path, 100)]) {
      const error = failure(run);
      assert.match(error.message, message);
      assert.is(error.where, `${path}, line 3`);
    }
  });
}

test('a last line that was cut short is an error, or left out and told', ({ path }) => {
  write(path, [1, 2]);
  appendFileSync(path, '{"step":3,"lo');
  const error = failure(() => readMetrics(path));
  assert.match(error.message, /cut short/);
  assert.is(error.where, `${path}, line 3`);
  const told: string[] = [];
  assert.equal(
    readMetrics(path, { warn: (message) => told.push(message) }).map((row) => row.step),
    [1, 2],
  );
  assert.equal(told, [`${path}, line 3: the line is cut short and was left out`]);
});

test('a line without end is refused before it fills the memory', ({ path }) => {
  writeFileSync(path, `{"step":1}\n${'x'.repeat(3 << 20)}`);
  assert.is(failure(() => readMetrics(path)).where, `${path}, line 2`);
});

test('truncation leaves the bytes of the shorter run', ({ dir, path }) => {
  const short = join(dir, 'short.jsonl');
  write(short, [1, 2, 3, 4]);
  write(path, [1, 2, 3, 4, 5, 6]);
  appendFileSync(path, '{"step":7,"l');
  assert.is(truncateMetrics(path, 4), 4);
  assert.equal(readFileSync(path), readFileSync(short));
  assert.is(truncateMetrics(path, 4), 4);
  assert.equal(readFileSync(path), readFileSync(short));
  // A torn line directly after the last row that counts.
  appendFileSync(path, '{"step":5');
  assert.is(truncateMetrics(path, 4), 4);
  assert.equal(readFileSync(path), readFileSync(short));
  assert.is(truncateMetrics(path, 0), 0);
  assert.is(readFileSync(path).length, 0);
});

test('damage behind the checkpoint does not matter', ({ path }) => {
  write(path, [1, 2, 3]);
  appendFileSync(path, 'garbage\n');
  assert.is(truncateMetrics(path, 2), 2);
  assert.is(readMetrics(path).length, 2);
});

test('a row without a step is not written', ({ path }) => {
  const writer = new MetricsWriter(path);
  assert.is(failure(() => writer.append([{ step: 1 }, { step: Number.NaN }])).code, 'DATA');
  writer.close();
  assert.equal(readMetrics(path), []);
});

test.run();
