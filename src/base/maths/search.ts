/** Searches along a line, in float64. */

/** The smallest point of (low, high] that is `good`, up to rounding: itself good; `high` must be. */
export function bisect(low: number, high: number, good: (x: number) => boolean, relative = 0): number {
  for (let i = 0; i < 200 && high - low > relative * high; i++) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (good(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Where a function with one minimum in [low, high] has it, to about 1e-5 of the interval. */
export function goldenSection(f: (x: number) => number, low: number, high: number, steps = 28): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [fa, fb] = [f(a), f(b)];
  for (let i = 0; i < steps; i++) {
    if (fa < fb) {
      [high, b, fb] = [b, a, fa];
      fa = f((a = high - ratio * (high - low)));
    } else {
      [low, a, fa] = [a, b, fb];
      fb = f((b = low + ratio * (high - low)));
    }
  }
  return fa < fb ? a : b;
}
