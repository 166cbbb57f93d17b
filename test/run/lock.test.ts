import { fork, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { acquireLock, lockText } from '../../src/run/lock.ts';
import { failure } from '../support/failure.ts';

const CHILD = process.env.VEILGAN_TEST_CHILD;
if (CHILD) {
  // Takes the lock, shows it, and exits without releasing it, as a second Ctrl-C does.
  acquireLock(CHILD);
  process.send?.('taken');
  setTimeout(() => process.exit(130), 200);
}

const test = suite<{ root: string }>('lock');
test.before.each((context) => {
  context.root = fs.mkdtempSync(join(tmpdir(), 'veilgan-lock-'));
});
test.after.each(({ root }) => fs.rmSync(root, { recursive: true }));

test('one writer at a time', async ({ root }) => {
  const path = join(root, 'lock');
  const release = acquireLock(path);
  assert.match(failure(() => acquireLock(path)).message, /this process has it open/);
  release();
  assert.not.ok(fs.existsSync(path));

  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
  const exit = new Promise((resolve) => other.once('exit', resolve));
  fs.writeFileSync(path, lockText(other.pid as number));
  try {
    assert.match(failure(() => acquireLock(path)).message, new RegExp(`process ${other.pid} has it open`));
  } finally {
    other.kill('SIGKILL');
    await exit;
  }
  acquireLock(path)();
  assert.equal(fs.readdirSync(root), []);
});

test('locks of others, foreign hosts, reused process numbers, and damage', ({ root }) => {
  const path = join(root, 'lock');
  const owner = JSON.parse(lockText(process.pid));
  const put = (value: unknown) => fs.writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  put({ ...owner, host: 'elsewhere' });
  assert.match(failure(() => acquireLock(path)).line(), /process \d+ on elsewhere has it open.*delete/);
  // Our own number, but not taken by us: an earlier process that had it (containers start at 1 again).
  put(owner);
  acquireLock(path)();
  if (owner.start !== '') {
    put({ ...owner, pid: process.ppid, start: '1' });
    acquireLock(path)();
  }
  put('{"pid":');
  assert.match(failure(() => acquireLock(path)).message, /just opening/);
  fs.utimesSync(path, new Date(0), new Date(0));
  acquireLock(path)();
  assert.equal(fs.readdirSync(root), []);
});

test('the lock is given back when the process exits', async ({ root }) => {
  const path = join(root, 'lock');
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, VEILGAN_TEST_CHILD: path },
    execArgv: [],
  });
  let taken = false;
  child.once('message', () => (taken = fs.existsSync(path)));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal([code, taken, fs.existsSync(path)], [130, true, false]);
});

if (!CHILD) test.run();
