/** Private GANs that go on from releases of another run: what both cost together, what is left, and what is refused. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type PrivateConfig, parsePrivate } from '../../src/gan/private/config.ts';
import type { Copied } from '../../src/gan/private/copied.ts';
import { PrivatePlan, withNoise } from '../../src/gan/private/plan.ts';
import { forBudget, stepsPaid } from '../../src/gan/private/planner.ts';
import { updatesBehind } from '../../src/gan/private/schedule.ts';
import type { Phase } from '../../src/privacy/accountant/phases.ts';
import { epsilonOf, upperBound } from '../../src/privacy/budget.ts';
import { readLedger } from '../../src/privacy/ledger/ledger.ts';
import type { Relation } from '../../src/privacy/relation.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { failure } from '../support/failure.ts';

const ROWS = 2000;
const DELTA = 1e-5;
const copied: Copied = {
  phases: [{ q: 1, sigma: 4.1, steps: 1 }],
  by: '2026-01-01T00:00:00.000Z',
  relation: 'zero-out',
  delta: DELTA,
};
const fields = {
  partitions: 1,
  batch: 40,
  steps: 60,
  criticSteps: 2,
  epsilon: 3,
  noiseMultiplier: 2,
  accountant: 'rdp',
};
const configOf = (more: Record<string, unknown> = {}): PrivateConfig => parsePrivate({ ...fields, ...more });

/** ln E_Q[(P / Q)^a] of one update by the trapezium rule, P and Q being the mixtures on the line that a relation compares. */
function logMoment64({ q, sigma }: Phase, a: number, relation: Relation): number {
  const bell = (x: number, m: number) => -((x - m) ** 2) / (2 * sigma * sigma);
  /** ln of a mixture's density, up to what both have in common */
  const mixed = (x: number, m: number) => {
    const [near, far] = [Math.log1p(-q) + bell(x, 0), Math.log(q) + bell(x, m)];
    return Math.max(near, far) + Math.log1p(Math.exp(-Math.abs(near - far)));
  };
  const without = relation === 'replace-one' ? -1 : 0;
  const [low, high, n] = [-14 * sigma - 2, 14 * sigma + 2 * a, 4000];
  const h = (high - low) / n;
  let sum = 0;
  for (let i = 0; i <= n; i++) {
    const x = low + i * h;
    const other = mixed(x, without);
    sum += (h / sigma / Math.sqrt(2 * Math.PI)) * Math.exp(a * (mixed(x, 1) - other) + other);
  }
  return Math.log(sum);
}

/** Epsilon of a release of all records and of updates, from the definition: curves added up, then converted at one delta. */
function epsilon64(release: Phase, updates: Phase, relation: Relation): number {
  let least = Number.POSITIVE_INFINITY;
  const shift = relation === 'replace-one' ? 2 : 1;
  for (let a = 1.5; a < 40; a += 0.25) {
    const renyi =
      (release.steps * a * shift ** 2) / (2 * release.sigma ** 2) +
      (updates.steps * logMoment64(updates, a, relation)) / (a - 1);
    least = Math.min(least, renyi + Math.log1p(-1 / a) - (Math.log(DELTA) + Math.log(a)) / (a - 1));
  }
  return least;
}

test('the release and the updates cost what the sum of their Renyi curves says, at one delta', () => {
  const [release] = copied.phases;
  const updates = { q: 0.02, sigma: 1.5, steps: 120 };
  for (const relation of ['zero-out', 'replace-one'] as const) {
    const terms = { mechanism: 'gaussian', relation, released: 1 };
    const both = epsilonOf([release, updates], DELTA, terms);
    const want = epsilon64(release, updates, relation);
    assert.ok(both.rdp <= want + 1e-6 && both.rdp > 0.998 * want, `${relation}: ${both.rdp}, not ${want}`);
    assert.equal([both.pld, both.pld_lower, upperBound(both)], [null, null, both.rdp]);
    const [one, other] = [[release], [updates]].map((phases) => epsilonOf(phases, DELTA, terms).rdp);
    assert.ok(both.rdp > Math.max(one, other) && both.rdp < one + other);
    // Whole updates by the exact mechanism are bounded from above, by a chord or by two moments.
    const exact = epsilonOf([release, updates], DELTA, { ...terms, mechanism: 'discrete' }).rdp;
    assert.ok(exact >= want - 1e-6 && exact < 1.3 * want, `${relation}: ${exact}`);
  }
});

test('the ledger begins with the release, and the budget is of both', () => {
  for (const mechanism of ['gaussian', 'discrete']) {
    const config = configOf({ mechanism });
    const file = new MemoryLedgerFile('l');
    const plan = new PrivatePlan(config, ROWS, undefined, copied);
    const { ledger, limit } = plan.begin(file);
    const { q } = plan.mechanism;
    assert.equal(ledger.totals(), copied.phases);
    assert.equal([ledger.own(), ledger.unspent, ledger.reach, ledger.copied], [[], true, 1, 1]);
    assert.equal([ledger.terms.released, ledger.terms.released_by], [1, copied.by]);
    const alone = new PrivatePlan(config, ROWS).limit([]);
    assert.ok(limit < alone && limit > 0.5 * alone, `${limit} of ${alone}`);
    const at = (steps: number) => epsilonOf([...copied.phases, { q, sigma: 2, steps }], DELTA, ledger.terms).rdp;
    assert.ok(at(limit) <= 3 && at(limit + 1) > 3);
    ledger.append({ from: 1, to: 1 + limit, q, sigma: 2 });
    ledger.close();
    const read = readLedger(file);
    assert.equal(read.totals(), [...copied.phases, { q, sigma: 2, steps: limit }]);
    assert.equal([read.own(), read.unspent], [[{ q, sigma: 2, steps: limit }], false]);
    assert.is(plan.limit(read.totals()), 0, 'nothing is left');
    const guarantee = { ledger: read, config, insecure: false, limit, meta: () => ({}), close: () => {} };
    const spent = spending(guarantee);
    assert.equal([spent.noisy_updates, spent.sampling_rate, spent.released_before], [limit, q, 1]);
    assert.equal(spent.epsilon, { rdp: at(limit), pld: null, pld_lower: null });
    assert.match(
      spendingLine(spent),
      /^epsilon 2\.9\d+ at delta 0\.00001 \(RDP\), .* after what the run before released,/,
    );
  }
});

test('a run that goes on must have paid for the release and for its updates', () => {
  const config = configOf();
  const file = new MemoryLedgerFile('l');
  const { ledger } = new PrivatePlan(config, ROWS, undefined, copied).begin(file);
  ledger.append({ from: 1, to: 5, q: 0.02, sigma: 2 });
  const meta = { ledger_line: String(ledger.head.line), ledger_hash: ledger.head.hash };
  ledger.close();
  const plan = new PrivatePlan(config, ROWS);
  assert.match(failure(() => plan.reopen(file, { meta }, 5)).message, /lacks what the checkpoint was paid with/);
  const again = plan.reopen(file, { meta }, 4);
  assert.equal(again.totals(), [...copied.phases, { q: 0.02, sigma: 2, steps: 4 }]);
  again.close();
  const other = new PrivatePlan(configOf({ accountant: 'pld' }), ROWS);
  assert.is(failure(() => other.reopen(file, { meta }, 4)).where, 'accountant');
});

test('noise is planned for what is left of the budget', () => {
  const spent = copied.phases;
  const known = (config: PrivateConfig) => {
    const updates = { q: 0.02, sigma: config.noiseMultiplier, steps: updatesBehind(config, config.steps) };
    return epsilonOf([...spent, updates], DELTA, { mechanism: 'gaussian', released: 1 }).rdp;
  };
  const config = withNoise(configOf(), ROWS, undefined, spent);
  assert.ok(known(config) <= 3 && known(config) > 2.99, `${known(config)}`);
  assert.ok(config.noiseMultiplier > withNoise(configOf(), ROWS).noiseMultiplier);
  const planned = forBudget(configOf(), { epsilon: 8, noiseMultiplier: 1 }, ROWS, undefined, spent);
  assert.ok(known(planned) <= 3 && known(planned) > 2.99, `${known(planned)}`);
  assert.is(stepsPaid(planned, ROWS, undefined, spent), planned.steps);
});

test('what cannot be composed is refused, with the field at fault', () => {
  const refused = (more: Record<string, unknown>, change: Partial<Copied> = {}) => {
    const { code, where, message } = failure(
      () => new PrivatePlan(configOf(more), ROWS, undefined, { ...copied, ...change }),
    );
    return [code, where, /before|together|could be added/.test(message)];
  };
  assert.equal(refused({ accountant: 'pld' }), ['CONFIG', 'accountant', true]);
  assert.equal(refused({ bound: 'weights', divergence: 'wgan', epsilon: 0 }), ['CONFIG', 'bound', true]);
  assert.equal(refused({ relation: 'replace-one' }), ['CONFIG', 'relation', true]);
  assert.equal(refused({ delta: 1e-6 }), ['CONFIG', 'delta', true]);
  // Used up, or all but a trifle.
  const { rdp } = epsilonOf(copied.phases, DELTA, { released: 1 });
  for (const epsilon of [0.9, 1.0005 * rdp]) assert.equal(refused({ epsilon }), ['CONFIG', 'epsilon', true]);
  assert.equal(refused({}, { phases: [{ q: 0.5, sigma: 4, steps: 1 }] }), ['CONFIG', 'warmFrom', true]);
  // One that leaves less than an update is begun by nobody either.
  const poor = new PrivatePlan(configOf({ epsilon: 1, noiseMultiplier: 0.4 }), ROWS, undefined, copied);
  assert.match(failure(() => poor.begin(new MemoryLedgerFile('l'))).message, /does not pay for one update/);
});

test.run();
