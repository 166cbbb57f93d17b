/** Exact tails of sums of squared normals, and what follows from them for variances and correlations, in f64. */
import { incompleteBeta, logGamma } from './binomial.ts';
import { bisect } from './search.ts';

/** ln (a!) - [a ln a - a + ln(2 pi a) / 2], which large a would cancel; for a >= 12. */
const stirlingRest = (a: number): number =>
  (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * a * a)) / (a * a)) / (a * a)) / a;

/** ln(1 + x) - x, for x > -1, without cancellation near 0. */
function logMinus(x: number): number {
  if (Math.abs(x) > 0.1) return Math.log1p(x) - x;
  let [sum, power] = [0, x];
  for (let k = 2; k < 40; k++) {
    power *= -x;
    sum += power / k;
    if (Math.abs(power) < 1e-20 * Math.abs(sum)) break;
  }
  return sum;
}

/** ln(x^a e^-x / Gamma(a + 1)). */
function logFront(a: number, x: number): number {
  if (a < 12) return a * Math.log(x) - x - logGamma(a + 1);
  return a * logMinus((x - a) / a) - 0.5 * Math.log(2 * Math.PI * a) - stirlingRest(a);
}

/** Both regularised incomplete gamma functions at (a, x), a > 0, x >= 0: below P, above Q (DLMF 8.11.4 and 8.9.2). */
export function incompleteGamma(a: number, x: number): { below: number; above: number } {
  if (!(x > 0)) return { below: 0, above: 1 };
  if (x === Number.POSITIVE_INFINITY) return { below: 1, above: 0 };
  const front = Math.exp(logFront(a, x));
  const terms = 2000 + 40 * Math.ceil(Math.sqrt(a));
  if (x < a + 1) {
    let [sum, term] = [1, 1];
    for (let n = 1; n < terms; n++) {
      term *= x / (a + n);
      sum += term;
      if (term < 1e-17 * sum) break;
    }
    const below = Math.min(1, front * sum);
    return { below, above: 1 - below };
  }
  // The modified Lentz method.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < terms; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b || 1e-300);
    c = b + an / c || 1e-300;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  const above = Math.min(1, front * a * value);
  return { below: 1 - above, above };
}

/** P[a sum of n squared standard normals <= x] and P[> x]. */
export const chiSquare = (n: number, x: number): { below: number; above: number } => incompleteGamma(n / 2, x / 2);

/**
 * The variance of which n independent centred normals have this sum of squares: an interval that holds it with
 * `confidence`.
 */
export function varianceInterval(n: number, squares: number, confidence: number): [low: number, high: number] {
  const half = (1 - confidence) / 2;
  const most = n + 40 * Math.sqrt(2 * n) + 1600;
  const low = bisect(0, most, (x) => chiSquare(n, x).below >= half);
  const high = bisect(0, most, (x) => chiSquare(n, x).above <= half);
  return [squares / high, squares / low];
}

/**
 * P[|r| is as large] for x and y independent, one of them of independent centred normals of one variance, whatever the
 * other is: r^2 = (x . y)^2 / (|x|^2 |y|^2) of n pairs has the law Beta(1/2, (n - 1) / 2). 1 where a vector is 0.
 */
export function correlationP(n: number, xy: number, xx: number, yy: number): number {
  if (!(xx > 0 && yy > 0) || n < 2) return 1;
  // 1 - r^2, which decides far out, as (|x|^2 |y|^2 - (x . y)^2) / (|x|^2 |y|^2).
  const rest = Math.max(0, (xx * yy - xy * xy) / (xx * yy));
  return incompleteBeta(rest, (n - 1) / 2, 0.5);
}

/**
 * P[the empirical law of n draws is `distance` or more from the true one anywhere], at most: Dvoretzky, Kiefer and
 * Wolfowitz with Massart's constant (1990).
 */
export const lawP = (n: number, distance: number): number =>
  Math.min(1, 2 * Math.exp(-2 * n * Math.max(0, distance) ** 2));
