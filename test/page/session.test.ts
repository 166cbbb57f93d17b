/** Trainings of a page, run in Node: there is no origin private file system, so runs are in memory alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { PageSession, type SessionOptions } from '../../src/page/worker/session.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import { codeOf, sameBits } from '../support/values.ts';
import { dpgan, pargan, points } from './session-job.ts';

const opened: Gpu[] = [];
const options = (more: Partial<SessionOptions> = {}): SessionOptions => ({
  open: async () => {
    const gpu = await open();
    opened.push(gpu);
    return gpu;
  },
  checkpointSeconds: 0,
  ...more,
});
test.after(() => {
  for (const gpu of opened) gpu.close();
});
const lose = () => opened[opened.length - 1].device.destroy();

/** A whole training, its samples and the losses of each step. */
async function whole(more: Partial<SessionOptions> = {}, plan = pargan()) {
  const session = await PageSession.start(points(), plan, options(more));
  const result = await session.train();
  const samples = await session.sample(64);
  const rows = session.run.readMetrics();
  return { session, result, samples, rows };
}

test('a run that stops, goes on and loses its device has the bits of one that did not', async () => {
  const straight = await whole();
  assert.equal([straight.result.steps, straight.result.interrupted], [60, false]);
  await straight.session.close();

  const notices: string[] = [];
  let losses = 2;
  const session: PageSession = await PageSession.start(
    points(),
    pargan(),
    options({
      onNotice: (notice) => notices.push(notice),
      onRows: (rows) => {
        const { step } = rows[rows.length - 1];
        if (step === 60) return;
        if (losses === 2 && step >= 5) session.stop();
        if (losses === 2 && step >= 15) {
          losses--;
          lose();
        } else if (losses === 1 && step >= 30) {
          losses--;
          lose();
        }
      },
    }),
  );
  assert.not(session.kept);
  let result = await session.train();
  assert.ok(result.interrupted && result.steps < 60, `stopped at ${result.steps}`);
  let calls = 1;
  for (; result.interrupted && calls < 100; calls++) result = await session.train();
  assert.equal([result.steps, losses, opened.length], [60, 0, 4]);
  assert.equal(
    notices.map((notice) => /^The graphics device was lost and opened again; (\d+ steps|nothing)/.test(notice)),
    [true, true],
  );
  assert.equal(session.run.readMetrics(), straight.rows);
  sameBits(await session.sample(64), straight.samples);
  // Nothing trains: whoever needs the device opens it again.
  lose();
  sameBits(await session.sample(64), straight.samples);
  await session.close();
});

test('samples between chunks change nothing, and a second training at once is refused', async () => {
  const straight = await whole();
  await straight.session.close();
  let drawn: Promise<Float32Array>[] = [];
  const session: PageSession = await PageSession.start(
    points(),
    pargan(),
    options({ onRows: () => drawn.push(session.sample(20), session.sample(20, 1)) }),
  );
  const training = session.train();
  assert.is(await codeOf(() => session.train()), 'USAGE');
  await training;
  const all = await Promise.all(drawn);
  assert.ok(all.length >= 4 && all.every((rows) => rows.length === 40 && rows.every(Number.isFinite)));
  assert.equal(session.run.readMetrics(), straight.rows);
  drawn = [];
  sameBits(await session.sample(64), straight.samples);
  await session.close();
});

test('a private run pays again for what a lost device repeats, and ends at its budget', async () => {
  const straight = await whole({}, dpgan(7));
  const { steps } = straight.result;
  assert.ok(steps > 10 && steps < 1000, `${steps} steps`);
  assert.is(straight.session.spending()?.noisy_updates, steps);
  await straight.session.close();

  let lost = false;
  const session: PageSession = await PageSession.start(
    points(),
    dpgan(),
    options({
      // Only the checkpoint before the first step is there when the device goes.
      checkpointSeconds: 1000,
      onRows: (rows) => {
        if (lost || rows[rows.length - 1].step < 4) return;
        lost = true;
        lose();
      },
    }),
  );
  const result = await session.train();
  assert.ok(lost && !result.interrupted);
  const ledger = readLedger(session.run.ledgerFile());
  const [{ steps: paid }] = ledger.totals();
  // As many noisy updates in all; those before the loss are not in the generator.
  assert.is(paid, steps);
  assert.ok(result.steps <= steps - 4, `${result.steps} of ${steps}`);
  assert.is(session.spending()?.noisy_updates, paid);
  await session.close();
});

test('devices that are lost again and again end it', async () => {
  let stop = false;
  const session = await PageSession.start(
    points(),
    pargan(),
    options({
      open: async () => {
        const gpu = await open();
        opened.push(gpu);
        if (stop) gpu.device.destroy();
        return gpu;
      },
      onRows: () => {
        stop = true;
        lose();
      },
    }),
  );
  const before = opened.length;
  assert.is(await codeOf(() => session.train()), 'DEVICE_LOST');
  assert.ok(opened.length - before <= 4);
  await session.close();
});

test.run();
