/**
 * Precision, recall, density and coverage: how much of the samples lies where real rows are, and how much of the real
 * rows is met. A point's ball reaches to its k-th nearest neighbour of its own set.
 */

import { VeilganError } from '../base/errors.ts';
import { distancesFrom } from '../base/maths/distances.ts';
import { countRecords } from '../base/rows.ts';
import type { Gpu } from '../gpu/index.ts';
import { nearestNeighbours } from './neighbours.ts';

export interface Prdc {
  /** share of samples in at least one real row's ball (Kynkaanniemi et al. 2019): 1 where all look real */
  readonly precision: number;
  /** share of real rows in at least one sample's ball: 1 where nothing real is missed */
  readonly recall: number;
  /**
   * real rows' balls that a sample lies in, on average, over k (Naeem et al. 2020): 1 for equal laws, more where samples
   * crowd in dense places and in tables whose distances tie; outliers among the real rows count little
   */
  readonly density: number;
  /** share of real rows with a sample in their ball (Naeem et al. 2020); for equal laws `expectedCoverage` */
  readonly coverage: number;
}

/**
 * Coverage that samples of the real rows' own law have on average, 1 - prod_i (n - i) / (n + m - i) over i = 1..k (Naeem
 * et al. 2020, lemma 2): 0.97 for k = 5 and as many samples as real rows.
 * @param n real rows
 * @param m samples
 */
export function expectedCoverage(n: number, m: number, k: number): number {
  let missed = 1;
  for (let i = 1; i <= k; i++) missed *= (n - i) / (n + m - i);
  return 1 - missed;
}

/**
 * Counts from squared distances and squared radii; a ball includes its surface, so that tables of whole numbers, whose
 * distances coincide, are counted as Kynkaanniemi et al. define it (in the plane and for images it makes no difference).
 * @param real [n, features]
 * @param realRadii [n], squared
 */
export function prdcOf(
  real: Float32Array,
  realRadii: Float64Array,
  fake: Float32Array,
  fakeRadii: Float64Array,
  k: number,
): Prdc {
  const [n, m] = [realRadii.length, fakeRadii.length];
  const width = real.length / n;
  const [a, b] = [Float64Array.from(real), Float64Array.from(fake)];
  const balls = new Uint32Array(m);
  const [d, found] = [new Float64Array(m), { recall: 0, coverage: 0 }];
  for (let i = 0; i < n; i++) {
    distancesFrom(a, i * width, b, width, d);
    let [met, within] = [false, false];
    for (let j = 0; j < m; j++) {
      if (d[j] <= realRadii[i]) {
        balls[j]++;
        within = true;
      }
      if (d[j] <= fakeRadii[j]) met = true;
    }
    found.recall += Number(met);
    found.coverage += Number(within);
  }
  const inside = balls.reduce((sum, b) => sum + Number(b > 0), 0);
  const all = balls.reduce((sum, b) => sum + b, 0);
  return { precision: inside / m, recall: found.recall / n, density: all / (k * m), coverage: found.coverage / n };
}

/** Squared distance of each row to its k-th nearest among the others. */
async function ballsOf(gpu: Gpu, rows: Float32Array, features: number, k: number): Promise<Float64Array> {
  // The nearest of all is the row itself, or one equal to it.
  const { squared } = await nearestNeighbours(gpu, rows, rows, { features, k: k + 1 });
  return Float64Array.from({ length: rows.length / features }, (_, row) => squared[row * (k + 1) + k]);
}

/**
 * Precision, recall, density and coverage of samples [m, features] against real rows [n, features], exact in float64.
 * Nearest neighbours on the device where that pays; the counting is n m features operations on the host.
 * @param options k: neighbours, 1 to 15; default 5
 * @throws VeilganError SHAPE, NAN; DATA where a side has no more than k rows
 */
export async function prdc(
  gpu: Gpu,
  real: Float32Array,
  fake: Float32Array,
  { features, k = 5 }: { readonly features: number; readonly k?: number },
): Promise<Prdc> {
  const counts = [countRecords(real, features, 'real rows'), countRecords(fake, features, 'samples')];
  if (Math.min(...counts) <= k) {
    throw new VeilganError('DATA', `${Math.min(...counts)} rows have no ${k} neighbours`, {
      where: 'precision and recall',
      fix: `Give more than ${k} rows on both sides`,
    });
  }
  const [realRadii, fakeRadii] = [await ballsOf(gpu, real, features, k), await ballsOf(gpu, fake, features, k)];
  return prdcOf(real, realRadii, fake, fakeRadii, k);
}
