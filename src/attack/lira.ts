/**
 * The likelihood-ratio attack (LiRA, Carlini et al. 2022) on generative models: shadow models, each trained on a random
 * half of all candidates, say how a record scores where it was trained on and where it was not.
 */
import { PhiloxStream } from '../base/philox.ts';
import { median } from './montecarlo.ts';

/** Below so many shadows on each side of a record one spread for all records is surer than one each. */
const OWN_SPREAD = 16;

/**
 * Which of `count` candidates each shadow is trained on: shadows come in pairs, one with a random half and one with the
 * other, so that every candidate is in half of them.
 * @param shadows even
 * @returns for each shadow [count], 1 where the candidate is in
 */
export function shadowHalves(count: number, shadows: number, seed = 0): Uint8Array[] {
  const stream = new PhiloxStream(seed, 'attack/shadows');
  return Array.from({ length: shadows / 2 }, () => {
    const chosen = new Uint8Array(count);
    for (const i of stream.permutation(count).subarray(0, count >> 1)) chosen[i] = 1;
    return [chosen, chosen.map((bit) => 1 - bit)];
  }).flat();
}

const variance = (values: readonly number[]): number => values.reduce((sum, x) => sum + x * x, 0) / values.length;

/**
 * log N(phi; mean in, spread in) - log N(phi; mean out, spread out) of every candidate: means are medians over the
 * shadows, spreads standard deviations about them, one for all candidates unless there are 16 shadows on either side.
 * @param target what the attacked model gives each candidate, [count]
 * @param shadows the same of each shadow
 * @param halves from `shadowHalves`
 */
export function likelihoodRatios(
  target: ArrayLike<number>,
  shadows: readonly ArrayLike<number>[],
  halves: readonly Uint8Array[],
): Float64Array {
  const count = target.length;
  const sides = [1, 0].map((side) => {
    const centres = new Float64Array(count);
    const residuals: number[][] = [];
    for (let i = 0; i < count; i++) {
      const values = shadows.flatMap((shadow, s) => (halves[s][i] === side ? [shadow[i]] : []));
      centres[i] = median(Float64Array.from(values));
      residuals.push(values.map((x) => x - centres[i]));
    }
    const all = variance(residuals.flat());
    const least = 1e-12 + 1e-6 * all;
    const spreads = residuals.map((list) => Math.max(least, list.length >= OWN_SPREAD ? variance(list) : all));
    return { centres, spreads };
  });
  return Float64Array.from({ length: count }, (_, i) => {
    const [inside, outside] = sides.map(
      ({ centres, spreads }) => -((target[i] - centres[i]) ** 2) / (2 * spreads[i]) - Math.log(spreads[i]) / 2,
    );
    return inside - outside;
  });
}
