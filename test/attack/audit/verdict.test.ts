/**
 * A thousand correct audits, none of which may disprove; and broken noise and samplers of every kind, all of which must
 * be found. Statistics alone, on draws of the laws themselves.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Check, failed } from '../../../src/attack/audit/family.ts';
import { NoiseLaw } from '../../../src/attack/audit/noise-law.ts';
import { type Sampled, samplerChecks } from '../../../src/attack/audit/sampler-law.ts';
import { stepP } from '../../../src/attack/audit/step-law.ts';
import { PhiloxStream } from '../../../src/base/philox.ts';

const random = new PhiloxStream(3, 'verdict.test');
const [K, N] = [2, 40];

type Draw = (update: number) => Float64Array[];
const fresh: Draw = () => Array.from({ length: K }, () => Float64Array.from({ length: N }, () => random.normal()));

function noiseChecks(draw: Draw, updates: number, beside?: number[]): readonly Check[] {
  const law = new NoiseLaw(K, N);
  for (let t = 0; t < updates; t++) law.add(draw(t), beside);
  return law.found(0.95).checks;
}

const Q = 0.25;
/** Two critics with 10 and 11 records. */
const ROWS = [Uint32Array.from({ length: 10 }, (_, i) => 2 * i), Uint32Array.from({ length: 11 }, (_, i) => 2 * i + 1)];
const poisson = (rows: Uint32Array, q = Q): Uint32Array => rows.filter(() => random.uniform() < q);

function sampled(batch: (rows: Uint32Array, k: number, t: number) => Uint32Array, draws: number): Sampled[] {
  return ROWS.map((rows, k) => ({ rows, batches: Array.from({ length: draws }, (_, t) => batch(rows, k, t)) }));
}

const names = (checks: readonly Check[]) =>
  failed(checks)
    .map(({ name }) => name)
    .join('; ');

test('a thousand correct audits: none disproves, and every test is as rare as it says', () => {
  const small = new Map<string, number>();
  for (let audit = 0; audit < 1000; audit++) {
    let wrong = 0;
    for (let i = 0; i < 100; i++) if (random.normal() > 0.5) wrong++;
    const checks = [
      ...noiseChecks(fresh, 10),
      ...samplerChecks(
        sampled((rows) => poisson(rows), 40),
        Q,
      ),
      { name: 'steps', p: stepP({ guesses: 100, wrong }, 1), found: '' },
    ];
    assert.equal(failed(checks), []);
    for (const { name, p } of checks) {
      assert.ok(p >= 0 && p <= 1, name);
      small.set(name, (small.get(name) ?? 0) + (p <= 0.05 ? 1 : 0));
    }
  }
  // Of 1000 draws with probability 0.05 more than 75 come up once in 5000 times; the stream is seeded.
  for (const [name, count] of small) assert.ok(count <= 75, `${name}: ${count} of 1000 are at most 0.05`);
});

test('noise of every broken kind is found', () => {
  const scaled =
    (by: (k: number, i: number) => number): Draw =>
    (t) =>
      fresh(t).map((z, k) => z.map((x, i) => by(k, i) * x));
  const one = fresh(0);
  const kept: Float64Array[][] = [];
  const broken: [what: string, draw: Draw, found: RegExp][] = [
    ['half', scaled(() => 0.5), /every critic/],
    ['a hundredth', scaled(() => 0.01), /every critic/],
    ['less in one critic', scaled((k) => (k ? 0.8 : 1)), /every critic/],
    ['none in one coordinate', scaled((_, i) => (i === 7 ? 0 : 1)), /in every coordinate/],
    ['the same at every update', () => one, /used twice/],
    [
      'the same in two critics',
      (t) => {
        const [z] = fresh(t);
        return [z, z];
      },
      /critics are independent/,
    ],
    [
      'the sign turned once',
      (t) => {
        kept.push(t === 29 ? kept[3].map((z) => z.map((x) => -x)) : fresh(t));
        return kept[t];
      },
      /used twice/,
    ],
    ['pairs of equal coordinates', (t) => fresh(t).map((z) => z.map((_, i) => z[i - (i % 2)])), /coordinates are/],
    ['one draw for all coordinates', (t) => fresh(t).map((z) => z.map(() => z[0])), /coordinates are/],
    ['what is no number', scaled((_, i) => (i === 3 ? Number.NaN : 1)), /every critic/],
    ['two values of the right variance', (t) => fresh(t).map((z) => z.map(Math.sign)), /Gaussian/],
  ];
  for (const [what, draw, found] of broken) assert.match(names(noiseChecks(draw, 60)), found, what);
  // A step that follows the one before it.
  let last = fresh(0);
  const follows: Draw = (t) => {
    const next = fresh(t);
    last = last.map((z, k) => z.map((x, i) => 0.6 * x + 0.8 * next[k][i]));
    return last;
  };
  assert.match(names(noiseChecks(follows, 60)), /updates are independent/);
});

test('what was looked at is left out of the variance, with its degree of freedom', () => {
  const law = new NoiseLaw(1, N);
  for (let t = 0; t < 400; t++) {
    const [z] = fresh(t);
    law.add([z.map((x, i) => (i === 0 ? 0 : x))], [0]);
  }
  const [{ ratio, low, high }] = law.found(0.999).variances;
  assert.ok(low < 1 && high > 1 && Math.abs(ratio - 1) < 0.05, `${low} ${ratio} ${high}`);
});

test('samplers of every broken kind are found', () => {
  const exactly = (rows: Uint32Array, size: number): Uint32Array => {
    const rest = Array.from(rows);
    return Uint32Array.from({ length: size }, () => rest.splice(random.below(rest.length), 1)[0]);
  };
  const again = (rows: Uint32Array): Uint32Array => {
    for (;;) {
      const batch = poisson(rows);
      if (batch.length) return batch;
    }
  };
  const all = ROWS.flatMap((rows) => Array.from(rows));
  const [a, b] = [poisson(ROWS[0]), poisson(ROWS[1])];
  let before: Uint32Array = new Uint32Array(0);
  const broken: [what: string, batch: (rows: Uint32Array, k: number, t: number) => Uint32Array, found: RegExp][] = [
    ['at twice the rate', (rows) => poisson(rows, 2 * Q), /rate that is charged/],
    ['one record at twice the rate', (rows) => rows.filter((r) => random.uniform() < (r === 4 ? 2 * Q : Q)), /each of/],
    ['subsets of one size', (rows) => exactly(rows, 3), /sizes/],
    ['empty batches drawn again', again, /sizes/],
    ['rows of all', () => poisson(Uint32Array.from(all)), /own partition/],
    ['a row twice', (rows) => Uint32Array.of(rows[0], ...poisson(rows)).sort(), /own partition/],
    ['the same batch always', (_, k) => (k ? b : a), /independent/],
    [
      'each batch twice',
      (rows, _, t) => {
        if (t % 2 === 0) before = poisson(rows);
        return before;
      },
      /independent/,
    ],
    [
      'records in pairs',
      (rows) => {
        const picked = Uint32Array.from({ length: 6 }, () => (random.uniform() < Q ? 1 : 0));
        return rows.filter((_, i) => picked[i >> 1]);
      },
      /independent/,
    ],
  ];
  for (const [what, batch, found] of broken) assert.match(names(samplerChecks(sampled(batch, 800), Q)), found, what);
});

test.run();
