import { fork } from 'node:child_process';
import fs, { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ledgerFile } from '../../src/privacy/ledger/disk.ts';
import {
  createLedger,
  type Ledger,
  type LedgerTerms,
  openLedger,
  readLedger,
} from '../../src/privacy/ledger/ledger.ts';
import { failure } from '../support/failure.ts';

const TERMS: LedgerTerms = {
  mechanism: 'gaussian',
  sampler: 'poisson',
  relation: 'add-remove',
  bound: 1,
  divisor: 128,
  partitions: 1,
  clipping: 'flat',
  insecure: false,
};
const START = { line: 0, hash: '0'.repeat(64) };

const CHILD = process.env.VEILGAN_TEST_LEDGER;
if (CHILD) {
  // A training that pays and then does what it paid for, until it is killed.
  const ledger = resume(join(CHILD, 'ledger.jsonl'));
  process.once('disconnect', () => process.exit());
  process.send?.('running');
  for (let from = ledger.reach; ; from += 7) {
    ledger.append({ from, to: from + 7, q: 0.01, sigma: 1.5 });
    appendFileSync(join(CHILD, 'updates'), '1234567');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function resume(path: string, more: Partial<Parameters<typeof openLedger>[1]> = {}): Ledger {
  return openLedger(ledgerFile(path), { terms: TERMS, head: START, updates: 0, warn: () => {}, ...more });
}

const test = suite<{ dir: string; path: string }>('ledger');
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'veilgan-ledger-'));
  context.path = join(context.dir, 'ledger.jsonl');
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** A ledger of `chunks` chunks of ten updates. */
function write(path: string, chunks: number): void {
  const ledger = createLedger(ledgerFile(path), TERMS);
  for (let i = 0; i < chunks; i++) ledger.append({ from: 10 * i, to: 10 * i + 10, q: 0.01, sigma: i < 2 ? 1 : 2 });
  ledger.close();
}

const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const totals = (path: string) => readLedger(ledgerFile(path)).totals();

test('what was paid adds up by q and sigma, and goes on after a resume', ({ path }) => {
  write(path, 3);
  assert.equal(totals(path), [
    { q: 0.01, sigma: 1, steps: 20 },
    { q: 0.01, sigma: 2, steps: 10 },
  ]);
  const ledger = resume(path, { updates: 30 });
  assert.is(ledger.reach, 30);
  ledger.append({ from: 30, to: 31, q: 0.5, sigma: 2 });
  // Updates that a crash undid are repeated with new noise, and paid again.
  ledger.append({ from: 5, to: 40, q: 0.01, sigma: 1 });
  ledger.close();
  const want = [
    { q: 0.01, sigma: 1, steps: 55 },
    { q: 0.01, sigma: 2, steps: 10 },
    { q: 0.5, sigma: 2, steps: 1 },
  ];
  assert.equal(totals(path), want);
  assert.equal(ledger.totals(), want);
  assert.equal(readLedger(ledgerFile(path)).head, ledger.head);
  assert.equal(
    lines(path).map((line) => JSON.parse(line).kind),
    ['terms', 'spend', 'spend', 'spend', 'resume', 'spend', 'spend'],
  );
  assert.equal(readLedger(ledgerFile(path)).terms, TERMS);
});

test('updates that are paid again count again, and leave what is paid beyond them paid', ({ path }) => {
  const ledger = createLedger(ledgerFile(path), TERMS);
  ledger.append({ from: 0, to: 40, q: 0.01, sigma: 1 });
  ledger.append({ from: 10, to: 20, q: 0.01, sigma: 1 });
  assert.is(ledger.reach, 40);
  ledger.append({ from: 40, to: 41, q: 0.01, sigma: 1 });
  ledger.close();
  const read = readLedger(ledgerFile(path));
  assert.equal([read.reach, read.totals()], [41, [{ q: 0.01, sigma: 1, steps: 51 }]]);
});

test('partitions pay alone or together', ({ path }) => {
  const ledger = createLedger(ledgerFile(path), { ...TERMS, partitions: 3 });
  ledger.append({ from: 0, to: 4, q: 0.1, sigma: 1 });
  ledger.append({ from: 4, to: 6, q: 0.2, sigma: 1, partition: 0 }, { from: 4, to: 6, q: 0.1, sigma: 1, partition: 2 });
  assert.is(ledger.reach, 4);
  assert.is(failure(() => ledger.append({ from: 5, to: 6, q: 0.1, sigma: 1, partition: 1 })).code, 'CONFIG');
  assert.is(failure(() => ledger.append({ from: 6, to: 7, q: 0.1, sigma: 1, partition: 3 })).code, 'CONFIG');
  assert.is(failure(() => ledger.append({ from: 6, to: 7, q: 0.1, sigma: 1 })).code, 'CONFIG');
  ledger.close();
  const read = readLedger(ledgerFile(path));
  assert.equal(
    [0, 1, 2].map((k) => read.totals(k)),
    [
      [
        { q: 0.1, sigma: 1, steps: 4 },
        { q: 0.2, sigma: 1, steps: 2 },
      ],
      [{ q: 0.1, sigma: 1, steps: 4 }],
      [{ q: 0.1, sigma: 1, steps: 6 }],
    ],
  );
});

test('every byte counts: any change of any line is refused, naming it', ({ path }) => {
  write(path, 4);
  const whole = readFileSync(path);
  const text = whole.toString();
  for (let at = 0; at < whole.length; at += 7) {
    const edited = Buffer.from(whole);
    edited[at] ^= at % 2 ? 1 : 16;
    writeFileSync(path, edited);
    const error = failure(() => readLedger(ledgerFile(path)));
    const number = text.slice(0, at).split('\n').length;
    // A newline that is gone joins two lines; one that came in splits one.
    assert.is(error.code, 'FILE');
    assert.match(error.where, new RegExp(`line ${number}$`));
  }
});

test('lines removed, swapped, doubled or from another ledger are refused', ({ path, dir }) => {
  write(path, 4);
  const all = lines(path);
  const other = join(dir, 'other');
  createLedger(ledgerFile(other), { ...TERMS, divisor: 64 }).close();
  const put = (list: string[]) => writeFileSync(path, list.map((line) => `${line}\n`).join(''));
  const swapped = [all[0], all[2], all[1], all[3], all[4]];
  for (const list of [
    all.slice(1),
    all.toSpliced(2, 1),
    swapped,
    [...all, all[4]],
    [...lines(other), ...all.slice(1)],
  ]) {
    put(list);
    const error = failure(() => readLedger(ledgerFile(path)));
    assert.is(error.code, 'FILE');
    assert.match(error.message, /damaged/);
  }
  put([]);
  assert.is(failure(() => readLedger(ledgerFile(path))).code, 'FILE');
  // A whole line of ours that pays for a gap, with right hashes, is refused too.
  put(all);
  const gap = resume(path);
  assert.match(failure(() => gap.append({ from: 41, to: 50, q: 0.01, sigma: 1 })).message, /nobody paid/);
  gap.close();
});

test('a missing ledger is refused, and a new one does not replace an old one', ({ path }) => {
  assert.match(failure(() => readLedger(ledgerFile(path))).message, /no ledger/);
  assert.match(failure(() => resume(path)).message, /no ledger/);
  write(path, 1);
  assert.is(failure(() => createLedger(ledgerFile(path), TERMS)).code, 'FILE');
  assert.equal(totals(path), [{ q: 0.01, sigma: 1, steps: 10 }]);
});

test('cut short anywhere: whole lines count, a torn one is told, and the ledger goes on', ({ path }) => {
  write(path, 3);
  const whole = readFileSync(path);
  const ends = [...whole.keys()].filter((i) => whole[i] === 10);
  for (let size = ends[1] + 1; size < whole.length; size += 11) {
    writeFileSync(path, whole.subarray(0, size));
    // A line that lacks its newline only is a whole line.
    const kept = ends.filter((end) => end <= size).length;
    const torn = !ends.includes(size) && !ends.includes(size - 1);
    if (torn) assert.match(failure(() => readLedger(ledgerFile(path))).message, /cut short/);
    const told: string[] = [];
    const ledger = resume(path, { warn: (message) => told.push(message) });
    assert.is(told.length, torn ? 1 : 0);
    assert.is(ledger.reach, 10 * (kept - 1));
    ledger.append({ from: ledger.reach, to: ledger.reach + 1, q: 1, sigma: 1 });
    ledger.close();
    assert.is(readLedger(ledgerFile(path)).reach, 10 * (kept - 1) + 1);
    const { dropped } = JSON.parse(lines(path)[kept]);
    assert.is(dropped, torn ? size - ends[kept - 1] - 1 : 0);
  }
  // What a file system may leave of a write that was never synced.
  writeFileSync(path, Buffer.concat([whole, Buffer.alloc(300)]));
  assert.is(resume(path).reach, 30);
});

test('a ledger that lost lines since the checkpoint is refused', ({ path }) => {
  write(path, 2);
  const early = readLedger(ledgerFile(path)).head;
  const ledger = resume(path, { head: early, updates: 20 });
  ledger.append({ from: 20, to: 30, q: 0.01, sigma: 1 });
  const { head } = ledger;
  ledger.close();
  resume(path, { head, updates: 30 }).close();
  const all = lines(path);
  writeFileSync(path, `${all.slice(0, 4).join('\n')}\n`);
  for (const more of [
    { head, updates: 30 },
    { head, updates: 0 },
    { head: early, updates: 21 },
  ]) {
    const error = failure(() => resume(path, more));
    assert.match(error.message, /lacks/);
  }
  assert.is(failure(() => resume(path, { head: { ...early, hash: head.hash } })).code, 'FILE');
  resume(path, { head: early, updates: 20 }).close();
});

test('a run resumed with other terms is refused, naming the term', ({ path }) => {
  write(path, 1);
  for (const [name, value] of Object.entries({ divisor: 64, bound: 2, mechanism: 'discrete', clipping: 'automatic' })) {
    const error = failure(() => resume(path, { terms: { ...TERMS, [name]: value } }));
    assert.is(error.code, 'CONFIG');
    assert.match(error.message, new RegExp(`^${name} is ${value}`));
  }
  assert.is(failure(() => resume(path, { terms: { ...TERMS, granularity: 1e-5 } })).code, 'CONFIG');
});

test('a ledger that calls zeroing out by its old name goes on; one of other neighbours does not', ({ path }) => {
  write(path, 1);
  resume(path, { terms: { ...TERMS, relation: 'zero-out' } }).close();
  assert.match(
    failure(() => resume(path, { terms: { ...TERMS, relation: 'replace-one' } })).message,
    /^relation is replace-one, and the ledger was begun with add-remove/,
  );
  const other = `${path}2`;
  createLedger(ledgerFile(other), { ...TERMS, relation: 'zero-out' }).close();
  for (const relation of ['add-remove', 'replace-one']) {
    assert.is(failure(() => resume(other, { terms: { ...TERMS, relation } })).code, 'CONFIG');
  }
});

test('what makes no sense is not written', ({ path }) => {
  const ledger = createLedger(ledgerFile(path), TERMS);
  const size = readFileSync(path).length;
  for (const wrong of [
    { q: 0 },
    { q: 1.5 },
    { q: Number.NaN },
    { sigma: 0 },
    { sigma: Infinity },
    { from: -1 },
    { from: 0.5 },
    { to: 0 },
    { from: 1, to: 2 },
  ]) {
    assert.is(failure(() => ledger.append({ from: 0, to: 1, q: 0.1, sigma: 1, ...wrong })).code, 'CONFIG');
  }
  assert.is(readFileSync(path).length, size);
  ledger.close();
  assert.is(failure(() => ledger.append({ from: 0, to: 1, q: 0.1, sigma: 1 })).code, 'USAGE');
  assert.is(failure(() => readLedger(ledgerFile(path)).append({ from: 0, to: 1, q: 0.1, sigma: 1 })).code, 'USAGE');
  for (const wrong of [{ bound: 0 }, { divisor: -1 }, { partitions: 0 }, { partitions: 1.5 }, { mechanism: '' }])
    assert.is(failure(() => createLedger(ledgerFile(`${path}2`), { ...TERMS, ...wrong })).code, 'CONFIG');
});

test('it is synced before append returns, and after a failed write nothing can be paid for', ({ path }) => {
  const ledger = createLedger(ledgerFile(path), TERMS);
  const { writeFileSync: put, fsyncSync } = fs;
  const calls: string[] = [];
  try {
    fs.writeFileSync = ((...all: Parameters<typeof put>) => {
      calls.push('write');
      put(...all);
    }) as typeof put;
    fs.fsyncSync = (file) => {
      calls.push('sync');
      fsyncSync(file);
    };
    syncBuiltinESMExports();
    ledger.append({ from: 0, to: 10, q: 0.1, sigma: 1 });
    assert.equal(calls, ['write', 'sync']);
    fs.fsyncSync = () => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    };
    syncBuiltinESMExports();
    assert.match(failure(() => ledger.append({ from: 10, to: 20, q: 0.1, sigma: 1 })).message, /disk is full/);
  } finally {
    Object.assign(fs, { writeFileSync: put, fsyncSync });
    syncBuiltinESMExports();
  }
  assert.match(failure(() => ledger.append({ from: 10, to: 20, q: 0.1, sigma: 1 })).message, /earlier write/);
  assert.is(ledger.reach, 10);
  ledger.close();
  assert.is(resume(path).reach, 10);
});

test('killed at any moment and resumed, it has counted every update that happened', async ({ dir, path }) => {
  createLedger(ledgerFile(path), TERMS).close();
  for (const wait of [3, 40, 11, 80]) {
    const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, VEILGAN_TEST_LEDGER: dir } });
    await new Promise((ready) => child.once('message', ready));
    await new Promise((resolve) => setTimeout(resolve, wait));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const updates = fs.existsSync(join(dir, 'updates')) ? readFileSync(join(dir, 'updates')).length : 0;
    const [phase] = readLedger(ledgerFile(path), { warn: () => {} }).totals();
    const paid = phase?.steps ?? 0;
    assert.ok(paid >= updates && paid <= updates + 7 * 4, `${paid} paid for ${updates} updates`);
  }
  const size = readFileSync(path).length;
  truncateSync(path, size - 2);
  resume(path).close();
});

test.run();
