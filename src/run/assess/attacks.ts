/** What attacks make of a trained run. */

import { type AttackName, attackNames, attacks, basicAttacks, NOT_ASKED, ONLY_NAMED } from '../../attack/index.ts';
import {
  type AttackResult,
  type ClosestRecords,
  judge,
  type RocCurve,
  type SetAttackResult,
  type Tvd,
} from '../../attack/judge/result.ts';
import { attackerRows, type Candidates, type Outcome, type Target } from '../../attack/target.ts';
import { VeilganError } from '../../base/errors.ts';
import { isGan } from '../../gan/system.ts';
import type { TrainingJob } from '../job.ts';
import { checkReference, membersOf, type Report, runModel, type Source, unseenOf } from './target.ts';

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
  names: readonly AttackName[] = basicAttacks,
  { samples = 10_000, records = 200, steps, shadows = 8, reference, report = () => {} }: AttackOptions = {},
): Promise<Assessment> {
  const { data, gan, guarantee, run } = job;
  const sets = unseenOf(job);
  if (!sets.length) {
    throw new VeilganError('DATA', `data set ${data.name} has no rows that training left out, which attacks need`, {
      where: run.dir,
      fix: 'Train on fewer `rows`, or import it again with a hold-out and train anew',
    });
  }
  if (reference) checkReference(reference, job, sets);
  const model = runModel(job, samples, report);
  const { seed } = run.info;
  const context = {
    model,
    members: membersOf(job),
    reference: reference && runModel(reference, samples, report),
    trainSurrogate: (...[rows, options]: Parameters<Target['trainSurrogate']>) =>
      model.trainSurrogate(rows, options, steps),
    ...{ records, shadows, seed },
  };
  const notRun = new Map<string, string>();
  const against = async (others: Candidates, attacker?: Float32Array): Promise<Against> => {
    const count = ({ length }: Float32Array) => length / data.features;
    const facts = {
      features: data.features,
      critics: isGan(gan),
      conditional: gan.classes > 0,
      private: guarantee !== undefined,
      attackerRows: attacker ? count(attacker) : attackerRows(count(others.rows)),
    };
    const outcomes: Outcome[] = [];
    for (const name of names) {
      const { unfit, run } = attacks[name];
      const why = unfit?.(facts);
      if (why) notRun.set(name, why);
      else outcomes.push(await run({ ...context, others, attacker, onProgress: (share) => report(name, share) }));
    }
    return collect(outcomes, seed);
  };
  const [[source, first], second] = sets;
  let [main, clean]: Against[] = [];
  try {
    main = await against(first, second?.[1].rows);
    if (second) clean = await against(second[1], first.rows);
  } finally {
    model.dispose();
  }
  for (const name of attackNames) {
    if (!names.includes(name)) notRun.set(name, attacks[name].slow ? ONLY_NAMED : NOT_ASKED);
  }
  const not_run = Array.from(notRun, ([name, why]) => ({ name, why }));
  return { ...main, non_members: source, ...(clean ? { clean } : {}), not_run };
}

/** The results of all attacks on one set, by kind. */
function collect(outcomes: readonly Outcome[], seed: number): Against {
  const attacks = outcomes.flatMap(({ scored = [] }) => scored.map((each) => judge(each, { seed })));
  const { tvd, sets, closest }: Outcome = Object.assign({}, ...outcomes);
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
