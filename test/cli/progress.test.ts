import { fork } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { formatBytes, formatNumber, formatPercent, formatSeconds, printJson, table } from '../../src/cli/format.ts';
import { createProgress, interruptible, type Terminal } from '../../src/cli/progress.ts';

const CHILD = process.env.VEILGAN_TEST_CHILD;

if (CHILD) {
  // A job that is asked to stop, and takes its time.
  const { signal } = interruptible(() => process.send?.('stopping'));
  setInterval(() => {}, 1000);
  process.once('disconnect', () => process.exit());
  process.send?.(signal.aborted ? 'aborted' : 'running');
}

function collector(isTTY: boolean): { stream: Terminal; text: () => string } {
  const stream: PassThrough & Terminal = new PassThrough();
  stream.isTTY = isTTY;
  let text = '';
  stream.on('data', (chunk) => (text += chunk));
  return { stream, text: () => text };
}

const losses = { loss_g: 0.6712, loss_d: [1.3, 1.4] };

test('without a terminal: a line about every ten seconds, and the last state', async () => {
  const { stream, text } = collector(false);
  let time = 0;
  const progress = createProgress({ stream, now: () => time });
  progress.begin('pargan on blobs', { total: 3000 });
  for (let step = 1; step <= 2500; step++) {
    time += 10;
    progress.update(step, losses);
  }
  progress.note('adapter lost');
  progress.stop();
  progress.stop();
  progress.update(2600);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(text().split('\n'), [
    'pargan on blobs: step 1,000/3,000, 10 ms/step, 20 s left, L_G 0.671, L_D 1.350',
    'pargan on blobs: step 2,000/3,000, 10 ms/step, 10 s left, L_G 0.671, L_D 1.350',
    'adapter lost',
    'pargan on blobs: step 2,500/3,000, 10 ms/step, 5 s left, L_G 0.671, L_D 1.350',
    '',
  ]);
});

test('the speed is that of the last ten seconds, without what comes before the first update', async () => {
  const { stream, text } = collector(false);
  let time = 0;
  const progress = createProgress({ stream, now: () => time });
  progress.begin('', { total: 2000, start: 500 });
  time = 9000;
  progress.update(501);
  for (let step = 502; step <= 1401; step++) {
    time += 20;
    progress.update(step, { loss_g: Number.NaN, loss_d: [1] });
  }
  progress.stop();
  await new Promise((resolve) => setImmediate(resolve));
  const lines = text().trim().split('\n');
  assert.match(lines[0], /^step 551\/2,000, 20 ms\/step/);
  assert.is(lines.at(-1), 'step 1,401/2,000, 20 ms/step, 12 s left, L_G NaN, L_D 1.000');
});

test('nothing with --json or --quiet, and nothing of a job that did nothing', async () => {
  for (const options of [{ json: true }, { quiet: true }, {}]) {
    for (const tty of options.json || options.quiet ? [true, false] : [false]) {
      const { stream, text } = collector(tty);
      let time = 0;
      const progress = createProgress({ stream, now: () => time, ...options });
      progress.begin('', { total: 10 });
      if (options.json || options.quiet) {
        time = 60_000;
        progress.update(5, losses);
        progress.note('a note');
      }
      progress.stop();
      await new Promise((resolve) => setImmediate(resolve));
      assert.is(text(), '');
    }
  }
});

test('on a terminal: a bar, with notes above it, that leaves the terminal as it was', async () => {
  const { stream, text } = collector(true);
  let time = 0;
  const before = process.listenerCount('exit');
  const progress = createProgress({ stream, now: () => time });
  progress.begin('demo', { total: 200 });
  assert.is(process.listenerCount('exit'), before + 1);
  time = 20_000;
  progress.update(1, losses);
  time += 1485;
  progress.update(100, losses);
  progress.note('first use: compiling');
  progress.stop();
  progress.stop();
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(process.listenerCount('exit'), before);
  const shown = text();
  assert.match(shown, 'demo: ███████░░░░░░░ 50 % | 100/200, 15 ms/step, 2 s left, L_G 0.671, L_D 1.350');
  assert.match(shown, '\r\x1b[2K\x1b[?7hfirst use: compiling\n\x1b[?7l');
  const [note, saved, restored] = ['compiling', '\x1b7', '\x1b8'].map((text) => shown.lastIndexOf(text));
  assert.ok(note < saved && saved < restored, 'the bar ends below the note');
  assert.ok(shown.lastIndexOf('\x1b[?25h') > shown.lastIndexOf('\x1b[?25l'), 'the cursor is back');
  assert.ok(shown.lastIndexOf('\x1b[?7h') > shown.lastIndexOf('\x1b[?7l'), 'lines wrap again');
  assert.ok(shown.endsWith('\n'));
});

test('what is counted in bytes, and stages one after another', async () => {
  const log = collector(false);
  let time = 0;
  const lines = createProgress({ stream: log.stream, now: () => time });
  const show = (n: number) => `${n} B`;
  for (const [now, done] of [
    [0, 4],
    [9_000, 5],
    [10_001, 7],
    [19_000, 8],
    [20_002, 9],
  ]) {
    time = now;
    lines.at('x.gz', done, { total: 10, show });
  }
  for (const share of [0.1, 0.2]) {
    time += 10_000;
    lines.stage('white-box', share);
  }
  lines.stage('tvd', 1);
  lines.stop();
  const terminal = collector(true);
  const bar = createProgress({ stream: terminal.stream });
  bar.at('x.gz', 5, { total: 10, show });
  bar.stop();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(log.text().split('\n'), [
    'x.gz: 7 B of 10 B, 10 s left',
    'x.gz: 9 B of 10 B, 5 s left',
    'white-box: 20 % of 100 %, 1 min 20 s left',
    '',
  ]);
  assert.match(terminal.text(), 'x.gz: ███████░░░░░░░ 50 % | 5 B of 10 B');
});

test('the first signal asks, with its echo; a later one exits with 130', async () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const child = fork(fileURLToPath(import.meta.url), {
      env: { ...process.env, VEILGAN_TEST_CHILD: '1' },
      execArgv: [],
    });
    const message = () => new Promise((resolve) => child.once('message', resolve));
    const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
    try {
      assert.is(await message(), 'running');
      const stopping = message();
      child.kill(name);
      assert.is(await stopping, 'stopping');
      child.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.is(child.exitCode, null);
      child.kill('SIGINT');
      assert.is(await exit, 130);
    } finally {
      child.kill('SIGKILL');
    }
  }
});

test('the signal carries the reason; dispose gives Ctrl-C back', () => {
  const exits: number[] = [];
  let asked = 0;
  let time = 0;
  const job = interruptible(
    () => (asked += 1),
    (code) => exits.push(code),
    () => time,
  );
  assert.is(job.signal.aborted, false);
  process.emit('SIGINT', 'SIGINT');
  assert.is(job.signal.aborted, true);
  assert.instance(job.signal.reason, VeilganError);
  assert.is(job.signal.reason.code, 'INTERRUPTED');
  time = 400;
  process.emit('SIGINT', 'SIGINT');
  assert.equal([asked, exits], [1, []]);
  time = 600;
  process.emit('SIGTERM', 'SIGTERM');
  assert.equal([asked, exits], [1, [130]]);
  job.dispose();
  assert.is(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM'), 0);
});

test('tables align numbers right and text left', () => {
  const text = table(
    ['system', 'accuracy', 'ε'],
    [['gan', '61.3 %', '-'], ['par-gan é', '9.1 %\n(chance 50 %)', ''], ['x']],
  );
  assert.equal(text.split('\n'), [
    'system          accuracy  ε',
    '---------  -------------  -',
    'gan               61.3 %  -',
    'par-gan é          9.1 %',
    '           (chance 50 %)',
    'x',
  ]);
  assert.is(table(['a', 'b'], []), 'a  b\n-  -');
});

test('printJson writes one document', () => {
  const print = (value: unknown) => {
    const written: string[] = [];
    printJson(value, { write: (text: string) => written.push(text) });
    return written;
  };
  const written = print({
    a: Number.NaN,
    b: [Number.POSITIVE_INFINITY, 1],
    c: new Float32Array([0.5, Number.NaN]),
    d: undefined,
  });
  assert.is(written.length, 1);
  assert.ok(written[0].endsWith('}\n'));
  assert.equal(JSON.parse(written[0]), { a: null, b: [null, 1], c: [0.5, null] });
  assert.equal(print(null), ['null\n']);
  assert.throws(() => print(undefined), TypeError);
  assert.throws(() => print({ f: () => 1 }), /f is a function/);
  assert.throws(() => print({ n: 1n }), TypeError);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  assert.throws(() => print(cycle), TypeError);
});

test('numbers, shares, durations and sizes', () => {
  const cases: [string, string][] = [
    [formatNumber(15000), '15,000'],
    [formatNumber(-3), '-3'],
    [formatNumber(0.5, 3), '0.500'],
    [formatNumber(1234.5678), '1,235'],
    [formatNumber(1.23e-7, 3), '1.23e-7'],
    [formatNumber(1.5e12 + 0.5, 3), '1.50e+12'],
    [formatNumber(Number.NaN), 'NaN'],
    [formatNumber(Number.NEGATIVE_INFINITY), '-infinity'],
    [formatPercent(0.61349), '61.3 %'],
    [formatPercent(Number.NaN), 'NaN'],
    [formatSeconds(0.0042), '4.2 ms'],
    [formatSeconds(0.0099), '10 ms'],
    [formatSeconds(0.85), '850 ms'],
    [formatSeconds(0.9996), '1.0 s'],
    [formatSeconds(59.94), '59.9 s'],
    [formatSeconds(59.96), '1 min 00 s'],
    [formatSeconds(185), '3 min 05 s'],
    [formatSeconds(3599.6), '1 h 00 min'],
    [formatSeconds(7620), '2 h 07 min'],
    [formatSeconds(Number.POSITIVE_INFINITY), 'infinity'],
    [formatSeconds(-5), '-5.0 s'],
    [formatBytes(0), '0 B'],
    [formatBytes(1023), '1023 B'],
    [formatBytes(1536), '1.5 KiB'],
    [formatBytes(1024 * 1024 - 1), '1.0 MiB'],
    [formatBytes(5 * 2 ** 40), '5.0 TiB'],
  ];
  for (const [got, expected] of cases) assert.is(got, expected);
});

if (!CHILD) test.run();
