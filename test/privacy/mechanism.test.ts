/** The mechanism: what is noised, charged and written down is one set of numbers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Mechanism, type MechanismOptions } from '../../src/privacy/mechanism.ts';
import { mostRecords, roundingBound } from '../../src/privacy/sensitivity.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

const options = (more: Partial<MechanismOptions> = {}): MechanismOptions => ({
  kind: 'gaussian',
  bound: 0.7,
  clipping: 'flat',
  multiplier: 1.3,
  divisor: 50,
  q: 0.02,
  sampler: 'poisson',
  relation: 'zero-out',
  partitions: 4,
  population: 2500,
  physical: 80,
  ...more,
});
/** Nothing of it is looked at. */
const value = {} as Tensor;

test('an update is charged what it is made with, and the ledger begins with it', () => {
  const mechanism = new Mechanism(options());
  assert.equal(mechanism.charge(3, 9), { from: 3, to: 9, q: mechanism.q, sigma: mechanism.multiplier });
  const { terms } = mechanism;
  assert.equal([terms.mechanism, terms.bound, terms.divisor, terms.partitions], ['gaussian', 0.7, 50, 4]);
  assert.equal([terms.sampler, terms.relation, terms.clipping], ['poisson', 'zero-out', 'flat']);
});

test('a sum is as sensitive as its bound and the rounding of all records that an update can sum, generated ones too', () => {
  for (const [divisor, physical, fakeBatches] of [
    [50, 80, 1],
    [64, 7, 10],
    [2048, 4000, 1],
  ]) {
    const { sensitivity } = new Mechanism(options({ divisor, physical })).sum(value, fakeBatches);
    const real = mostRecords(divisor);
    const size = { most: real + divisor, batches: Math.ceil(real / physical) + fakeBatches };
    assert.is(sensitivity.bound, 0.7);
    assert.is(sensitivity.rounding, roundingBound(0.7, size));
  }
});

test('what bounds no gradient only makes a claim, which admits anything', () => {
  const sum = new Mechanism(options({ clipping: 'none' })).sum(value, 1);
  assert.equal(sum.sensitivity, { bound: 0.7, rounding: 0 });
  sum.admit(1e9, 1e9);
  const bounded = new Mechanism(options()).sum(value, 1);
  bounded.admit(mostRecords(50) + 50, 1);
  assert.throws(
    () => bounded.admit(mostRecords(50) + 51, 1),
    (e: { code: string }) => e.code === 'OVER_LIMIT',
  );
});

test.run();
