/**
 * DOMIAS (van Breugel et al. 2023): where is the density of what a model makes higher than that of the population? Both
 * densities are Gaussian kernel estimates, as in the authors' simplest variant.
 */
import { cholesky, solveLower } from '../base/maths/cholesky.ts';
import { spread } from '../base/rows.ts';
import type { Scored } from './judge/result.ts';
import { type Attack, withAttacker } from './target.ts';

/** Rows that densities are estimated from, candidates of each side, and the most values of a record. */
const [FITTED, CANDIDATES, MOST] = [5000, 2000, 200];

export const domias: Attack = {
  title: 'DOMIAS',
  family: 'DOMIAS (density ratio)',
  score: 'Score: density of the released samples at a record, over that of rows which the attacker has.',
  slow: false,
  unfit: ({ features, attackerRows }) =>
    features > MOST
      ? `density estimates of ${features} values say nothing; it is for at most ${MOST}`
      : attackerRows < 2
        ? 'the attacker needs at least two rows of his own'
        : undefined,
  async run(target) {
    const { model, onProgress } = target;
    const { features } = model;
    const [others, attacker] = withAttacker(target);
    const candidates = {
      members: spread(target.members.rows, features, CANDIDATES),
      nonMembers: spread(others, features, CANDIDATES),
    };
    // Samples go through the snapshots in turn: the first of them are of all, every so many might not be.
    const samples = (await model.released()).subarray(0, FITTED * features);
    return {
      scored: [densityRatios(candidates, samples, spread(attacker, features, FITTED), features, onProgress)],
    };
  },
};

/** A Gaussian kernel density estimate with the covariance of its points and Scott's factor. */
export interface KernelDensity {
  readonly features: number;
  /** points whitened by the kernel's covariance, [points, features] */
  readonly points: Float64Array;
  /** lower Cholesky factor of the kernel's covariance, [features, features] */
  readonly factor: Float64Array;
  /** logarithm of the kernel's normalisation over the number of points */
  readonly logScale: number;
}

/**
 * Fits a density to rows [rows, features]: the kernel's covariance is that of the rows times rows^(-2 / (features +
 * 4)) (Scott 1992), with a millionth of its mean variance added to the diagonal, since columns of a table may be
 * constant or sum to one.
 */
export function fitDensity(rows: Float32Array, features: number): KernelDensity {
  const total = rows.length / features;
  const mean = new Float64Array(features);
  for (let i = 0; i < rows.length; i++) mean[i % features] += rows[i] / total;
  const covariance = new Float64Array(features * features);
  for (let r = 0; r < total; r++) {
    for (let i = 0; i < features; i++) {
      const x = rows[r * features + i] - mean[i];
      for (let j = 0; j <= i; j++) covariance[i * features + j] += x * (rows[r * features + j] - mean[j]);
    }
  }
  const scott = total ** (-2 / (features + 4)) / Math.max(1, total - 1);
  let trace = 0;
  for (let i = 0; i < features; i++) {
    for (let j = 0; j <= i; j++) {
      covariance[i * features + j] *= scott;
      covariance[j * features + i] = covariance[i * features + j];
    }
    trace += covariance[i * features + i];
  }
  const ridge = (1e-6 * trace) / features || 1e-12;
  for (let i = 0; i < features; i++) covariance[i * features + i] += ridge;
  const factor = cholesky(covariance, features);
  let logScale = -0.5 * features * Math.log(2 * Math.PI) - Math.log(total);
  for (let i = 0; i < features; i++) logScale -= Math.log(factor[i * features + i]);
  const points = solveLower(factor, features, Float64Array.from(rows));
  return { features, points, factor, logScale };
}

/** Logarithms of the density at queries [queries, features], by the log-sum-exp of all kernels. */
export function logDensities(
  { features, points, factor, logScale }: KernelDensity,
  queries: Float32Array,
  onProgress?: (share: number) => void,
): Float64Array {
  const at = solveLower(factor, features, Float64Array.from(queries));
  const count = queries.length / features;
  const exponents = new Float64Array(points.length / features);
  return Float64Array.from({ length: count }, (_, q) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let p = 0; p < exponents.length; p++) {
      let squared = 0;
      for (let f = 0; f < features; f++) {
        const difference = at[q * features + f] - points[p * features + f];
        squared += difference * difference;
      }
      exponents[p] = -squared / 2;
      if (exponents[p] > most) most = exponents[p];
    }
    let sum = 0;
    // Terms that a float64 sum would not notice are most of them.
    for (const exponent of exponents) if (exponent > most - 40) sum += Math.exp(exponent - most);
    if (q % 64 === 63) onProgress?.((q + 1) / count);
    return logScale + most + Math.log(sum);
  });
}

/**
 * The attack: log p_samples(x) - log p_reference(x).
 * @param samples what the model made @param reference rows of the same population that are no candidates
 */
export function densityRatios(
  candidates: { members: Float32Array; nonMembers: Float32Array },
  samples: Float32Array,
  reference: Float32Array,
  features: number,
  onProgress?: (share: number) => void,
): Scored {
  const densities = [fitDensity(samples, features), fitDensity(reference, features)];
  const ratio = (rows: Float32Array, part: number) => {
    const [p, r] = densities.map((density, d) =>
      logDensities(density, rows, (share) => onProgress?.((2 * part + d + share) / 4)),
    );
    return p.map((value, i) => value - r[i]);
  };
  return { name: 'domias', members: ratio(candidates.members, 0), nonMembers: ratio(candidates.nonMembers, 1) };
}
