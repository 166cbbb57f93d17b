/**
 * A production run with a canary that is in every update, and its twin without, which is given the first one's releases.
 * So the canary's clipped gradient is known at every update, and the noise of both.
 */
import { NoiseLaw, Pair } from '../../attack/audit/noise-law.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { secretOf } from '../../gan/private/run.ts';
import type { Gpu } from '../../gpu/index.ts';
import { pickRows, trainingRows } from '../../train/rows.ts';
import { joined, makeCanaries } from './canaries.ts';
import type { AuditSetting } from './part.ts';
import { BARE, byCritic, dot, type Watched, watch } from './production.ts';

/** Records beside the canary, a critic. */
export const BESIDE = 4;
/** Updates between two of the generator. */
const LONG = 250;
const UPDATES = { whole: 5000, quick: 750 };
/** Values of sums and releases that are kept, of each run. */
const KEPT = 1 << 25;
/** So small that the critics stay as they were: the canary's gradient keeps its length. */
const STILL = 1e-7;

export interface Twins {
  readonly within: Watched;
  readonly without: Watched;
  /** the canary's critic */
  readonly owner: number;
  readonly critics: number;
}

/** Both runs: with the canary and without. */
export async function twins(
  gpu: Gpu,
  setting: AuditSetting,
  sigma: number,
  onShare: (share: number) => void,
): Promise<Twins> {
  const { data, seed, insecureSeed, unclipped } = setting;
  const { partitions: K } = setting.config;
  const { features } = data;
  const rows = Math.min(BESIDE * K, trainingRows(data, setting.config));
  const base = data.train.subarray(0, rows * features);
  const canary = await makeCanaries(gpu, { ...setting, canaries: 1 }, base, seed);
  const asked = setting.updates || (setting.quick ? UPDATES.quick : UPDATES.whole);
  const config: PrivateConfig = {
    ...setting.config,
    noiseMultiplier: sigma,
    batch: BESIDE,
    population: BESIDE * K,
    physicalBatch: 0,
    rate: STILL,
    ...BARE,
  };
  const key = secretOf(insecureSeed);
  try {
    const make = async (has: boolean, given?: Watched): Promise<Watched> => {
      const own = has ? canary : { records: base.subarray(0, 0), labels: canary.labels.subarray(0, 0) };
      const all = joined(data, base, pickRows(own.records, features, has ? [0] : []), own.labels);
      const values = given ? given.updates[0].sum.length : canary.values;
      const updates = given ? given.updates.length : Math.max(20, Math.min(asked, Math.floor(KEPT / values)));
      const criticSteps = Math.min(LONG, updates);
      const long = { ...config, criticSteps, steps: Math.floor(updates / criticSteps) };
      const onUpdates = (n: number) => onShare((has ? 0 : 0.5) + n / updates / 2);
      const options = { key, noise: has ? 0 : 1, given: given?.updates, unclipped, onUpdates };
      return watch(gpu, long, all, seed, options);
    };
    const within = await make(true);
    return { within, without: await make(false, within), owner: canary.owner[0], critics: K };
  } finally {
    key.wipe();
  }
}

/** What the two runs show: errors of guesses about each update, and the law of the noise. */
export function judge(
  { within, without, owner, critics }: Twins,
  { sigma, bound, divisor }: { sigma: number; bound: number; divisor: number },
) {
  const { layout } = within;
  const laws = [within, without].map(
    () =>
      new NoiseLaw(
        critics,
        layout.reduce((n, { each }) => n + each, 0),
      ),
  );
  const runs = new Pair();
  let [wrong, guesses, length, longest] = [0, 0, 0, 0];
  within.updates.forEach((update, t) => {
    const twin = without.updates[t];
    const known = twin.sum;
    const way = byCritic(layout, critics, update.sum, { less: known })[owner];
    const norm = Math.sqrt(dot(way, way));
    if (norm > 1e-6 * bound) way.forEach((x, i) => (way[i] = x / norm));
    const noises = [update, twin].map(({ sum, release }, run) => {
      const off = byCritic(layout, critics, release, { less: known, by: divisor })[owner];
      // More than half of what is claimed is taken for "in".
      const guessed = dot(off, way) > bound / 2;
      if (norm > 1e-6 * bound) {
        guesses++;
        if (guessed !== (run === 0)) wrong++;
      }
      const noise = byCritic(layout, critics, release, { less: sum, by: divisor });
      for (const z of noise) z.forEach((x, i) => (z[i] = x / (sigma * bound)));
      const beside: number[] = [];
      if (norm > 1e-6 * bound) beside[owner] = dot(noise[owner], way);
      laws[run].add(noise, beside);
      return noise;
    });
    noises[0].forEach((z, k) => {
      runs.add(z, noises[1][k]);
    });
    length += norm / bound;
    longest = norm / bound <= longest ? longest : norm / bound;
  });
  return { counts: { guesses, wrong }, laws, runs, length: length / within.updates.length, longest };
}
