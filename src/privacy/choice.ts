import type { Words } from './chacha.ts';
export const choiceSigma = (e: number, relation: string) => (2 / e) * (relation === 'replace-one' ? Math.SQRT2 : 1);
export function chooseTable(words: Words, scores: readonly number[], epsilon: number, sensitivity: number): number {
  const most = Math.max(...scores);
  const p = scores.map((s) => Math.exp((epsilon * (s - most)) / (2 * sensitivity)));
  let u = (words.uint32() / 2 ** 32) * p.reduce((a, b) => a + b, 0);
  for (let i = 0; i < p.length; i++) {
    u -= p[i];
    if (u < 0) return i;
  }
  return p.length - 1;
}
