/** How a private run begins and goes on: the ledger before any look, what is kept of a failed start, runs of before. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { TableData } from '../../src/data/dataset.ts';
import { privateConfig } from '../../src/gan/private/config.ts';
import { ledgerFile } from '../../src/privacy/ledger/disk.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import { chained, type Entry, type Head, START } from '../../src/privacy/ledger/lines.ts';
import { reportOn } from '../../src/report/compare.ts';
import { factsOf } from '../../src/report/facts.ts';
import { renderReport } from '../../src/report/html.ts';
import { createRun } from '../../src/run/directory.ts';
import type { TrainingJob } from '../../src/run/job.ts';
import { MemoryRun } from '../../src/run/memory-run.ts';
import { RUN_FORMAT } from '../../src/run/schema.ts';
import { openTraining, startTraining } from '../../src/run/session.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { beginJob, runTraining } from '../../src/run/training.ts';
import { named } from '../support/dataset.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
const root = mkdtempSync(join(tmpdir(), 'veilgan-start-'));
test.after(() => {
  gpu.close();
  rmSync(root, { recursive: true, force: true });
});

const small = { generatorHidden: [8], criticHidden: [8], batch: 100, noiseMultiplier: 2, snapshots: 1, steps: 4 };
const configOf = (more: Record<string, unknown> = {}) => privateConfig.parse({ partitions: 1, ...small, ...more });

/** A table of one column, in which no value of the other is frequent enough to be named. */
function people(rare: boolean, rows = 600): TableData {
  const values = new Values(7);
  const train = new Float64Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    train[2 * row] = values.int(18, 90);
    train[2 * row + 1] = rare ? row : row % 2;
  }
  const texts = Array.from({ length: rare ? rows : 2 }, (_, i) => `value ${i}`);
  return named({
    name: 'people',
    table: {
      columns: [
        { name: 'age', kind: 'integer', decimals: 0 },
        { name: 'code', kind: 'category', values: texts },
      ],
      train,
      holdout: new Float64Array(),
    },
    meta: { origin: 'test', sha256: 'x' },
  });
}

const plan = (more: Record<string, unknown> = {}) => ({ system: 'dpgan' as const, config: configOf(more), seed: 1 });
const end = (job: TrainingJob) => {
  job.guarantee?.close();
  job.run.close();
  job.gan.dispose();
};

test('the ledger counts the price of an encoding before a cell is looked at', () => {
  const table = people(false);
  const seen: string[] = [];
  // Cells that tell when they are read.
  const cells = new Proxy(table.table.train, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) seen.push('cell');
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  let run: MemoryRun | undefined;
  const watched = { ...table, train: cells, table: { ...table.table, train: cells } };
  const job = beginJob(gpu, watched, plan({ epsilon: 3 }), (meta) => {
    run = new MemoryRun('t', {
      ...{ format: RUN_FORMAT, created: '2026-01-01T00:00:00Z', version: { veilgan: '0' } },
      ...meta,
    });
    const file = run.ledgerFile();
    const append = file.append.bind(file);
    file.append = (bytes) => {
      seen.push(`ledger: ${new TextDecoder().decode(bytes).includes('encoding_epsilon')}`);
      append(bytes);
    };
    return run;
  });
  assert.is(seen[0], 'ledger: true');
  assert.ok(seen.includes('cell'));
  assert.is(run?.info.encoding?.from, 'paid');
  end(job);
});

test('a start that fails after noise was drawn keeps a ledger that says so, one that fails before keeps nothing', async () => {
  const fails = (out: string, source: TableData, more: Record<string, unknown>) =>
    codeOf(() => beginJob(gpu, source, plan(more), (meta) => createRun(join(root, out), meta)));
  assert.is(await fails('rare', people(true), { epsilon: 1 }), 'CONFIG');
  const ledger = readLedger(ledgerFile(join(root, 'rare', 'ledger.jsonl')));
  assert.ok(Number(ledger.terms.encoding_epsilon) > 0);
  assert.equal(ledger.totals(), []);
  assert.is(await fails('poor', people(false), { epsilon: 0.001 }), 'CONFIG');
  assert.not.ok(existsSync(join(root, 'poor')));
});

/** The ledger of a run as it was written before draws followed records. */
function older(dir: string): void {
  const path = join(dir, 'ledger.jsonl');
  let head: Head = START;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const text = lines.map((line) => {
    const { line: _, previous: __, hash: ___, ...entry } = JSON.parse(line);
    if (entry.kind === 'terms') {
      delete entry.terms.draws;
      entry.terms.relation = 'add-remove';
    }
    const next = chained(entry as Entry, head);
    head = next.head;
    return next.text;
  });
  writeFileSync(path, text.join(''));
  return;
}

/** Stores the new head of a ledger in the run's checkpoint. */
async function trained(out: string, more: Record<string, unknown>) {
  const dir = join(root, out);
  const job = await startTraining(gpu, {
    ...{ system: 'dpgan', data: 'blobs', seed: 1, out: dir },
    config: configOf({ ...more, steps: 2 }),
  });
  await runTraining(job, { checkpointSeconds: 1000 });
  const { tensors, meta } = job.run.readCheckpoint();
  older(dir);
  const { head } = readLedger(ledgerFile(join(dir, 'ledger.jsonl')));
  job.run.writeCheckpoint(tensors, { ...meta, ledger_line: String(head.line), ledger_hash: head.hash });
  end(job);
  return dir;
}

test('a run of before goes on where nothing was drawn by place, and is refused with the reason where something was', async () => {
  const fine = await trained('fine', {});
  const job = await openTraining(gpu, fine, { write: true, steps: 4 });
  await runTraining(job, { checkpointSeconds: 1000 });
  assert.is(job.gan.step, 4);
  assert.ok(job.guarantee && spending(job.guarantee).epsilon);
  end(job);
  const penalised = await trained('penalised', { divergence: 'wgan-gp' });
  const looked = await openTraining(gpu, penalised);
  assert.is((await looked.gan.sample(5)).length, 10);
  assert.ok(looked.guarantee);
  const spent = spending(looked.guarantee);
  assert.is(spent.epsilon, null);
  assert.match(spendingLine(spent), /^NONE: .*by the place of a record/);
  const report = renderReport(await reportOn([await factsOf(looked, 'penalised', {})]));
  assert.match(report, /NO guarantee: draws by place/);
  assert.not.match(report, /Differentially private: epsilon/);
  end(looked);
  let message = '';
  try {
    await openTraining(gpu, penalised, { write: true, steps: 4 });
  } catch (error) {
    message = (error as Error).message;
  }
  assert.match(message, /by the place of a record in its batch/);
});

test.run();
