/**
 * What random numbers must look like. Every bound below has a false-alarm rate of about 1e-6 for a right generator: 4.9
 * standard errors, or a Kolmogorov distance of 2.7 (2 exp(-2 x^2)). Tests run on fixed seeds, so they fail always or
 * never.
 */
export const ERRORS = 4.9;
const DISTANCE = 2.7;

/** Distribution function of the standard normal, by Marsaglia's series (JSS 11, 2004); 1e-15 up to 7. */
export function phi(x: number): number {
  if (Math.abs(x) > 7) return x > 0 ? 1 : 0;
  let [sum, term] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) sum += term *= (x * x) / i;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Kolmogorov-Smirnov distance to N(0, 1), times sqrt(n). */
function kolmogorov(x: Float64Array): number {
  const sorted = x.slice().sort();
  const n = sorted.length;
  let most = 0;
  for (let i = 0; i < n; i++) {
    const f = phi(sorted[i]);
    most = Math.max(most, (i + 1) / n - f, f - i / n);
  }
  return Math.sqrt(n) * most;
}

/** P[Poisson(mean) > k]: what a binomial count of rare events comes to. */
function above(k: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    sum += term;
    term *= mean / (i + 1);
  }
  return 1 - sum;
}

/** What is wrong with `x` as independent draws from N(0, 1): moments to order 4, distribution, tails. */
export function faults(x: Float64Array): string[] {
  const n = x.length;
  const found: string[] = [];
  const moments = [0, 0, 0, 0];
  const beyond = [0, 0, 0];
  for (const v of x) {
    const s = v * v;
    moments[0] += v / n;
    moments[1] += s / n;
    moments[2] += (s * v) / n;
    moments[3] += (s * s) / n;
    for (let k = 0; k < 3; k++) if (Math.abs(v) > k + 3) beyond[k]++;
  }
  // Means and variances of v, v^2, v^3, v^4.
  const want = [0, 1, 0, 3];
  const variance = [1, 2, 15, 96];
  moments.forEach((m, i) => {
    const errors = Math.abs(m - want[i]) / Math.sqrt(variance[i] / n);
    if (!(errors < ERRORS)) found.push(`moment ${i + 1} is ${m}, ${errors.toFixed(1)} errors off`);
  });
  const distance = kolmogorov(x);
  if (!(distance < DISTANCE)) found.push(`Kolmogorov distance ${distance}`);
  beyond.forEach((count, i) => {
    const mean = 2 * phi(-(i + 3)) * n;
    const wrong =
      mean > 30 ? Math.abs(count - mean) > ERRORS * Math.sqrt(mean) : count > mean && above(count - 1, mean) < 1e-6;
    if (wrong) found.push(`${count} beyond ${i + 3} standard deviations, not ${mean.toFixed(1)}`);
  });
  return found;
}

/** Correlation of two rows of standard normals, in standard errors; of their squares with `squares`. */
export function correlation(x: Float64Array, y: Float64Array, squares = false): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += squares ? ((x[i] * x[i] - 1) * (y[i] * y[i] - 1)) / 2 : x[i] * y[i];
  return Math.abs(sum) / Math.sqrt(x.length);
}

/**
 * The chi-square of `n` whole-number samples against a law, in standard errors of a normal one (Wilson and Hilferty
 * 1931).
 * @param weight of each whole number, falling on both sides of 0
 */
export function chi(weight: (k: number) => number, sample: () => number, n: number): number {
  let most = 1;
  while (weight(most) > 1e-30 * weight(0)) most++;
  let total = 0;
  for (let k = -most; k <= most; k++) total += weight(k);
  const counts = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const k = sample();
    counts.set(k, (counts.get(k) ?? 0) + 1);
  }
  // Bins of an expected count of at least 10; the rest in one.
  let [sum, bins, seen, expected] = [0, 0, 0, 0];
  for (let k = -most; k <= most; k++) {
    const mean = (n * weight(k)) / total;
    if (mean < 10) continue;
    sum += ((counts.get(k) ?? 0) - mean) ** 2 / mean;
    bins++;
    seen += counts.get(k) ?? 0;
    expected += mean;
  }
  if (n - expected > 0.5) {
    sum += (n - seen - (n - expected)) ** 2 / (n - expected);
    bins++;
  }
  const freedom = bins - 1;
  return (Math.cbrt(sum / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}
