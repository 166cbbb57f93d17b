/** The normal distribution in f64, to about 1e-15 relative also far out in its tails. */

/**
 * Chebyshev coefficients of (1 + 2x) erfcx(x) for x >= 0 in t = (x - 3.75) / (x + 3.75), from 50-digit arithmetic; the
 * next one is below 3e-18.
 */
const ERFCX = [
  1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
  0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-5, 4.13902798607301e-6,
  7.740383066198494e-7, -2.1886401049234373e-7, 1.0764999465671112e-8, 4.521959811218466e-9, -7.754400208829793e-10,
  -6.318088340873547e-11, 2.8687950109412775e-11, 1.945586855379087e-13, -9.654696747896442e-13, 3.252548150842057e-14,
  3.347811948286861e-14, -1.864562907351375e-15, -1.2507951067674961e-15, 7.418227243211198e-17, 5.068138297239216e-17,
  -2.2371880224514382e-18,
];

const SQRT_HALF_PI = Math.sqrt(Math.PI / 2);
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** exp(x^2) erfc(x) for x >= 0, by Clenshaw's recurrence. */
function erfcx(x: number): number {
  const t = (2 * (x - 3.75)) / (x + 3.75);
  let b1 = 0;
  let b2 = 0;
  for (let i = ERFCX.length - 1; i > 0; i--) [b1, b2] = [t * b1 - b2 + ERFCX[i], b1];
  return (0.5 * t * b1 - b2 + ERFCX[0]) / (1 + 2 * x);
}

/** The logarithm of the standard normal density. */
export const logDensity = (x: number): number => -0.5 * x * x - LOG_SQRT_2PI;

/** Mills' ratio P[Z > x] / density(x); infinite where x is below -38. */
export function mills(x: number): number {
  if (x >= 0) return SQRT_HALF_PI * erfcx(x * Math.SQRT1_2);
  return Math.exp(-logDensity(x)) - SQRT_HALF_PI * erfcx(-x * Math.SQRT1_2);
}

/** ln P[Z > x]. */
export function logTail(x: number): number {
  if (x >= 0) return logDensity(x) + Math.log(mills(x));
  return Math.log1p(-Math.exp(logDensity(x)) * mills(-x));
}

/** P[Z > x]. */
export const tail = (x: number): number =>
  x >= 0 ? Math.exp(logDensity(x)) * mills(x) : 1 - Math.exp(logDensity(x)) * mills(-x);
