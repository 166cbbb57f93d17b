import * as fs from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createRun, openRun } from '../../src/run/directory.ts';
import { lockText } from '../../src/run/lock.ts';
import { failure } from '../support/failure.ts';
import { meta, runTests } from './made.ts';

const test = runTests('run directory');

test('a new run says all about itself and can be opened again', ({ dir }) => {
  const run = createRun(dir, meta, { now: new Date('2025-01-02T03:04:05Z') });
  assert.is(run.dir, dir);
  assert.is(run.info.format, 1);
  assert.is(run.info.created, '2025-01-02T03:04:05.000Z');
  assert.is(run.info.version.node, process.versions.node);
  assert.match(run.info.version.veilgan, /^\d+\.\d+\.\d+/);
  assert.equal(fs.readdirSync(dir).sort(), ['lock', 'run.json']);
  run.close();
  run.close();
  assert.equal(fs.readdirSync(dir), ['run.json']);
  assert.equal(openRun(dir).info, run.info);
  assert.equal(run.info.config, meta.config);
});

test('the default name has system, data, date and a free number', ({ root }) => {
  const options = { root, now: new Date(2025, 10, 3) };
  const names = [1, 2].map(() => {
    const run = createRun(undefined, meta, options);
    run.close();
    return run.dir;
  });
  assert.equal(names, [join(root, 'pargan-blobs-20251103-1'), join(root, 'pargan-blobs-20251103-2')]);
  const odd = createRun(undefined, { ...meta, data: { name: '../x y' } }, options);
  assert.is(odd.dir, join(root, 'pargan-.._x_y-20251103-1'));
  odd.close();
});

test('an output directory that exists is refused with the remedy', ({ root, dir }) => {
  const run = createRun(dir, meta);
  const before = fs.readFileSync(join(dir, 'run.json'));
  const hopeless = failure(() => createRun(dir, { ...meta, seed: 2 }));
  assert.match(hopeless.line(), /holds a run\. Choose another directory with `out`\.$/);
  run.writeCheckpoint({}, { step: '1' });
  run.close();
  const error = failure(() => createRun(dir, { ...meta, seed: 2 }));
  assert.is(error.code, 'USAGE');
  assert.match(error.line(), /holds a run.*`out`.*`resume: /);
  assert.equal(fs.readFileSync(join(dir, 'run.json')), before);

  const other = join(root, 'other');
  fs.mkdirSync(other);
  fs.writeFileSync(join(other, 'thesis.txt'), 'x');
  assert.match(failure(() => createRun(other, meta)).line(), /is not empty\. Choose another directory with `out`\.$/);
  assert.equal(fs.readdirSync(other), ['thesis.txt']);
  assert.match(failure(() => createRun(join(other, 'thesis.txt'), meta)).message, /is a file/);
  assert.is(fs.readFileSync(join(other, 'thesis.txt'), 'utf8'), 'x');
  assert.match(failure(() => createRun(join(other, 'thesis.txt', 'sub'), meta)).message, /cannot create/);
  assert.match(failure(() => createRun(undefined, meta, { root: join(other, 'thesis.txt') })).message, /cannot create/);
});

test('an empty directory is used', ({ root }) => {
  fs.writeFileSync(join(root, 'lock'), lockText(2 ** 30));
  createRun(root, meta).close();
  assert.equal(fs.readdirSync(root), ['run.json']);
});

test('a failed start leaves nothing behind', ({ root, dir }) => {
  const unwritable = { ...meta, config: { toJSON: () => assert.unreachable() } };
  assert.throws(() => createRun(dir, unwritable));
  assert.equal(fs.readdirSync(root), []);

  const run = createRun(dir, meta);
  fs.writeFileSync(run.samplePath('first.csv'), '1');
  run.abandon();
  assert.equal(fs.readdirSync(root), []);

  // A directory that was there stays, empty.
  createRun(root, meta).abandon();
  assert.equal(fs.readdirSync(root), []);
});

test('abandoning keeps what has worth', ({ dir }) => {
  const run = createRun(dir, meta);
  run.appendMetrics([{ step: 1, loss_g: 0.7, loss_d: [1.4] }]);
  run.abandon();
  assert.equal(fs.readdirSync(dir).sort(), ['metrics.jsonl', 'run.json']);
  openRun(dir, { write: true }).abandon();
  assert.equal(fs.readdirSync(dir).sort(), ['metrics.jsonl', 'run.json']);
});

const wrong: [string, (info: Record<string, unknown>) => unknown, RegExp][] = [
  ['seed as text', (info) => ({ ...info, seed: '1' }), /^field seed: /],
  ['no system', ({ system: _, ...info }) => info, /^field system: /],
  ['data without name', (info) => ({ ...info, data: {} }), /^field data\.name: /],
  [
    'a commit that is none',
    (info) => ({ ...info, version: { veilgan: '1', node: '20', git: { commit: 'x', dirty: true } } }),
    /^field version\.git\.commit: /,
  ],
  ['a list', () => [], /^the document: /],
  ['an older or foreign format', (info) => ({ ...info, format: 0 }), /^field format: /],
  ['a newer format', (info) => ({ ...info, format: 2 }), /newer VeilGAN \(format 2, known: 1\)/],
];
for (const [name, change, message] of wrong) {
  test(`run.json: ${name}`, ({ dir }) => {
    const run = createRun(dir, meta);
    run.close();
    fs.writeFileSync(join(dir, 'run.json'), JSON.stringify(change({ ...run.info })));
    const error = failure(() => openRun(dir));
    assert.is(error.code, 'FILE');
    assert.match(error.message, message);
    assert.is(error.where, join(dir, 'run.json'));
  });
}

test('run.json that is cut, or not there', ({ root, dir }) => {
  createRun(dir, meta).close();
  const text = fs.readFileSync(join(dir, 'run.json'), 'utf8');
  fs.writeFileSync(join(dir, 'run.json'), text.slice(0, 40));
  const error = failure(() => openRun(dir));
  assert.match(error.message, /not valid JSON/);
  assert.match(error.where, /run\.json(, line \d+)?$/);
  assert.match(failure(() => openRun(root)).message, /not a run directory/);
  assert.match(failure(() => openRun(join(root, 'none'))).message, /no run at/);
});

test('checkpoints: written, read, replaced, damaged', ({ dir }) => {
  const run = createRun(dir, meta);
  assert.match(failure(() => run.readCheckpoint()).message, /no checkpoint/);
  for (const step of [1, 2]) {
    run.writeCheckpoint(
      { 'g.w': { shape: [2], data: new Float32Array([step, -step]) } },
      { step: `${step}`, note: 'ü' },
    );
  }
  const { step, tensors, meta: read } = run.readCheckpoint();
  assert.is(step, 2);
  assert.equal(tensors, { 'g.w': { shape: [2], data: new Float32Array([2, -2]) } });
  assert.equal(read, { step: '2', note: 'ü' });
  assert.match(failure(() => run.writeCheckpoint({}, { step: 'x' })).message, /does not say its step/);
  assert.match(failure(() => run.writeCheckpoint({}, {})).message, /does not say its step/);
  assert.is(run.readCheckpoint().step, 2);
  run.close();

  const path = join(dir, 'checkpoint.safetensors');
  fs.truncateSync(path, fs.statSync(path).size - 1);
  const error = failure(() => openRun(dir).readCheckpoint());
  assert.match(error.where, /checkpoint\.safetensors, byte \d+$/);
});

test('a run opened to read cannot be written', ({ dir }) => {
  createRun(dir, meta).close();
  const run = openRun(dir);
  for (const write of [
    () => run.appendMetrics([{ step: 1 }]),
    () => run.writeCheckpoint({}, { step: '1' }),
    () => run.resume(),
  ]) {
    assert.throws(write, /opened to read only/);
  }
  assert.equal(fs.readdirSync(dir), ['run.json']);
});

test('samples, private files and documents', ({ dir }) => {
  const run = createRun(dir, meta);
  fs.writeFileSync(run.samplePath('a.csv'), '1');
  for (const name of ['', '.', '..', '../x', 'a/b', '/etc/x'])
    assert.throws(() => run.samplePath(name), /plain file name/);
  assert.is(run.readJson('private/attacks.json'), undefined);
  run.writeJson('private/attacks.json', { attacks: [1, Number.NaN] });
  assert.equal(run.readJson('private/attacks.json'), { attacks: [1, null] });
  run.close();
});

test.run();
