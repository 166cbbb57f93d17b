/**
 * Whether batches are the Poisson samples that the accountant describes: each record of a critic's partition, and no
 * other, enters a batch with probability q, independently of all others and of all other batches. Exact tests.
 */
import { binomialBelow, binomialMass, binomialTail, binomialTwoSided } from '../../base/maths/binomial.ts';
import { type Check, smallest } from './family.ts';

export interface Sampled {
  /** row numbers of the critic's partition */
  readonly rows: Uint32Array;
  /** its batches, one after another, row numbers */
  readonly batches: readonly Uint32Array[];
}

/** A batch as one mark a record of the partition. */
const marks = ({ rows }: Sampled, batch: Uint32Array): Uint8Array => {
  const inside = new Set(batch);
  return Uint8Array.from(rows, (row) => (inside.has(row) ? 1 : 0));
};

const both = (a: Uint8Array, b: Uint8Array, from = 0): number => {
  let n = 0;
  for (let i = 0; i + from < a.length && i < b.length; i++) n += a[i + from] & b[i];
  return n;
};

/** How many of `trials` independent pairs of records, each with probability q^2, are in together. */
const together = (name: string, trials: number, found: number, q: number): Check => ({
  name,
  p: binomialTwoSided(trials, q * q, found),
  found: `${name}: ${found} of ${trials} pairs, ${(trials * q * q).toFixed(1)} expected`,
});

/** Only rows of the critic's own partition, each at most once a batch. */
function membership(samples: readonly Sampled[]): Check {
  let [strange, twice] = [0, 0];
  const seen = new Map<number, number>();
  samples.forEach(({ rows, batches }, k) => {
    const own = new Set(rows);
    for (const batch of batches) {
      const inside = new Set(batch);
      if (inside.size < batch.length) twice++;
      for (const row of inside) {
        if (!own.has(row) || (seen.get(row) ?? k) !== k) strange++;
        seen.set(row, k);
      }
    }
  });
  const found =
    strange || twice ? `${strange} records of other critics, ${twice} batches with one twice` : 'none strange';
  return { name: "batches hold records of the critic's own partition, once", p: strange || twice ? 0 : 1, found };
}

/** How often batches are empty, and of the middle sizes, against Bin(n, q). */
function sizes(samples: readonly Sampled[], q: number): Check[] {
  const checks: Check[] = [];
  samples.forEach(({ rows: { length: n }, batches }, k) => {
    if (n === 0) return;
    const test = (name: string, p: number, counts: (size: number) => boolean) => {
      const found = batches.filter(({ length }) => counts(length)).length;
      checks.push({
        name,
        p: binomialTwoSided(batches.length, Math.min(1, p), found),
        found: `critic ${k}, ${name}: ${found} of ${batches.length}, ${(p * batches.length).toFixed(1)} expected`,
      });
    };
    test('empty batches', binomialMass(n, q, 0), (size) => size === 0);
    const middle = Math.round(n * q);
    test('batches of the mean size', binomialMass(n, q, middle), (size) => size === middle);
    let reach = 0;
    while (binomialBelow(n, q, middle + reach) - binomialBelow(n, q, middle - reach - 1) < 0.5) reach++;
    const inner = 1 - binomialTail(n, q, middle + reach + 1) - binomialBelow(n, q, middle - reach - 1);
    test('batches of about the mean size', inner, (size) => Math.abs(size - middle) <= reach);
  });
  return checks;
}

/** Pairs of records, of updates, and of critics. */
function pairs(samples: readonly Sampled[], q: number): Check[] {
  const kinds = [
    'neighbouring records',
    'records far apart',
    'one update and the next',
    'one update and the fourth after it',
    'two critics',
  ];
  const [found, trials] = [kinds.map(() => 0), kinds.map(() => 0)];
  const count = (kind: number, both: number, of: number) => {
    found[kind] += both;
    trials[kind] += of;
  };
  let before: Uint8Array[] = [];
  samples.forEach((own, k) => {
    const n = own.rows.length;
    const half = n >> 1;
    const all = own.batches.map((batch) => marks(own, batch));
    all.forEach((a, t) => {
      // Each record is in one pair of a kind.
      let near = 0;
      for (let i = 0; i + 1 < n; i += 2) near += a[i] & a[i + 1];
      count(0, near, half);
      count(1, both(a.subarray(0, 2 * half), a.subarray(0, half), half), half);
      if (t % 2 === 1) count(2, both(all[t - 1], a), n);
      if (t % 8 >= 4) count(3, both(all[t - 4], a), n);
      const other = before[t] ?? new Uint8Array(0);
      if (k % 2 === 1) count(4, both(other, a), Math.min(other.length, n));
    });
    before = all;
  });
  return kinds.map((name, i) => together(name, trials[i], found[i], q));
}

/** @param q what the ledger charges */
export function samplerChecks(samples: readonly Sampled[], q: number): Check[] {
  const inclusions: Check[] = [];
  let [total, trials] = [0, 0];
  samples.forEach(({ rows, batches }) => {
    const times = new Map<number, number>();
    for (const batch of batches) for (const row of batch) times.set(row, (times.get(row) ?? 0) + 1);
    for (const row of rows) {
      const count = times.get(row) ?? 0;
      total += count;
      inclusions.push({
        name: 'each record',
        p: binomialTwoSided(batches.length, q, count),
        found: `record ${row}: in ${count} of ${batches.length} batches, ${(q * batches.length).toFixed(1)} expected`,
      });
    }
    trials += rows.length * batches.length;
  });
  const rate = trials ? total / trials : q;
  return [
    membership(samples),
    {
      name: 'records are sampled at the rate that is charged',
      p: binomialTwoSided(trials, q, total),
      found: `${rate.toFixed(5)}, and ${q.toFixed(5)} is charged`,
    },
    smallest('so is each of them', inclusions),
    smallest('batch sizes vary as independent records make them', sizes(samples, q)),
    smallest('records, updates and critics are independent', pairs(samples, q)),
  ];
}
