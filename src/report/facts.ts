/** What a report tells of a run; of a private one what looked at real records only where its owner asks. */

import { VeilganError } from '../base/errors.ts';
import { isGan } from '../gan/system.ts';
import { systemRow, systemTitle } from '../gan/systems.ts';
import { attackRun } from '../run/assess/attacks.ts';
import { quickQuality } from '../run/assess/quality.ts';
import { unseenOf } from '../run/assess/target.ts';
import type { TrainingJob } from '../run/job.ts';
import { lossesOf } from '../run/run.ts';
import type { RunInfo } from '../run/schema.ts';
import { released } from '../run/training.ts';
import { trainingRows } from '../train/rows.ts';
import { type PrivacyFacts, privacyFacts } from './blocks/guarantee.ts';
import { POINTS, sampleBlocks } from './blocks/samples.ts';
import { lossCurves, lossNotes, lossUnit } from './charts/plot.ts';
import type { Block } from './html.ts';
import { formatNumber } from './numbers.ts';
import {
  ATTACKS_FILE,
  QUALITY_FILE,
  type StoredAssessment,
  type StoredQuality,
  storedAttacks,
  storedQuality,
} from './results.ts';

export interface RunFacts {
  /** as it was named to the report; no path of a machine */
  readonly dir: string;
  readonly info: RunInfo;
  /** generator steps done, and those the run was to do */
  readonly steps: number;
  readonly wanted: number;
  /** K */
  readonly critics: number;
  /** records trained on; absent where their number is private */
  readonly rows?: number;
  /** of a record: [features] or [height, width, channels] */
  readonly shape: readonly number[];
  /** of a private run */
  readonly privacy?: PrivacyFacts;
  /** samples and losses: what may be released of a private run */
  readonly pictures: readonly Block[];
  /** what looked at real records; absent where it belongs to the owner of a private run alone */
  readonly measured?: Measured;
}

/** What looked at real records. */
export interface Measured {
  readonly attacks?: StoredAssessment;
  /** whether the run was trained on after it was attacked */
  readonly stale?: boolean;
  readonly quality: StoredQuality;
  /** what quality compares samples with: `the 2,000 hold-out rows` */
  readonly against: string;
  /** records of each critic */
  readonly partitions: readonly number[];
  /** training rows that no critic saw */
  readonly leftOver: number;
  readonly pictures: readonly Block[];
}

/** `PAR-GAN, K = 10, on blobs`. */
export const titleOf = (facts: Pick<RunFacts, 'info' | 'critics'>): string =>
  `${systemTitle(facts.info.system, facts.critics)}, on ${facts.info.data.name}`;

/** What was trained on what, as a sentence. */
export function trainedOn(facts: RunFacts): string {
  const { info, rows, shape, steps, wanted, privacy, critics } = facts;
  const records =
    shape.length === 3 ? `images of ${shape.join(' x ')}` : `rows of ${shape[0]} column${shape[0] > 1 ? 's' : ''}`;
  const many = rows === undefined ? records : `${formatNumber(rows)} ${records}`;
  const whole = `${formatNumber(steps)} steps`;
  const short = steps < wanted && !privacy?.exhausted;
  const done = short ? `${formatNumber(steps)} of ${formatNumber(wanted)} steps` : whole;
  const what = systemRow(info.system)?.described(critics) ?? `The system ${info.system}`;
  return `${what} was trained for ${done} on ${info.data.name}: ${many}.`;
}

export interface Wanted {
  /** of a private run what only its owner may see */
  readonly diagnostics?: boolean;
  /** run quick attacks where none are stored */
  readonly attack?: boolean;
  /** told what takes a while */
  readonly say?: (line: string) => void;
}

/**
 * @param dir what the report calls the run
 * @throws VeilganError USAGE where attacks on a private run are wanted unseen
 */
export async function factsOf(job: TrainingJob, dir: string, wanted: Wanted): Promise<RunFacts> {
  const { run, gan, data, guarantee, steps } = job;
  if (guarantee && wanted.attack && !wanted.diagnostics) {
    throw new VeilganError('USAGE', 'attacks look at real records, and the run is private: epsilon does not cover it', {
      where: run.dir,
      fix: 'Add `diagnostics` to see them as the owner of the data, or leave `attack` away',
    });
  }
  const privacy = guarantee && privacyFacts(guarantee);
  const look = !privacy || wanted.diagnostics;
  const samples = await gan.sample(look ? released(data) : Math.min(released(data), POINTS));
  return {
    dir,
    info: run.info,
    steps: gan.step,
    wanted: steps,
    critics: gan.partitions,
    ...(privacy && !privacy.rowsPublic ? {} : { rows: trainingRows(data, gan.config) }),
    shape: data.encoding ? [data.encoding.columns.length] : data.shape,
    ...(privacy ? { privacy } : {}),
    pictures: [...(await sampleBlocks(samples, job, !privacy)), await lossBlock(job)],
    ...(look ? { measured: await measure(samples, job, wanted) } : {}),
  };
}

/** What looks at real records. */
async function measure(samples: Float32Array, job: TrainingJob, { attack, say }: Wanted): Promise<Measured> {
  const { run, gan, guarantee } = job;
  if (attack && !storedAttacks(run)) {
    say?.(`attacking ${run.dir}`);
    run.writeJson(ATTACKS_FILE, await attackRun(job));
  }
  const attacks = storedAttacks(run);
  const owners = gan.owners();
  const partitions = new Array<number>(gan.partitions).fill(0);
  for (const owner of owners) if (owner < partitions.length) partitions[owner] += 1;
  return {
    attacks,
    stale: attacks && !run.isCurrent(ATTACKS_FILE),
    ...(await quality(samples, job, say)),
    partitions,
    leftOver: owners.filter((owner) => owner >= partitions.length).length,
    pictures: guarantee ? await sampleBlocks(samples, job, true) : [],
  };
}

/** Quality as stored, where it is of the run as it is now; else judged, and stored for the next report. */
async function quality(
  samples: Float32Array,
  job: TrainingJob,
  say: Wanted['say'],
): Promise<Pick<Measured, 'quality' | 'against'>> {
  const { run, data } = job;
  const [[source, others] = []] = unseenOf(job);
  const against = !others
    ? 'the training rows (there are no others)'
    : `the ${formatNumber(others.rows.length / data.features)} ${source === 'hold-out' ? 'hold-out rows' : 'rows that training left out'}`;
  const stored = storedQuality(run);
  if (stored && run.isCurrent(QUALITY_FILE)) return { quality: stored, against };
  say?.(`judging samples of ${run.dir}`);
  run.writeJson(QUALITY_FILE, await quickQuality(job, samples));
  return { quality: storedQuality(run) ?? { metrics: {} }, against };
}

async function lossBlock({ run, gan, guarantee }: TrainingJob): Promise<Block> {
  // A line that a crash cut short is left out; resuming the run repeats its step.
  const rows = lossesOf(run, { warn: () => {} });
  const notes = lossNotes(rows);
  const only =
    guarantee && isGan(gan) ? " The critics' are of generated records only: those of real ones are private." : '';
  return {
    kind: 'figure',
    svg: await lossCurves(rows, { yTitle: lossUnit(gan), narrow: true }).svg(),
    caption: `Losses by step${notes ? `; ${notes}` : ''}.${only}`,
    alt: `Line chart of the ${isGan(gan) ? 'losses of the generator and of the critics' : 'loss of the fit'} over ${formatNumber(gan.step)} steps.`,
  };
}
