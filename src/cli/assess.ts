/** What attacks and quality measures need of a run; shared by `attack`, `evaluate` and `demo`. */

import { nearestSample } from '../attack/nearest.ts';
import type { AttackResult } from '../attack/result.ts';
import { type Tvd, tvd } from '../attack/tvd.ts';
import { whiteBox } from '../attack/whitebox.ts';
import { floats } from '../data/records.ts';
import { BLOB_MEANS, BLOB_VARIANCE } from '../data/synthetic.ts';
import { pickRows, trainingRows } from '../gan/rows.ts';
import { VeilganError } from '../gpu/errors.ts';
import { energyDistance } from '../metrics/energy.ts';
import { modeShares, ringShares, shareWithin } from '../metrics/modes.ts';
import { slicedWasserstein1 } from '../metrics/wasserstein.ts';
import { released, type TrainingJob } from '../run/session.ts';

export const ATTACKS = ['white-box', 'tvd', 'nearest-sample'] as const;
export type AttackName = (typeof ATTACKS)[number];

export interface Assessment {
  readonly attacks: AttackResult[];
  readonly tvd?: Tvd;
}

/** Rows that some critic saw: leftovers of the cut into partitions are no members. */
function members({ gan, data }: TrainingJob): { rows: Float32Array; own: Uint32Array } {
  const owners = gan.owners();
  const seen = [...owners.keys()].filter((row) => owners[row] < gan.config.partitions);
  const rows = floats(pickRows(data.train, data.features, seen));
  return { rows, own: Uint32Array.from(seen, (row) => owners[row]) };
}

/**
 * Rows that no critic saw: the hold-out, else what training left out of the data set (`rows` of the config), which is
 * the cleaner control where the hold-out is another split (spec section 3.2), else none.
 */
function unseen({ gan, data }: TrainingJob): Float32Array {
  if (data.holdoutRows) return floats(data.holdout);
  return floats(data.train.subarray(trainingRows(data, gan.config) * data.features));
}

/** Runs attacks on a trained run: members are its training rows, non-members the hold-out. @throws VeilganError DATA */
export async function attackRun(job: TrainingJob, names: readonly AttackName[] = ATTACKS): Promise<Assessment> {
  const { gan, data, run } = job;
  const holdout = unseen(job);
  if (!holdout.length) {
    throw new VeilganError('DATA', `data set ${data.name} has no rows that training left out, which attacks need`, {
      where: run.dir,
      fix: 'Train on fewer --rows, or import it again with --holdout A:B and train anew',
    });
  }
  const { rows, own } = members(job);
  const seed = run.info.seed;
  const attacks: AttackResult[] = [];
  let distance: Tvd | undefined;
  if (names.includes('white-box') || names.includes('tvd')) {
    const scores = {
      critics: gan.config.partitions,
      members: await gan.scores(rows),
      nonMembers: await gan.scores(holdout),
      own,
    };
    if (names.includes('white-box')) attacks.push(...(Object.values(whiteBox(scores, { seed })) as AttackResult[]));
    if (names.includes('tvd'))
      distance = tvd(scores, { range: gan.config.divergence === 'js' ? 'unit' : 'minmax', seed });
  }
  if (names.includes('nearest-sample')) {
    attacks.push(nearestSample(rows, holdout, await gan.sample(released(data)), { features: data.features, seed }));
  }
  return { attacks, ...(distance ? { tvd: distance } : {}) };
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
  const held = unseen(job);
  const real = held.length ? held : floats(data.train);
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
