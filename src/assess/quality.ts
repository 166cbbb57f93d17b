/** How good a run's samples are, by measures that fit its data; what is slow or needs a file runs where it is asked for. */
import { floats } from '../data/records.ts';
import { unscaled } from '../data/scaling.ts';
import { pickRows, trainingRows } from '../gan/rows.ts';
import { asBinary, columnProbabilities, diagonalAgreement, isBinary } from '../metrics/dimensions.ts';
import { generalisationGap } from '../metrics/gap.ts';
import { mmd } from '../metrics/mmd.ts';
import { isImage } from '../run/samples.ts';
import { released, type TrainingJob } from '../run/training.ts';
import { membersOf, spread, unseenOf } from './context.ts';
import { downstreamQuality, targetColumn } from './downstream.ts';
import { imageQuality } from './images.ts';
import { type Evaluation, evenly, neighbourhoods, onBoth, type QualityOptions, type Subject } from './subject.ts';
import { qualityOf } from './values.ts';

/** Rows of the hold-out and of members whose scores the generalisation gap compares, at most. */
const ROWS = 10_000;

/**
 * Draws samples and compares them with rows that training left out (the training rows where there are none).
 * @throws VeilganError USAGE for a target that is no column; whatever sampling and the networks throw
 */
export async function evaluateRun(job: TrainingJob, options: QualityOptions = {}): Promise<Evaluation> {
  const { gan, data } = job;
  const { features } = data;
  const { samples: count = released(data), rows = ROWS, report = () => {} } = options;
  if (options.target !== undefined) targetColumn(data, options.target);
  report('samples', 0);
  const generated = await gan.sample(count);
  report('samples', 1);
  const [unseen] = unseenOf(job);
  const own = (most: number) => floats(pickRows(data.train, features, evenly(trainingRows(data, gan.config), most)));
  const reference = unseen ? spread(unseen[1].rows, features, rows) : own(rows);
  const members = unseen && own(count);
  const counts = {
    samples: count,
    real: (members?.length ?? 0) / features,
    reference: reference.length / features,
  };
  const found: Evaluation = { metrics: {}, real: {}, rows: counts, details: {}, not_run: [] };
  const subject: Subject = { ...options, job, report, count, generated, reference, members, found };
  await valueQuality(subject);
  await gapQuality(subject);
  if (isImage(data.shape)) await imageQuality(subject);
  else probabilityQuality(subject);
  if (options.downstream || options.target !== undefined) await downstreamQuality(subject);
  else found.not_run.push({ name: 'downstream', why: 'it runs with --downstream' });
  return found;
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

async function gapQuality({ job, found, report }: Subject): Promise<void> {
  const { gan, data } = job;
  const [unseen] = unseenOf(job);
  if (!unseen) {
    found.not_run.push({ name: 'generalisation_gap', why: 'there are no rows that training left out' });
    return;
  }
  report('critics', 0);
  const pick = ({ rows, labels, own }: { rows: Float32Array; labels?: Uint32Array; own?: Uint32Array }) => {
    const list = evenly(rows.length / data.features, ROWS);
    const of = (all?: Uint32Array) => all && Uint32Array.from(list, (row) => all[row]);
    return { rows: pickRows(rows, data.features, list), labels: of(labels), own: of(own) };
  };
  const [members, others] = [pick(membersOf(job)), pick(unseen[1])];
  const { gap, error, standardised, each } = generalisationGap({
    critics: gan.config.partitions,
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
function probabilityQuality({ job, generated, found }: Subject): void {
  const { data, gan } = job;
  const { features, scaling, columns } = data;
  const train = unscaled(floats(data.train.subarray(0, trainingRows(data, gan.config) * features)), scaling);
  if (features < 3 || !isBinary(train)) return;
  const real = columnProbabilities(train, features);
  const samples = columnProbabilities(asBinary(unscaled(generated, scaling)), features);
  const named = ({ rmse, correlation }: ReturnType<typeof diagonalAgreement>) => ({
    dimension_probability_rmse: rmse,
    dimension_probability_correlation: correlation,
  });
  Object.assign(found.metrics, named(diagonalAgreement(real, samples)));
  const [unseen] = unseenOf(job);
  if (unseen) {
    const others = columnProbabilities(asBinary(unscaled(unseen[1].rows, scaling)), features);
    Object.assign(found.real, named(diagonalAgreement(real, others)));
  }
  found.details.dimension_probability = { columns, real, samples };
}
