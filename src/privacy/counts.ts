import type { Words } from './chacha.ts';
import { DiscreteGaussian } from './discrete-gaussian.ts';
export const sigmaGrid = (sigma: number): number => Math.ceil(sigma * 1024) / 1024;
export function noisyTable(words: Words, counts: ArrayLike<number>, sigma: number): Float64Array {
  const m = Math.round(sigma * 1024);
  const g = new DiscreteGaussian(words, m * m, 2 ** 20);
  return Float64Array.from(counts, (c) => c + g.next());
}
export function gaussianBound(sigma: number, p: number): number {
  let k = 0;
  const tail = (k: number) => {
    let s = 0,
      z = 0;
    const m = Math.ceil(12 * sigma);
    for (let i = -m; i <= m; i++) {
      const e = Math.exp((-i * i) / 2 / sigma / sigma);
      z += e;
      if (i >= k) s += e;
    }
    return s / z;
  };
  while (tail(k) > p) k = k + Math.max(1, Math.floor(sigma / 8));
  return k;
}
export const gaussianThreshold = (sigma: number, delta: number): number => 1 + gaussianBound(sigma, delta);
