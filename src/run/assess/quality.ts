/** How good a run's samples are, by measures that fit its data; what is slow or needs a file runs where it is asked for. */

import { evenly, pickRows, spread } from '../../base/rows.ts';
import { unscaled } from '../../data/encoding/linear.ts';
import { floats } from '../../data/records.ts';
import { knownModes } from '../../data/synthetic.ts';
import { isGan } from '../../gan/system.ts';
import { asBinary, columnProbabilities, isBinary } from '../../metrics/dimensions.ts';
import { generalisationGap } from '../../metrics/gap.ts';
import { type Metrics, valueMeasures } from '../../metrics/index.ts';
import { mmd } from '../../metrics/mmd.ts';
import { trainingRows } from '../../train/rows.ts';
import type { TrainingJob } from '../job.ts';
import { isImage } from '../samples.ts';
import { released } from '../training.ts';
import { type Tables, tablesOf } from './columns.ts';
import { checkTargets, downstreamQuality } from './downstream.ts';
import { imageQuality } from './images.ts';
import { labelTask } from './labels.ts';
import {
  type Evaluation,
  NO_CRITICS,
  NO_OTHERS,
  neighbourhoods,
  onBoth,
  type QualityOptions,
  type Subject,
  skip,
} from './subject.ts';
import { columnAccuracies, probabilities, tableQuality } from './tables.ts';
import { membersOf, unseenOf } from './target.ts';

/** Rows of the hold-out and of members whose scores the generalisation gap compares, at most. */
const ROWS = 10_000;
const LATER = 'it runs with `downstream`';

/**
 * Draws samples and compares them with rows that training left out (the training rows where there are none).
 * @throws VeilganError USAGE for targets that are no columns; whatever sampling and the networks throw
 */
export async function evaluateRun(job: TrainingJob, options: QualityOptions = {}): Promise<Evaluation> {
  const { data } = job;
  const { samples: count = released(data), targets, report = () => {} } = options;
  if (targets) checkTargets(job, targets);
  report('samples', 0);
  const subject = subjectOf(job, await job.gan.sample(count), options);
  report('samples', 1);
  const { found } = subject;
  await valueQuality(subject);
  await gapQuality(subject);
  const tables = await cellsOf(subject);
  if (tables) {
    tableQuality(tables, subject);
    if (options.downstream) columnAccuracies(tables, subject);
    else skip(found, 'column_accuracy', LATER);
    return found;
  }
  const labelled = subject.unseen && labelTask(subject, subject.unseen);
  if (isImage(data.shape)) await imageQuality(subject, labelled);
  else probabilityQuality(subject);
  if (options.downstream || targets) await downstreamQuality(subject, labelled);
  else skip(found, 'downstream', LATER);
  return found;
}

/**
 * What takes seconds: distances between values, and of tables what `tableQuality` says.
 * @param generated [n, features]
 * @param real whether training rows are judged beside the samples
 */
export async function quickQuality(job: TrainingJob, generated: Float32Array, real = true): Promise<Evaluation> {
  const { members, ...rest } = subjectOf(job, generated);
  const subject: Subject = real ? { ...rest, members } : rest;
  await onBoth(subject, (rows) => qualityOf(rows, job));
  const tables = await cellsOf(subject);
  if (tables) tableQuality(tables, subject);
  return subject.found;
}

/** The measures of values alone, of samples [n, features] against the rows that training left out. */
export function qualityOf(samples: Float32Array, job: TrainingJob): Metrics {
  const { data, run } = job;
  const [unseen] = unseenOf(job);
  const real = unseen ? unseen[1].rows : floats(data.train);
  return valueMeasures(samples, { real, features: data.features, seed: run.info.seed, modes: knownModes(data) });
}

/** The cells of a table of mixed columns. */
async function cellsOf(subject: Subject): Promise<Tables | undefined> {
  const { table, data } = subject.job;
  return table && data.encoding && (await tablesOf(subject, table, data.encoding));
}

/** Samples, and the real rows that they are compared with. */
function subjectOf(job: TrainingJob, generated: Float32Array, options: QualityOptions = {}): Subject {
  const { gan, data } = job;
  const { features } = data;
  const { rows = ROWS, report = () => {} } = options;
  const count = generated.length / features;
  const [[, unseen] = []] = unseenOf(job);
  const own = (most: number) => floats(pickRows(data.train, features, evenly(trainingRows(data, gan.config), most)));
  const reference = unseen ? spread(unseen.rows, features, rows) : own(rows);
  const members = unseen && own(count);
  const counts = {
    samples: count,
    real: (members?.length ?? 0) / features,
    reference: reference.length / features,
  };
  const found: Evaluation = { metrics: {}, real: {}, rows: counts, details: {}, not_run: [] };
  return { ...options, job, report, count, generated, reference, unseen, members, found };
}

/** Distances between the values themselves; neighbourhoods in tables only, for pixels are no measure of likeness. */
async function valueQuality(subject: Subject): Promise<void> {
  const { job, reference, report } = subject;
  const { features, shape } = job.data;
  const seed = job.run.info.seed;
  report('distances', 0);
  await onBoth(subject, async (rows) => ({
    ...qualityOf(rows, job),
    mmd: mmd(rows, reference, { features, max: Math.max(500, Math.min(2000, Math.sqrt(3e8 / features))) | 0, seed }),
    ...(isImage(shape) ? {} : await neighbourhoods(subject, reference, rows, features, '')),
  }));
  report('distances', 1);
}

async function gapQuality({ job, found, unseen, report }: Subject): Promise<void> {
  const { gan, data } = job;
  if (!unseen) return skip(found, 'generalisation_gap', NO_OTHERS);
  if (!isGan(gan)) return skip(found, 'generalisation_gap', NO_CRITICS);
  report('critics', 0);
  const pick = ({ rows, labels, own }: { rows: Float32Array; labels?: Uint32Array; own?: Uint32Array }) => {
    const list = evenly(rows.length / data.features, ROWS);
    const of = (all?: Uint32Array) => all && Uint32Array.from(list, (row) => all[row]);
    return { rows: pickRows(rows, data.features, list), labels: of(labels), own: of(own) };
  };
  const [members, others] = [pick(membersOf(job)), pick(unseen)];
  const { gap, error, standardised, each } = generalisationGap({
    critics: gan.partitions,
    members: await gan.scores(members.rows, members.labels),
    nonMembers: await gan.scores(others.rows, others.labels),
    own: members.own,
  });
  Object.assign(found.metrics, {
    generalisation_gap: gap,
    generalisation_gap_error: error,
    generalisation_gap_standardised: standardised,
  });
  found.details.generalisation_gap_by_critic = each;
  report('critics', 1);
}

/** Tables of zeros and ones: the share of ones in each column, of the training rows and of samples. */
function probabilityQuality({ job, generated, unseen, found }: Subject): void {
  const { data, gan } = job;
  const { features, scaling, columns } = data;
  const train = unscaled(floats(data.train.subarray(0, trainingRows(data, gan.config) * features)), scaling);
  if (features < 3 || !isBinary(train)) return;
  const shares = (rows: Float32Array) => columnProbabilities(asBinary(unscaled(rows, scaling)), features);
  const real = columnProbabilities(train, features);
  probabilities(found, columns, { real, samples: shares(generated), unseen: unseen && shares(unseen.rows) });
}
