/** The test of single updates: what guesses about them prove of epsilon, and whether their noise is what is claimed. */

import { smallest } from '../../attack/audit/family.ts';
import { NoiseLaw, Pair } from '../../attack/audit/noise-law.ts';
import { epsilonOfMu, medianErrors, muLower, type StepCounts, stepP } from '../../attack/audit/step-law.ts';
import { pickRows } from '../../base/rows.ts';
import { budgetOf, type PrivateConfig, relationOf } from '../../gan/private/config.ts';
import { mechanismOf } from '../../gan/private/plan.ts';
import { secretOf } from '../../gan/private/run.ts';
import { updatesBehind } from '../../gan/private/schedule.ts';
import type { Gpu } from '../../gpu/index.ts';
import { epsilonOf, noiseFor, stepsFor, upperBound } from '../../privacy/budget.ts';
import { trainingRows } from '../../train/rows.ts';
import { joined, makeCanaries } from './canaries.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';
import { BARE, byCritic, dot, type Watched, watch } from './production.ts';
import { rounding } from './replay.ts';

/** Records beside the canary, a critic. */
const BESIDE = 4;
/** Updates between two of the generator. */
const LONG = 250;
const UPDATES = { whole: 5000, quick: 750 };
/** Values of sums and releases that are kept, of each run. */
const KEPT = 1 << 25;
/** So small that the critics stay as they were: the canary's gradient keeps its length. */
const STILL = 1e-7;

interface Twins {
  readonly within: Watched;
  readonly without: Watched;
  /** the canary's critic */
  readonly owner: number;
  readonly critics: number;
}

/**
 * A production run with a canary that is in every update, and its twin without, which is given the first one's releases.
 * So the canary's clipped gradient is known at every update, and the noise of both.
 */
async function twins(gpu: Gpu, setting: AuditSetting, sigma: number, onShare: (share: number) => void): Promise<Twins> {
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
function judge(
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

/** What is claimed of a training: so many updates at this rate. */
interface Claim {
  readonly q: number;
  readonly sigma: number;
  readonly steps: number;
  readonly epsilon: number;
}

/** More updates are not accounted for. */
const MOST = 1e9;

/** The claim of the configured training. */
export function claimOf({ config, data }: AuditSetting): Claim {
  const { q, multiplier } = mechanismOf(config, trainingRows(data, config));
  const phase = { q, sigma: multiplier };
  // An adaptive schedule decides on the way: as many as without.
  const made = updatesBehind({ ...config, adaptive: 0 }, config.steps);
  const steps = Math.max(1, Math.min(made, MOST, stepsFor(phase, budgetOf(config))));
  return priced({ q: phase.q, sigma: phase.sigma, steps }, config);
}

/** Epsilon of so many updates. */
function priced({ q, sigma, steps }: Omit<Claim, 'epsilon'>, config: PrivateConfig): Claim {
  const terms = { mechanism: config.mechanism, relation: relationOf(config) };
  return { q, sigma, steps, epsilon: upperBound(epsilonOf([{ q, sigma, steps }], config.delta, terms)) };
}

/** The configured training with the noise that makes it claim `epsilon`. */
function claiming(epsilon: number, { q, steps }: Claim, config: PrivateConfig): Claim {
  const { sigma } = noiseFor({ q, updates: steps }, { ...budgetOf(config), epsilon });
  return priced({ q, sigma, steps }, config);
}

/** Updates of the mechanism that is not configured, whose noise is looked at too. */
const OTHER_UPDATES = 250;

interface Stepped {
  readonly mechanism: PrivateConfig['mechanism'];
  readonly claim: Claim;
  readonly counts: StepCounts;
  readonly length: number;
  readonly mu: number;
  readonly lower: number;
  readonly ceiling: number;
  readonly checks: PartResult['checks'];
  readonly variances: ReturnType<NoiseLaw['found']>['variances'];
}

async function stepped(
  gpu: Gpu,
  setting: AuditSetting,
  planned: Claim,
  onShare: (x: number) => void,
): Promise<Stepped> {
  const { confidence } = setting;
  const { delta } = setting.config;
  const pair = await twins(gpu, setting, planned.sigma, onShare);
  // What the ledger of the run said it paid for.
  const claimed = { ...pair.within.claimed, ...setting.claimed };
  const claim =
    claimed.sigma === planned.sigma ? planned : priced({ ...planned, sigma: claimed.sigma }, setting.config);
  const { counts, laws, runs, length, longest } = judge(pair, claimed);
  const composed = { q: claim.q, steps: claim.steps, delta };
  const epsilon = (wrong: number) => {
    if (!counts.guesses) return { mu: 0, lower: 0 };
    const mu = muLower({ guesses: counts.guesses, wrong }, confidence);
    return { mu, lower: epsilonOfMu(mu, composed) };
  };
  const found = laws.map((law) => law.found(confidence));
  const checks = [
    {
      name: 'a record in an update is no easier to tell than claimed',
      p: counts.guesses ? stepP(counts, claim.sigma) : 1,
      found: `${counts.wrong} of ${counts.guesses} guesses wrong`,
    },
    {
      name: 'the record adds at most C',
      p: longest <= 1 + rounding((pair.critics + 1) * BESIDE + 1) ? 1 : 0,
      found: `${longest.toFixed(4)} C at most`,
    },
    ...found.flatMap((law) => law.checks),
    smallest('two runs do not share their noise', [runs.check('two runs')]),
  ];
  const { mu, lower } = epsilon(counts.wrong);
  const ceiling = epsilon(counts.guesses ? medianErrors(counts.guesses, claim.sigma) : 0).lower;
  const { mechanism } = setting.config;
  return { mechanism, claim, counts, length, mu, lower, ceiling, checks, variances: found[0].variances };
}

async function run(gpu: Gpu, setting: AuditSetting): Promise<PartResult> {
  const { config, confidence } = setting;
  const own = claimOf(setting);
  const claims = setting.claims.length ? setting.claims.map((claim) => claiming(claim, own, config)) : [own];
  const all: Stepped[] = [];
  for (const [i, claim] of claims.entries()) {
    const onShare = (share: number) => setting.onProgress?.((i + share) / claims.length);
    all.push(await stepped(gpu, setting, claim, onShare));
  }
  // The other mechanism's noise comes from elsewhere, so it is looked at as well, in fewer updates.
  const mechanism = config.mechanism === 'gaussian' ? 'discrete' : 'gaussian';
  const changed: PrivateConfig = { ...config, mechanism, clipping: 'flat', accountant: 'rdp' };
  const few = { ...setting, config: changed, updates: OTHER_UPDATES };
  const other = setting.claims.length ? [] : [await stepped(gpu, few, priced(own, changed), () => {})];
  const best = all.reduce((a, b) => (b.lower > a.lower ? b : a));
  const ranges = best.variances.map(
    ({ ratio, low, high }) => `${ratio.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`,
  );
  return {
    found: `epsilon is at least ${best.lower.toFixed(4)}: ${best.counts.guesses - best.counts.wrong} of ${best.counts.guesses} guesses right`,
    ceiling: `epsilon ${best.ceiling.toFixed(4)} for an ideal attacker with as many updates`,
    table: {
      head: [
        'mechanism',
        'epsilon claimed',
        'noise',
        'found at least',
        'ceiling',
        'C / noise',
        'record over C',
        'variance of the noise',
      ],
      rows: [...all, ...other].map((one) => [
        one.mechanism,
        one.claim.epsilon.toFixed(3),
        one.claim.sigma.toFixed(3),
        one.lower.toFixed(3),
        one.ceiling.toFixed(3),
        `${one.mu.toFixed(3)} of ${(1 / one.claim.sigma).toFixed(3)}`,
        one.length.toFixed(4),
        `${one.variances.map(({ ratio }) => ratio.toFixed(4)).join(' ')} of 1`,
      ]),
    },
    checks: [...all, ...other].flatMap(({ checks }) => checks),
    epsilon: { lower: best.lower, ceiling: best.ceiling, claimed: best.claim.epsilon },
    document: {
      claims: [...all, ...other].map((one) => ({
        mechanism: one.mechanism,
        epsilon_claimed: one.claim.epsilon,
        noise_multiplier: one.claim.sigma,
        sampling_rate: one.claim.q,
        noisy_updates: one.claim.steps,
        epsilon_lower: one.lower,
        epsilon_ceiling: one.ceiling,
        mu_lower: one.mu,
        guesses: one.counts.guesses,
        wrong: one.counts.wrong,
        record_length: one.length,
        noise_variance: one.variances,
      })),
      variances: ranges,
      confidence,
    },
  };
}

export const step: Part = {
  name: 'step',
  title: 'one record in single updates',
  proves:
    'Knows all of an update but whether one record is in it, and guesses that. It proves how much noise there is for what a record adds, with the accountant what that makes of a whole training; and it tests that the noise is Gaussian, as large as claimed in every critic and coordinate, and never used twice. It takes the sampling on trust.',
  run,
};
