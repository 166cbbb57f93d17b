/** What a private run has spent, for `train`, `report` and machines. */
import { type PrivateConfig, relationOf } from '../gan/private/config.ts';
import { BY_PLACE, drewByPlace } from '../gan/private/plan.ts';
import type { Guarantee } from '../gan/private/run.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import { epsilonOf, leastEpsilon, MEASURED, relationCharged, type Spent } from '../privacy/budget.ts';
import { type Relation, relationRow } from '../privacy/relation.ts';

/** To be printed wherever `paperEpsilon` is. */
export const PAPER_EPSILON_LABEL =
  'formula of the DPGAN paper, NOT a differential-privacy guarantee: it covers one generator iteration, composes nothing over the others, and is used far outside the noise levels for which it was derived';

interface PaperSetting {
  /** batch size over number of records */
  readonly q: number;
  /** critic updates of one generator iteration */
  readonly criticSteps: number;
  /** standard deviation of the noise added to the batch's summed gradient (not a multiple of a clip norm) */
  readonly noise: number;
  /** the bound c_g that the paper derives for a gradient's norm from weight clipping */
  readonly gradientBound: number;
  readonly delta: number;
}

/**
 * 2 q sqrt(n_d log(1/delta)) c_g / sigma (Xie et al. 2018, arXiv 1802.06739, lemma 2 solved for epsilon, as their code
 * computes it). For comparison with their figures only, always with `PAPER_EPSILON_LABEL`; Infinity without noise.
 * @param log the authors' code takes log10 of 1/delta; Math.log is the paper's formula as one would read it
 */
export const paperEpsilon = (
  { q, criticSteps, noise, gradientBound, delta }: PaperSetting,
  log: (x: number) => number = Math.log10,
): number =>
  noise === 0 ? Number.POSITIVE_INFINITY : (2 * q * Math.sqrt(criticSteps * -log(delta)) * gradientBound) / noise;

/** What may be said of DPGAN as published, which clips weights and promises nothing. */
export interface Claim {
  /** the paper's formula with the authors' log10, and with the natural logarithm; null without noise */
  readonly paper_epsilon: number | null;
  readonly paper_epsilon_ln: number | null;
  readonly label: string;
  /**
   * what epsilon would be at least, were the claimed bound one (certified, by PLD for Poisson samples of the same rate);
   * null where the noise is so small that there is no finite epsilon
   */
  readonly at_least: number | null;
}

export interface Spending {
  /** null where there is no guarantee: an insecure seed, weight clipping, or draws by place */
  readonly epsilon: Spent | null;
  readonly delta: number;
  /** of updates; null where tables were measured, each with noise of its own */
  readonly noise_multiplier: number | null;
  readonly sampling_rate: number | null;
  readonly noisy_updates: number;
  /** releases of the run that this one went on from, which epsilon is of too */
  readonly released_before?: number;
  /** whether these are tables that were measured, and choices between them */
  readonly tables?: true;
  readonly insecure: boolean;
  /** which two data sets epsilon compares */
  readonly relation: Relation;
  readonly claim?: Claim;
  /** of a run of before, whose dropout or penalties went by the place of a record: its ledger promises too much */
  readonly drew_by_place?: true;
}

/** The least noise multiplier that accountants take: more noise than DPGAN's published settings have. */
const LEAST = 0.01;

/** All starts of a run together. */
export function spending({ ledger, config, insecure }: Guarantee): Spending {
  const phases = ledger.totals();
  const own = ledger.own();
  const { delta, noiseMultiplier } = config;
  const claimed = config.bound === 'weights';
  const relation = relationCharged(ledger.terms, relationOf(config));
  const byPlace = drewByPlace(config, ledger.terms);
  return {
    epsilon: insecure || claimed || byPlace ? null : epsilonOf(phases, delta, ledger.terms),
    delta,
    noise_multiplier: noiseMultiplier ?? null,
    sampling_rate: own[0]?.q ?? null,
    noisy_updates: own.reduce((n, { steps }) => n + steps, 0),
    ...(ledger.copied > 0 ? { released_before: ledger.copied } : {}),
    ...(ledger.terms.mechanism === MEASURED ? { tables: true as const } : {}),
    insecure,
    relation,
    ...(claimed ? { claim: claimOf(config as PrivateConfig, relation, phases) } : {}),
    ...(byPlace ? { drew_by_place: true } : {}),
  };
}

/** @param phases what was done; their rates and noise multipliers are the config's */
function claimOf(
  { criticSteps, noiseMultiplier, clipNorm, delta }: PrivateConfig,
  relation: Relation,
  phases: readonly Phase[],
): Claim {
  const q = phases[0]?.q ?? 0;
  const setting = { q, criticSteps, noise: noiseMultiplier * clipNorm, gradientBound: clipNorm, delta };
  const finite = (x: number) => (Number.isFinite(x) ? x : null);
  const noisier = phases.map((phase) => ({ ...phase, sigma: Math.max(LEAST, noiseMultiplier) }));
  return {
    paper_epsilon: finite(paperEpsilon(setting)),
    paper_epsilon_ln: finite(paperEpsilon(setting, Math.log)),
    label: PAPER_EPSILON_LABEL,
    at_least: noiseMultiplier ? leastEpsilon(noisier, delta, relation) : null,
  };
}

/** One line of it for people. */
export function spendingLine(spent: Spending): string {
  const { noisy_updates: count, tables } = spent;
  const noisy = tables ? 'table' : 'update';
  const updates = `${count.toLocaleString('en')} noisy ${noisy}${count === 1 ? '' : 's'}`;
  if (spent.insecure) return 'NONE: noise and samples follow from a seed';
  if (spent.drew_by_place) return `NONE: ${BY_PLACE}`;
  if (spent.claim) {
    const { paper_epsilon: paper, at_least: least } = spent.claim;
    return `NONE: weights are clipped, gradients are not. Paper epsilon ${paper?.toFixed(2) ?? 'infinite'} (${spent.claim.label}); were its bound true, epsilon would be ${least === null ? 'infinite' : `at least ${Math.floor(least).toLocaleString('en')}`} after ${updates}`;
  }
  const { pld, rdp } = spent.epsilon as Spent;
  const coarse = tables ? 'zCDP' : 'RDP';
  const value =
    pld === null
      ? `${rdp.toFixed(4)} at delta ${spent.delta} (${coarse})`
      : `${pld.toFixed(4)} at delta ${spent.delta} (${coarse} ${rdp.toFixed(4)})`;
  const before = spent.released_before ? ' after what the run before released' : '';
  return `epsilon ${value}, ${updates}${before}, ${relationRow(spent.relation).short}`;
}
