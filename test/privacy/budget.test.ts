/** Budgets: prices under each relation, what is left, noise and updates that fit, what was spent, whether it is used up. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import type { Column } from '../../src/data/table.ts';
import { budgetOf, type PrivateConfig, parsePrivate, relationOf } from '../../src/gan/private/config.ts';
import { PrivatePlan } from '../../src/gan/private/plan.ts';
import type { Guarantee } from '../../src/gan/private/run.ts';
import { Schedule, updatesBehind } from '../../src/gan/private/schedule.ts';
import {
  type Budget,
  chargedFor,
  encodingCost,
  encodingPrice,
  epsilonOf,
  isExhausted,
  leastEpsilon,
  leftAfter,
  noiseFor,
  relationCharged,
  stepsFor,
  upperBound,
} from '../../src/privacy/budget.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { createLedger } from '../../src/privacy/ledger/ledger.ts';
import { RELATION_NAMES, relationRow } from '../../src/privacy/relation.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { spending, spendingLine } from '../../src/run/spend.ts';
import { newRecords } from '../../src/run/training-data.ts';
import { named } from '../support/dataset.ts';
import { failure } from '../support/failure.ts';

const budget = (more: Partial<Budget> = {}): Budget => ({
  epsilon: 3,
  delta: 1e-5,
  encoderEpsilon: 0,
  accountant: 'pld',
  mechanism: 'gaussian',
  relation: 'zero-out',
  ...more,
});

test('each relation has a sentence and two cases of its own, and says what it multiplies', () => {
  const rows = RELATION_NAMES.map(relationRow);
  for (const field of ['title', 'sentence', 'short', 'cases'] as const) {
    assert.is(new Set(rows.map((row) => row[field])).size, 3);
  }
  assert.equal(
    rows.map(({ factor }) => factor),
    [1, 1, 2],
  );
});

test('removing and then adding a record: twice epsilon and (1 + exp(epsilon)) delta, which some mechanism needs', () => {
  assert.equal(chargedFor({ epsilon: 0.4, delta: 1e-6 }, 'zero-out'), { epsilon: 0.4, delta: 1e-6 });
  assert.equal(chargedFor({ epsilon: 0.4, delta: 1e-6 }, 'add-remove'), { epsilon: 0.4, delta: 1e-6 });
  const [e, d] = [0.4, 0.01];
  const charged = chargedFor({ epsilon: e, delta: d }, 'replace-one');
  // Outcomes: one that only P has, one that Q lacks, the rest.
  const hockey = (a: readonly number[], b: readonly number[], epsilon: number) =>
    a.reduce((sum, p, i) => sum + Math.max(0, p - Math.exp(epsilon) * b[i]), 0);
  const rest = (head: readonly number[]) => [...head, 1 - head.reduce((x, y) => x + y, 0)];
  const without = rest([0, d]);
  const p = rest([d, Math.exp(e) * d]);
  const q = rest([0, 0]);
  assert.ok(hockey(p, without, e) <= d + 1e-15 && hockey(without, q, e) <= d + 1e-15);
  assert.ok(Math.abs(hockey(p, q, charged.epsilon) - charged.delta) < 1e-15);
  // And no three laws need more.
  const s = new PhiloxStream(5, 'budget');
  const law = () => {
    const masses = Array.from({ length: 5 }, () => s.uniform() ** 4);
    const sum = masses.reduce((x, y) => x + y, 0);
    return masses.map((x) => x / sum);
  };
  for (let i = 0; i < 300; i++) {
    const [a, r, b] = [law(), law(), law()];
    const epsilon = s.uniform();
    const delta = Math.max(hockey(a, r, epsilon), hockey(r, b, epsilon));
    const both = chargedFor({ epsilon, delta }, 'replace-one');
    assert.ok(hockey(a, b, both.epsilon) <= both.delta + 1e-15);
  }
});

test('the price of an encoding: the same share of the budget whatever the relation', () => {
  const columns = [{ kind: 'number' }, { kind: 'category' }];
  for (const relation of RELATION_NAMES) {
    for (const [more, epsilon] of [
      [{}, 0.4],
      [{ epsilon: 0 }, 0.4],
      [{ epsilon: 0.9 }, 0.3],
      [{ epsilon: 8 }, 0.8],
      [{ encoderEpsilon: 1 }, 1],
      [{ counted: true }, 0.8],
      [{ counted: true, epsilon: 0.9 }, 0.45],
      [{ counted: true, epsilon: 9 }, 0.9],
      [{ counted: true, encoderEpsilon: 1 }, 1],
    ] as const) {
      const setting = budget({ relation, ...more });
      const [cost, price] = [encodingCost(setting), encodingPrice(setting, columns)];
      assert.equal(price, chargedFor(cost, relation));
      assert.ok(Math.abs(price.epsilon - epsilon) < 1e-12 && Math.abs(price.delta / 1e-6 - 1) < 1e-12);
      assert.ok(relation !== 'replace-one' || (cost.epsilon < 0.51 * epsilon && cost.delta < 0.5e-6));
      assert.equal(encodingPrice(setting, []), { epsilon: 0, delta: 0 });
      assert.equal(encodingPrice(setting, [{ kind: 'number' }]), { epsilon: price.epsilon, delta: 0 });
      assert.equal(encodingPrice(setting, [], true), { epsilon: price.epsilon, delta: 0 });
    }
  }
});

test('what an encoder spends is what the ledger is charged, and the price that was foreseen', () => {
  const columns: Column[] = [
    { name: 'age', kind: 'integer', decimals: 0 },
    { name: 'town', kind: 'category', values: ['a', 'b'] },
  ];
  const s = new PhiloxStream(1, 'test/budget');
  const train = Float64Array.from({ length: 2 * 2000 }, (_, i) => (i % 2 ? s.below(2) : s.below(80)));
  const table = { columns, train, holdout: new Float64Array() };
  const source = named({ name: 'people', table, meta: { origin: 'made' } });
  for (const relation of ['auto', 'replace-one'] as const) {
    const config = parsePrivate({ relation, epsilon: 3, partitions: 1, batch: 20 });
    const paid = newRecords(source, 0, { config, key: PrivacyKey.insecure(1) }).encoding?.paid;
    assert.ok(paid && Math.abs(paid.epsilon - (relation === 'auto' ? 0.4 : 0.2)) < 1e-12);
    const { terms } = new PrivatePlan(config, 2000, paid && chargedFor(paid, relationOf(config)));
    const price = encodingPrice(budgetOf(config), columns);
    assert.is(terms.relation, relation === 'auto' ? 'zero-out' : 'replace-one');
    assert.ok(Math.abs(Number(terms.encoding_epsilon) - price.epsilon) < 1e-12, `${terms.encoding_epsilon}`);
    assert.ok(Math.abs(Number(terms.encoding_delta) / price.delta - 1) < 1e-9, `${terms.encoding_delta}`);
  }
});

test('noise for a budget: all updates fit with what was paid, and hardly more would', () => {
  const need = { q: 0.02, updates: 300 };
  for (const setting of [
    budget(),
    budget({ relation: 'replace-one' }),
    budget({ accountant: 'rdp' }),
    budget({ mechanism: 'discrete', accountant: 'rdp' }),
    budget({ mechanism: 'discrete', accountant: 'rdp', relation: 'replace-one' }),
  ]) {
    const paid = encodingPrice(setting, [{ kind: 'category' }]);
    const { sigma } = noiseFor(need, setting, paid);
    const terms = { ...setting, encoding_epsilon: paid.epsilon, encoding_delta: paid.delta };
    const spent = epsilonOf([{ q: need.q, sigma, steps: need.updates }], setting.delta, terms);
    const known = setting.accountant === 'rdp' ? spent.rdp : upperBound(spent);
    assert.ok(known <= 3 && known > 2.99, `${JSON.stringify(setting)}: ${known}`);
    // The stop that follows the same rules comes where the noise was made for.
    const steps = stepsFor({ q: need.q, sigma }, setting, { paid });
    assert.ok(steps >= 300 && steps <= 302, `${steps}`);
    const phases = [{ q: need.q, sigma, steps }];
    assert.ok(isExhausted(phases, setting, terms), 'one more would exceed it');
    assert.not.ok(isExhausted([{ ...phases[0], steps: steps - 8 }], setting, terms));
    assert.not.ok(isExhausted(phases, { ...setting, epsilon: 0 }, terms));
    assert.not.ok(isExhausted([], setting, terms));
  }
  const by = (relation: Budget['relation']) => noiseFor(need, budget({ accountant: 'rdp', relation })).sigma;
  assert.ok(by('replace-one') > 1.15 * by('zero-out') && by('add-remove') === by('zero-out'));
});

test('what was spent is taken off; a budget that is gone pays for nothing; none has no end', () => {
  const phase = { q: 0.02, sigma: 1.2 };
  const all = stepsFor(phase, budget({ accountant: 'rdp' }));
  assert.is(stepsFor(phase, budget({ accountant: 'rdp' }), { spent: [{ ...phase, steps: 100 }] }), all - 100);
  const paid = { epsilon: 3, delta: 1e-6 };
  assert.equal(leftAfter(budget(), paid), { epsilon: 0, delta: 1e-5 - 1e-6 });
  assert.is(stepsFor(phase, budget(), { paid }), 0);
  assert.is(stepsFor(phase, budget({ epsilon: 0 })), Number.POSITIVE_INFINITY);
  const gone = failure(() => noiseFor({ q: 0.02, updates: 9 }, budget(), paid));
  assert.equal([gone.code, gone.where], ['CONFIG', 'encoderEpsilon']);
  assert.match(failure(() => noiseFor({ q: 0.02, updates: Number.POSITIVE_INFINITY }, budget())).message, /adaptive/);
});

test('epsilon by the terms of a ledger: its mechanism, its relation, its encoding', () => {
  const phases = [{ q: 0.01, sigma: 1, steps: 1000 }];
  const near = (value: number | null, want: number) => assert.ok(Math.abs(Number(value) - want) < 1e-3, `${value}`);
  const [plain, zeroed, replaced] = [{}, { relation: 'zero-out' }, { relation: 'replace-one' }].map((terms) =>
    epsilonOf(phases, 1e-5, terms),
  );
  assert.equal(plain, zeroed);
  near(plain.pld, 1.828);
  near(replaced.pld, 2.843);
  assert.ok(replaced.rdp > Number(replaced.pld) && Number(replaced.pld) >= Number(replaced.pld_lower));
  assert.is(leastEpsilon(phases, 1e-5, 'replace-one'), replaced.pld_lower);
  const paid = epsilonOf(phases, 1e-5, { relation: 'replace-one', encoding_epsilon: 0.4, encoding_delta: 1e-6 });
  assert.ok(Number(paid.pld) > 0.4 + Number(replaced.pld) && Number(paid.pld_lower) <= Number(replaced.pld));
  const discrete = epsilonOf(phases, 1e-5, { mechanism: 'discrete' });
  const both = epsilonOf(phases, 1e-5, { mechanism: 'discrete', relation: 'replace-one' });
  assert.equal([discrete.pld, both.pld], [null, null]);
  assert.ok(both.rdp > replaced.rdp && both.rdp > discrete.rdp && upperBound(both) === both.rdp);
});

test("a ledger's word: the old one of a public number of rows, and none that is unknown", () => {
  assert.is(relationCharged({ relation: 'add-remove' }, 'zero-out'), 'zero-out');
  assert.is(relationCharged({ relation: 'add-remove' }, 'add-remove'), 'add-remove');
  assert.is(relationCharged({ relation: 'replace-one' }, 'zero-out'), 'replace-one');
  assert.is(failure(() => relationCharged({ relation: 'both' }, 'zero-out')).code, 'FILE');
  assert.is(failure(() => epsilonOf([], 1e-5, { relation: 'constructor' })).code, 'FILE');
});

test('a run says by which neighbours it was charged, old ledgers by what their configuration says', () => {
  const of = (fields: Record<string, unknown>, relation?: string) => {
    const config = parsePrivate({ epsilon: 3, ...fields });
    const { terms } = new PrivatePlan(config, 2000);
    const ledger = createLedger(new MemoryLedgerFile('ledger'), { ...terms, ...(relation ? { relation } : {}) });
    ledger.append({ from: 0, to: 100, q: 0.02, sigma: 1.5 });
    return spending({ ledger, config, insecure: false } as unknown as Guarantee);
  };
  const [now, before] = [of({}), of({}, 'add-remove')];
  assert.equal(now, before);
  assert.is(now.relation, 'zero-out');
  assert.match(spendingLine(now), /100 noisy updates, one record zeroed out, the number of rows public$/);
  assert.match(spendingLine(of({ population: 2000 })), /100 noisy updates, add\/remove of one record$/);
  const replaced = of({ relation: 'replace-one' });
  assert.match(spendingLine(replaced), /100 noisy updates, one record exchanged for another$/);
  assert.ok(Number(replaced.epsilon?.pld) > 1.3 * Number(now.epsilon?.pld));
  const claimed = of({ bound: 'weights', divergence: 'wgan', epsilon: 0, relation: 'replace-one' });
  const alone = of({ bound: 'weights', divergence: 'wgan', epsilon: 0 });
  assert.ok(Number(claimed.claim?.at_least) > Number(alone.claim?.at_least));
});

test('the relation of a config: by what is public, or as asked; none that its rows contradict', () => {
  assert.is(relationOf(parsePrivate({})), 'zero-out');
  assert.is(relationOf(parsePrivate({ population: 5000 })), 'add-remove');
  assert.is(relationOf(parsePrivate({ population: 5000, relation: 'zero-out' })), 'zero-out');
  assert.is(relationOf(parsePrivate({ population: 5000, relation: 'add-remove' })), 'add-remove');
  assert.is(relationOf(parsePrivate({ relation: 'replace-one' })), 'replace-one');
  const { code, where, fix } = failure(() => parsePrivate({ relation: 'add-remove' }));
  assert.equal([code, where], ['CONFIG', 'relation']);
  assert.match(String(fix), /`population`/);
  assert.is(budgetOf(parsePrivate({ population: 9, epsilon: 2 })).relation, 'add-remove');
});

test('updates behind generator steps are those that the schedule makes', () => {
  for (const [config, steps] of [
    [{ criticSteps: 3, burst: 0, adaptive: 0 }, 40],
    [{ criticSteps: 2, burst: 100, adaptive: 0 }, 7],
    [{ criticSteps: 2, burst: 100, adaptive: 0 }, 25],
    [{ criticSteps: 2, burst: 100, adaptive: 0 }, 500],
    [{ criticSteps: 2, burst: 100, adaptive: 0 }, 501],
    [{ criticSteps: 2, burst: 7, adaptive: 0 }, 2777],
    [{ criticSteps: 2, burst: 7, adaptive: 0 }, 0],
  ] as [Pick<PrivateConfig, 'criticSteps' | 'burst' | 'adaptive'>, number][]) {
    const schedule = new Schedule(config);
    let made = 0;
    for (let step = 0; step < steps; step++) made += schedule.updates(step);
    assert.is(updatesBehind(config, steps), made, JSON.stringify([config, steps]));
  }
  assert.is(updatesBehind({ criticSteps: 2, burst: 0, adaptive: 0.6 }, 9), Number.POSITIVE_INFINITY);
});

test.run();
