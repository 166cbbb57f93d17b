/** Runs in memory: the same as a run directory says, and whole again from the one file that they are kept as. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ledgerFile } from '../../src/privacy/ledger/disk.ts';
import { createLedger, openLedger, readLedger } from '../../src/privacy/ledger/ledger.ts';
import { createRun } from '../../src/run/directory.ts';
import { MemoryRun } from '../../src/run/memory-run.ts';
import type { NewRun, Run } from '../../src/run/run.ts';
import { codeOf } from '../support/values.ts';

const meta: NewRun = { system: 'dpgan', data: { name: 'blobs' }, seed: 3, config: { steps: 9 }, adapter: {} };
const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-memory-'));
test.after(() => fs.rmSync(root, { recursive: true }));

const TERMS = {
  mechanism: 'gaussian',
  sampler: 'poisson',
  relation: 'add-remove',
  bound: 1,
  divisor: 8,
  partitions: 1,
};
const tensors = () => ({
  'a.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 1e-30, -0) },
  b: { shape: [1], data: Float32Array.of(7) },
});
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ step: from + i + 1, loss_g: i / 3, loss_d: [i, 1 / (i + 7)] }));

/** What a training does with a run. */
function train(run: Run): void {
  const ledger = createLedger(run.ledgerFile(), TERMS);
  ledger.append({ from: 0, to: 5, q: 0.1, sigma: 1.5 });
  run.appendMetrics(rows(0, 5));
  run.writeCheckpoint(tensors(), { step: '5', updates: '5' });
  run.writeJson('private/attacks.json', { attacks: [], odd: Number.NaN });
  run.appendMetrics(rows(5, 8));
  ledger.append({ from: 5, to: 8, q: 0.1, sigma: 1.5 });
  ledger.close();
}

const seen = (run: Run) => ({
  rows: run.readMetrics(),
  checkpoint: run.readCheckpoint(),
  document: run.readJson('private/attacks.json'),
  none: run.readJson('private/quality.json'),
  current: run.isCurrent('private/attacks.json'),
  totals: readLedger(run.ledgerFile()).totals(),
});

test('what a training leaves in memory is what it leaves in a directory, byte for byte', () => {
  const disk = createRun(join(root, 'a'), meta);
  const memory = new MemoryRun('m', disk.info);
  for (const run of [disk, memory] as Run[]) {
    assert.not.ok(run.hasCheckpoint());
    train(run);
  }
  assert.equal(seen(memory), seen(disk));
  const files = memory.files();
  assert.equal(Object.keys(files).sort(), [
    'checkpoint.safetensors',
    'ledger.jsonl',
    'metrics.jsonl',
    'private/attacks.json',
    'run.json',
  ]);
  for (const name of ['checkpoint.safetensors', 'ledger.jsonl', 'metrics.jsonl', 'run.json']) {
    assert.equal(Buffer.from(files[name]), fs.readFileSync(join(root, 'a', name)), name);
  }
  for (const run of [disk, memory] as Run[]) {
    assert.is(run.resume().step, 5);
    assert.is(run.readMetrics().length, 5);
  }
  disk.close();
});

test('a document is of the run as it is until the next checkpoint', () => {
  const run = new MemoryRun('m', { format: 1, ...meta, created: '2025-01-02T03:04:05Z', version: { veilgan: '1' } });
  run.writeCheckpoint(tensors(), { step: '1' });
  assert.not.ok(run.isCurrent('x.json'));
  run.writeJson('x.json', { a: 1 });
  assert.ok(run.isCurrent('x.json'));
  run.writeCheckpoint(tensors(), { step: '2' });
  assert.not.ok(run.isCurrent('x.json'));
  assert.equal(run.readJson('x.json'), { a: 1 });
});

test('it is kept after each checkpoint as one file, of which it is made again', async () => {
  const info = { format: 1 as const, ...meta, created: '2025-01-02T03:04:05Z', version: { veilgan: '1' } };
  const states: Uint8Array[] = [];
  const run = new MemoryRun('m', info, { keep: (bytes) => states.push(bytes) });
  train(run);
  assert.is(states.length, 1);
  const ledger = run.ledgerFile();
  const again = MemoryRun.fromBytes('m', states[0], { ledger });
  assert.equal(again.info, info);
  assert.equal(again.readCheckpoint(), run.readCheckpoint());
  assert.is(again.readMetrics().length, 5);
  const later = MemoryRun.fromBytes('m', run.bytes(), { ledger });
  assert.equal(seen(later), seen(run));
  // The ledger went on without the checkpoint: what is repeated is paid for again.
  const book = openLedger(again.ledgerFile(), {
    terms: TERMS,
    head: { line: 2, hash: hashOf(ledger.read()) },
    updates: 5,
  });
  book.append({ from: 5, to: 8, q: 0.1, sigma: 1.5 });
  assert.is(book.totals()[0].steps, 11);
  book.close();
  assert.is(await codeOf(() => MemoryRun.fromBytes('m', states[0].subarray(0, states[0].length - 1))), 'FILE');
  assert.is(await codeOf(() => MemoryRun.fromBytes('m', new Uint8Array(0))), 'FILE');
  assert.is(await codeOf(() => new MemoryRun('m', info).bytes()), 'FILE');
  assert.is(await codeOf(() => run.appendMetrics([{ step: -1 }])), 'DATA');
  assert.is(await codeOf(() => createLedger(run.ledgerFile(), TERMS)), 'FILE');
});

/** Of the ledger's second line. */
const hashOf = (bytes: Uint8Array | undefined): string =>
  (JSON.parse(new TextDecoder().decode(bytes).split('\n')[1]) as { hash: string }).hash;

test('a ledger in memory has the bytes of one on a disk', () => {
  const disk = ledgerFile(join(root, 'ledger.jsonl'));
  const memory = new MemoryRun('m', { format: 1, ...meta, created: '', version: { veilgan: '1' } }).ledgerFile();
  for (const file of [disk, memory]) {
    const ledger = createLedger(file, { ...TERMS, note: 'Grüße \u{1f600}' });
    for (let at = 0; at < 30; at += 7) ledger.append({ from: at, to: at + 7, q: 0.25, sigma: 2 });
    ledger.close();
  }
  assert.equal(Buffer.from(memory.read() ?? []), Buffer.from(disk.read() ?? []));
});

test.run();
