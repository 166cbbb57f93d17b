/** What attacks and quality measures make of a run; shared by `attack`, `evaluate`, `demo` and reports. */

import type { SetAttackResult } from '../attack/montecarlo.ts';
import type { ClosestRecords } from '../attack/nearest.ts';
import { type AttackResult, judge } from '../attack/result.ts';
import type { RocCurve } from '../attack/roc.ts';
import type { Tvd } from '../attack/tvd.ts';
import { floats } from '../data/records.ts';
import { BLOB_MEANS, BLOB_VARIANCE } from '../data/synthetic.ts';
import { VeilganError } from '../gpu/errors.ts';
import { energyDistance } from '../metrics/energy.ts';
import { modeShares, ringShares, shareWithin } from '../metrics/modes.ts';
import { slicedWasserstein1 } from '../metrics/wasserstein.ts';
import type { TrainingJob } from '../run/session.ts';
import {
  type Candidates,
  checkReference,
  membersOf,
  type Report,
  type Source,
  Target,
  unseenOf,
} from './attack-context.ts';
import { DRIVERS, type Outcome } from './attack-drivers.ts';

export type AttackName = keyof typeof DRIVERS;
export const ATTACKS = Object.keys(DRIVERS) as AttackName[];

/** Attacks that take minutes on a software adapter: they run when they are named. */
export const SLOW: readonly AttackName[] = ['gan-leaks-partial', 'gan-leaks-white-box', 'logan-black-box', 'lira'];
/** Attacks that need nothing but scores and released samples: seconds. */
export const BASIC: readonly AttackName[] = ['white-box', 'tvd', 'nearest-sample'];

/** Attacks against one set of non-members. */
export interface Against {
  /** with the points of their ROC curves */
  readonly attacks: (AttackResult & { roc?: RocCurve })[];
  readonly tvd?: Tvd;
  /** attacks on sets of records, which are right or wrong as a whole */
  readonly set_attacks?: SetAttackResult[];
  readonly closest_records?: ClosestRecords;
}

export interface Assessment extends Against {
  readonly non_members: Source;
  /** the same against rows of the members' own file, where `non_members` are of another split */
  readonly clean?: Against;
  readonly not_run: { name: string; why: string }[];
}

export interface AttackOptions {
  /** fresh samples that attackers ask for; default 10,000 */
  readonly samples?: number;
  /** candidates of each side that slow attacks look at; default 200 */
  readonly records?: number;
  /** training steps of the attacker's own models; default as many as the target's */
  readonly steps?: number;
  /** shadow models, an even number; default 8 */
  readonly shadows?: number;
  /** a run that was trained without the candidates, which calibrates */
  readonly reference?: TrainingJob;
  readonly report?: Report;
}

/**
 * Runs attacks on a trained run: members are its training rows, non-members the hold-out; where training left rows of
 * its own file out, everything again against those.
 * @throws VeilganError DATA where there are no non-members, or where the reference knows the candidates
 */
export async function attackRun(
  job: TrainingJob,
  names: readonly AttackName[] = BASIC,
  { samples = 10_000, records = 200, steps, shadows = 8, reference, report = () => {} }: AttackOptions = {},
): Promise<Assessment> {
  const sets = unseenOf(job);
  if (!sets.length) {
    throw new VeilganError('DATA', `data set ${job.data.name} has no rows that training left out, which attacks need`, {
      where: job.run.dir,
      fix: 'Train on fewer --rows, or import it again with --holdout A:B and train anew',
    });
  }
  if (reference) checkReference(reference, job, sets);
  const target = new Target(job, samples, report);
  const context = {
    target,
    members: membersOf(job),
    reference: reference && new Target(reference, samples, report),
    records,
    steps,
    shadows,
    seed: job.run.info.seed,
  };
  const notRun = new Map<string, string>();
  const against = async (others: Candidates, attacker?: Float32Array): Promise<Against> => {
    const outcomes: Outcome[] = [];
    for (const name of names) {
      const onProgress = (share: number) => report(name, share);
      const outcome: Outcome = await DRIVERS[name]({ ...context, others, attacker, onProgress });
      if (outcome.why) notRun.set(name, outcome.why);
      outcomes.push(outcome);
    }
    return collect(outcomes, context.seed);
  };
  const [[source, first], second] = sets;
  let [main, clean]: Against[] = [];
  try {
    main = await against(first, second?.[1].rows);
    if (second) clean = await against(second[1], first.rows);
  } finally {
    target.dispose();
  }
  for (const name of ATTACKS) {
    if (!names.includes(name)) notRun.set(name, SLOW.includes(name) ? 'slow: it runs when named' : 'not asked for');
  }
  const not_run = Array.from(notRun, ([name, why]) => ({ name, why }));
  return { ...main, non_members: source, ...(clean ? { clean } : {}), not_run };
}

/** The results of all attacks on one set, by kind. */
function collect(outcomes: readonly Outcome[], seed: number): Against {
  const attacks = outcomes
    .flatMap(({ scored = [] }) => scored)
    .map((scored) => {
      const { result, roc } = judge(scored, { seed });
      return { ...result, roc };
    });
  const found = <T>(pick: (outcome: Outcome) => T | undefined) => outcomes.map(pick).find((x) => x !== undefined);
  const [tvd, sets, closest] = [found((o) => o.tvd), found((o) => o.sets), found((o) => o.closest)];
  return {
    attacks,
    ...(tvd ? { tvd } : {}),
    ...(sets ? { set_attacks: [...sets] } : {}),
    ...(closest ? { closest_records: closest } : {}),
  };
}

/** An assessment without the points of its curves, for a terminal. */
export function withoutCurves(assessment: Assessment): Assessment {
  const bare = <T extends Against>(part: T): T => ({
    ...part,
    attacks: part.attacks.map(({ roc: _, ...attack }) => attack),
  });
  const { clean } = assessment;
  return { ...bare(assessment), ...(clean ? { clean: bare(clean) } : {}) };
}

export interface Quality {
  /** shares of samples by nearest mean of the blobs, or near each ring of the circles */
  readonly mode_shares?: number[];
  /** share of samples within three standard deviations of the nearest mean (0.949 for Blobs) */
  readonly within_3_sigma?: number;
  readonly ring_shares?: number[];
  /** 128 directions, against the hold-out rows */
  readonly sliced_wasserstein_1: number;
  /** 2000 against 2000 rows */
  readonly energy_distance: number;
}

/** Quality of released samples against the hold-out rows; mode or ring shares where the data are Blobs or Circles. */
export function qualityOf(samples: Float32Array, job: TrainingJob): Quality {
  const { data, run } = job;
  const [unseen] = unseenOf(job);
  const real = unseen ? unseen[1].rows : floats(data.train);
  const seed = run.info.seed;
  const common = {
    sliced_wasserstein_1: slicedWasserstein1(samples, real, { features: data.features, directions: 128, seed }),
    energy_distance: energyDistance(samples, real, { features: data.features, max: 2000, seed }),
  };
  if (data.features !== 2) return common;
  if (/^blobs/.test(data.name)) {
    const sigma = 3 * Math.sqrt(BLOB_VARIANCE);
    return {
      mode_shares: modeShares(samples, BLOB_MEANS),
      within_3_sigma: shareWithin(samples, BLOB_MEANS, sigma),
      ...common,
    };
  }
  if (/^circles/.test(data.name)) return { ring_shares: ringShares(samples), ...common };
  return common;
}
