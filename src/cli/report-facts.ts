/** Opens a run and collects what its report tells; of a private one what looked at real records only where asked. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { floats, toBytes } from '../data/records.ts';
import { trainingRows } from '../gan/rows.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Measured, RunFacts } from '../report/facts.ts';
import { imageGrid } from '../report/grid.ts';
import { privacyFacts } from '../report/guarantee.ts';
import type { Block } from '../report/html.ts';
import { formatNumber } from '../report/numbers.ts';
import { type LossRow, lossCurves, lossNotes, scatter } from '../report/plot.ts';
import { encodePng } from '../report/png.ts';
import { ATTACKS_FILE, QUALITY_FILE, storedAttacks, storedQuality } from '../report/stored.ts';
import { CHECKPOINT } from '../run/run.ts';
import { openTraining, released, type TrainingJob } from '../run/session.ts';
import { attackRun, qualityOf } from './assess.ts';
import { spread, unseenOf } from './attack-context.ts';
import { isImage } from './pictures.ts';
import { unit } from './train.ts';

/** Images of a picture, points of a scatter, rows and columns of a table of samples. */
const SHOWN = { images: 100, points: 2000, rows: 8, columns: 12 } as const;
/** Pixels that a picture of images is about wide. */
const WIDE = 640;

export interface Wanted {
  /** of a private run what only its owner may see */
  readonly diagnostics?: boolean;
  /** run quick attacks where none are stored */
  readonly attack?: boolean;
  /** told what takes a while */
  readonly say?: (line: string) => void;
}

/** @throws VeilganError as opening a run does; USAGE where attacks on a private run are wanted unseen */
export async function factsOf(gpu: Gpu, dir: string, wanted: Wanted): Promise<RunFacts> {
  const job = await openTraining(gpu, dir);
  const { run, gan, data, guarantee, steps } = job;
  try {
    if (guarantee && wanted.attack && !wanted.diagnostics) {
      throw new VeilganError(
        'USAGE',
        'attacks look at real records, and the run is private: epsilon does not cover it',
        {
          where: run.dir,
          fix: 'Add --diagnostics to see them as the owner of the data, or leave --attack away',
        },
      );
    }
    const privacy = guarantee && privacyFacts(guarantee);
    const look = !privacy || wanted.diagnostics;
    const samples = await gan.sample(look ? released(data) : Math.min(released(data), SHOWN.points));
    return {
      dir,
      info: run.info,
      steps: gan.step,
      wanted: steps,
      critics: gan.config.partitions,
      ...(privacy && !privacy.rowsPublic ? {} : { rows: trainingRows(data, gan.config) }),
      shape: data.shape,
      ...(privacy ? { privacy } : {}),
      pictures: [...(await sampleBlocks(samples, job, !privacy)), await lossBlock(job)],
      ...(look ? { measured: await measure(samples, job, wanted) } : {}),
    };
  } finally {
    run.close();
    guarantee?.close();
    gan.dispose();
  }
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
    stale: attacks && !isNew(job, ATTACKS_FILE),
    ...quality(samples, job, say),
    partitions,
    leftOver: owners.filter((owner) => owner >= partitions.length).length,
    pictures: guarantee ? await sampleBlocks(samples, job, true) : [],
  };
}

/** Whether a file was written after the run's last training. */
const isNew = ({ run }: TrainingJob, name: string): boolean => {
  const [file, checkpoint] = [name, CHECKPOINT].map((each) => statSync(join(run.dir, each)).mtimeMs);
  return file >= checkpoint;
};

/** Quality as stored, where it is of the run as it is now; else judged, and stored for the next report. */
function quality(samples: Float32Array, job: TrainingJob, say: Wanted['say']): Pick<Measured, 'quality' | 'against'> {
  const { run, gan, data } = job;
  const [[source, others] = []] = unseenOf(job);
  const against = !others
    ? 'the training rows (there are no others)'
    : `the ${formatNumber(others.rows.length / data.features)} ${source === 'hold-out' ? 'hold-out rows' : 'rows that training left out'}`;
  const stored = storedQuality(run);
  if (stored && isNew(job, QUALITY_FILE)) return { quality: stored, against };
  say?.(`judging samples of ${run.dir}`);
  const members = floats(data.train.subarray(0, trainingRows(data, gan.config) * data.features));
  const judged = {
    metrics: { ...qualityOf(samples, job) },
    ...(others ? { real: { ...qualityOf(spread(members, data.features, released(data)), job) } } : {}),
  };
  run.writeJson(QUALITY_FILE, judged);
  return { quality: judged, against };
}

/** Samples as images, points or rows; over the training points where these may be seen. */
async function sampleBlocks(samples: Float32Array, { data }: TrainingJob, real: boolean): Promise<Block[]> {
  const { shape, features, columns } = data;
  if (isImage(shape)) {
    const shown = samples.subarray(0, SHOWN.images * features);
    const scale = Math.max(1, Math.round(WIDE / (Math.sqrt(SHOWN.images) * (shape[1] + 1))));
    const n = shown.length / features;
    return [
      {
        kind: 'image',
        png: await encodePng(imageGrid(toBytes(shown), shape, { scale })),
        caption: `The first ${n} samples.`,
        alt: `A grid of ${n} generated images of ${shape[0]} by ${shape[1]} pixels.`,
      },
    ];
  }
  if (features === 2) {
    const [xTitle, yTitle] = columns;
    const reference = real ? floats(data.train) : undefined;
    const chart = scatter(samples, { title: '', reference, xTitle, yTitle, side: 380, limit: SHOWN.points });
    const caption = `Samples of ${xTitle} and ${yTitle}${real ? ' over the training points' : ''}.`;
    return [{ kind: 'figure', svg: await chart.svg(), caption, alt: `Scatter plot. ${caption}` }];
  }
  const names = Array.from({ length: Math.min(features, SHOWN.columns) }, (_, i) => columns[i] ?? `value ${i + 1}`);
  const more = features > names.length ? `, ${names.length} of ${features} columns` : '';
  return [
    {
      kind: 'table',
      columns: ['', ...names],
      rows: Array.from({ length: SHOWN.rows }, (_, row) => [
        `${row + 1}`,
        ...names.map((_, i) => formatNumber(samples[row * features + i])),
      ]),
      caption: `The first ${SHOWN.rows} samples${more}.`,
    },
  ];
}

async function lossBlock({ run, gan, guarantee }: TrainingJob): Promise<Block> {
  // A line that a crash cut short is left out; resuming the run repeats its step.
  const rows = run.readMetrics({ warn: () => {} }) as unknown as LossRow[];
  const notes = lossNotes(rows);
  const only = guarantee ? " The critics' are of generated records only: those of real ones are private." : '';
  return {
    kind: 'figure',
    svg: await lossCurves(rows, { yTitle: unit(gan.config), narrow: true }).svg(),
    caption: `Losses by step${notes ? `; ${notes}` : ''}.${only}`,
    alt: `Line chart of the losses of the generator and of the critics over ${formatNumber(gan.step)} steps.`,
  };
}
