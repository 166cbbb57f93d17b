/** What private runs on a data set have spent together, while they come and go. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { epsilonOf } from '../../src/privacy/budget.ts';
import { createLedger, type LedgerTerms } from '../../src/privacy/ledger/ledger.ts';
import { createRun, openRun } from '../../src/run/directory.ts';
import { noteStart, ODOMETER, type PlannedRun, spentOn } from '../../src/run/odometer.ts';
import { failure } from '../support/failure.ts';
import { meta, runTests } from './made.ts';

const test = runTests('run/odometer');

const DATA = { name: 'people', sha256: 'a'.repeat(64) };
const PLAN: PlannedRun = {
  data: DATA,
  system: 'dpgan',
  relation: 'zero-out',
  delta: 1e-5,
  budget: 3,
  unguarded: false,
};
const TERMS: LedgerTerms = {
  mechanism: 'gaussian',
  sampler: 'poisson',
  relation: 'zero-out',
  bound: 1,
  divisor: 64,
  partitions: 1,
  encoding_epsilon: 0.4,
  encoding_delta: 1e-6,
};
const PHASE = { q: 0.05, sigma: 1.2, steps: 100 };

/** A private run as it begins, and after `updates` of it. */
function begin(home: string, dir: string, updates = 0, plan: Partial<PlannedRun> = {}): void {
  const planned = { ...PLAN, ...plan };
  const noted = noteStart(planned, { home });
  const run = createRun(dir, { ...meta, system: 'dpgan', data: planned.data, config: { delta: planned.delta } });
  const ledger = createLedger(run.ledgerFile(), TERMS);
  noted.began({ dir: run.dir, created: run.info.created });
  if (updates > 0) ledger.append({ from: 0, to: updates, q: PHASE.q, sigma: PHASE.sigma });
  ledger.close();
  run.close();
}

test('runs as their ledgers say, one by one and added up', ({ root }) => {
  begin(root, join(root, 'one'), PHASE.steps);
  begin(root, join(root, 'two'));
  const { pld } = epsilonOf([PHASE], 1e-5, TERMS);
  const spent = spentOn(DATA, { home: root });
  assert.equal(
    spent.runs.map(({ dir, epsilon, delta, by }) => [dir, epsilon, delta, by]),
    [
      [join(root, 'one'), pld, 1e-5, 'ledger'],
      // Nothing but its encoding yet.
      [join(root, 'two'), 0.4, 1e-6, 'ledger'],
    ],
  );
  assert.is(spent.epsilon, (pld ?? 0) + 0.4);
  assert.is(spent.delta, 1e-5 + 1e-6);
  assert.equal([spent.unknown, spent.unguarded, spent.others], [0, 0, 0]);
  assert.equal(spentOn({ ...DATA, sha256: 'b'.repeat(64) }, { home: root }).runs, []);
  assert.is(spentOn({ ...DATA, sha256: 'b'.repeat(64) }, { home: root }).others, 2);
  assert.equal(spentOn(DATA, { home: join(root, 'elsewhere') }).runs, []);
});

test('what was copied from a run that is noted is charged with that run, and else with the one that has it', ({
  root,
}) => {
  const home = join(root, 'home');
  begin(home, join(root, 'fit'), 1);
  const { created } = openRun(join(root, 'fit')).info;
  const release = { q: 1, sigma: 4, steps: 1 };
  /** A run that goes on from the releases of another. */
  const follow = (dir: string, by: string, data = DATA) => {
    const noted = noteStart({ ...PLAN, data }, { home });
    const run = createRun(dir, { ...meta, system: 'dpgan', data, config: { delta: 1e-5 } });
    const { encoding_epsilon: _, encoding_delta: __, ...terms } = TERMS;
    const ledger = createLedger(run.ledgerFile(), { ...terms, released: 1, released_by: by });
    noted.began({ dir: run.dir, created: run.info.created });
    ledger.append({ from: 0, to: 1, q: 1, sigma: release.sigma, what: 'before' });
    ledger.append({ from: 1, to: 1 + PHASE.steps, q: PHASE.q, sigma: PHASE.sigma });
    ledger.close();
    run.close();
  };
  const relation = 'zero-out';
  const alone = epsilonOf([PHASE], 1e-5, { mechanism: 'gaussian', relation }).pld;
  const whole = epsilonOf([release, PHASE], 1e-5, { mechanism: 'gaussian', relation, released: 1 }).rdp;
  assert.ok(alone !== null && whole > alone);
  follow(join(root, 'known'), created);
  follow(join(root, 'unknown'), new Date(0).toISOString());
  // A run on other data does not stand for it.
  const other = { name: 'other', sha256: 'c'.repeat(64) };
  follow(join(root, 'elsewhere'), created, other);
  const epsilons = (data: typeof DATA) => spentOn(data, { home }).runs.map(({ epsilon }) => epsilon);
  assert.equal(epsilons(DATA).slice(1), [alone, whole]);
  assert.equal(epsilons(other), [whole]);
  // Where the run that has all of it is gone, its whole budget counts.
  fs.rmSync(join(root, 'known'), { recursive: true });
  assert.is(spentOn(DATA, { home }).runs[1].epsilon, 3);
});

test('a run that is gone counts with its budget, or as unknown: never as nothing', ({ root }) => {
  const dirs = ['planned', 'unknown', 'replaced'].map((name) => join(root, name));
  begin(root, dirs[0], PHASE.steps);
  begin(root, dirs[1], PHASE.steps, { budget: 0 });
  begin(root, dirs[2], PHASE.steps);
  for (const dir of dirs) fs.rmSync(dir, { recursive: true });
  // Another run lies where one was; its ledger is not that one's.
  const other = createRun(dirs[2], { ...meta, data: DATA, config: { delta: 1e-5 } }, { now: new Date(0) });
  createLedger(other.ledgerFile(), TERMS).close();
  other.close();
  const spent = spentOn(DATA, { home: root });
  assert.equal(
    spent.runs.map(({ epsilon, delta, by }) => [epsilon, delta, by]),
    [
      [3, 1e-5, 'planned'],
      [null, null, 'unknown'],
      [3, 1e-5, 'planned'],
    ],
  );
  assert.equal([spent.epsilon, spent.unknown], [6, 1]);
});

test('starts that failed or were killed, and runs that promise nothing', ({ root }) => {
  noteStart(PLAN, { home: root }).failed({ epsilon: 0.4, delta: 1e-6 });
  noteStart(PLAN, { home: root });
  begin(root, join(root, 'seeded'), PHASE.steps, { unguarded: true });
  const spent = spentOn(DATA, { home: root });
  assert.equal(
    spent.runs.map(({ dir, epsilon, by }) => [dir === null, epsilon, by]),
    [
      [true, 0.4, 'failed'],
      [true, 3, 'planned'],
      [false, null, 'none'],
    ],
  );
  assert.equal([spent.epsilon, spent.unguarded], [3.4, 1]);
});

test('damaged and torn lines are left out with a warning, and take no other line with them', ({ root }) => {
  begin(root, join(root, 'one'), PHASE.steps);
  const path = join(root, ODOMETER);
  fs.appendFileSync(path, '{"kind":"start","id":"x","da');
  begin(root, join(root, 'two'), PHASE.steps);
  fs.appendFileSync(path, '{"kind":"start","id":"y"}\nnot JSON\n');
  const warnings: string[] = [];
  const spent = spentOn(DATA, { home: root, warn: (message) => warnings.push(message) });
  assert.is(spent.runs.length, 2);
  assert.is(warnings.length, 3);
  for (const warning of warnings) assert.match(warning, /odometer\.jsonl, line \d+: the line is damaged/);
});

test('what cannot be noted may not begin; generated sets are noted nowhere', ({ root }) => {
  const file = join(root, 'file');
  fs.writeFileSync(file, '');
  const error = failure(() => noteStart(PLAN, { home: file }));
  assert.equal([error.code, error.where], ['FILE', join(file, ODOMETER)]);
  noteStart({ ...PLAN, data: { name: 'blobs' } }, { home: root }).began({ dir: root, created: '' });
  assert.is(fs.existsSync(join(root, ODOMETER)), false);
});

test.run();
