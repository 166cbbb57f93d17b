/** Collects what the report on a run tells; of a private one what looked at real records only where asked. */

import { VeilganError } from '../base/errors.ts';
import { attackRun } from '../run/assess/attacks.ts';
import { quickQuality } from '../run/assess/quality.ts';
import { unseenOf } from '../run/assess/target.ts';
import { lossesOf } from '../run/run.ts';
import { released, type TrainingJob } from '../run/training.ts';
import { trainingRows } from '../train/rows.ts';
import { privacyFacts } from './blocks/guarantee.ts';
import { POINTS, sampleBlocks } from './blocks/samples.ts';
import { lossCurves, lossNotes, lossUnit } from './charts/plot.ts';
import type { Measured, RunFacts } from './facts.ts';
import type { Block } from './html.ts';
import { formatNumber } from './numbers.ts';
import { ATTACKS_FILE, QUALITY_FILE, storedAttacks, storedQuality } from './results.ts';

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
      fix: 'Add --diagnostics to see them as the owner of the data, or leave --attack away',
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
    critics: gan.config.partitions,
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
  const partitions = new Array<number>(gan.config.partitions).fill(0);
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
  const only = guarantee ? " The critics' are of generated records only: those of real ones are private." : '';
  return {
    kind: 'figure',
    svg: await lossCurves(rows, { yTitle: lossUnit(gan.config), narrow: true }).svg(),
    caption: `Losses by step${notes ? `; ${notes}` : ''}.${only}`,
    alt: `Line chart of the losses of the generator and of the critics over ${formatNumber(gan.step)} steps.`,
  };
}
