import { writeAtomic } from '../base/files.ts';
import { fitConfig } from '../fit/config.ts';
import { featuresConfig } from '../fit/features/config.ts';
import { presetNotes } from '../gan/presets/index.ts';
import { privateConfig } from '../gan/private/config.ts';
import { isGan } from '../gan/system.ts';
import { systemNames, systems } from '../gan/systems.ts';
import { unpaidLines, unpaidOf } from '../report/blocks/public.ts';
import { lossCurves, lossUnit } from '../report/charts/plot.ts';
import { chartPng } from '../report/charts/png.ts';
import { lossesOf } from '../run/run.ts';
import { isImage, isPoints, samplesOf } from '../run/samples.ts';
import type { DirectoryJob } from '../run/session.ts';
import { spending, spendingLine } from '../run/spend.ts';
import { released, runTraining, type TrainingResult } from '../run/training.ts';
import { writeSamples } from '../run/write-samples.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import type { LossRow } from '../train/loop.ts';
import { optional, quiet, text, whole } from './flags.ts';
import { formatNumber, formatSeconds, listing } from './format.ts';
import { checkKept, withNewRun, withRun } from './job.ts';
import { samplesPng, scatterOf } from './pictures.ts';
import { checkSystem, planOf } from './train-start.ts';
import { EXIT, verb } from './verb.ts';

/** Images of a picture of samples. */
const GRID = 100;

const NOISE_HELP = `
Noise: with --epsilon and --steps (or --epochs), and no noise multiplier from a flag or a preset, the least noise is
taken with which all steps fit the budget, what the encoding of a table costs included. Otherwise the noise is
--noise-multiplier, and training stops before the budget is exceeded.
`;

/** `train`: a system on a data set, into a run directory. */
export default verb({
  about: 'Trains SYSTEM on a data set and writes a run directory.',
  args: {
    system: text(systemNames.map((name) => `${name} (${systems[name].summary})`).join(', ')),
  },
  flags: {
    data: text('<name> data set, see `data list`'),
    preset: text('<name> settings to start from'),
    epochs: optional(whole(1), '<n> instead of --steps: passes over each partition'),
    seed: whole(0).default(1).describe('<n> of everything random but privacy noise and private samples'),
    insecureSeed: optional(
      whole(0),
      '<n> private systems: noise and samples from a seed, which voids every guarantee; for tests',
    ),
    warmFrom: text(
      '<dir> dpgan and dp-pargan: go on from a finished run of dp-features on the same data: with its generator, and with what it released counted in --epsilon',
    ),
    out: text('<dir> run directory (default ./runs/SYSTEM-DATA-DATE-N)'),
    resume: text('<dir> go on with a run that stopped; takes --steps, --chunk and no other setting'),
    chunk: optional(whole(1, 256), '<n> steps a submit (default: about 100 ms worth); does not change the results'),
    quiet,
  },
  device: true,
  config: { ...featuresConfig.shape, ...fitConfig.shape, ...privateConfig.shape },
  notes: `${NOISE_HELP}\nPresets:\n${presetNotes.map(([names, note]) => `  ${names}\n      ${note}`).join('\n')}\nExample: veilgan train pargan --data blobs --preset blobs-js --epochs 1000 --seed 1`,
  run: async ({ system, chunk, ...given }, { gpu, fields, asked, progress, stoppable }) => {
    const trained = async (job: DirectoryJob) => {
      const { run, gan } = job;
      progress.note(`${run.info.system} on ${run.info.data.name}, run ${run.dir}\nadapter ${gpu.adapter.name}`);
      progress.begin(run.info.system, { total: job.steps, start: gan.step });
      const compiling = setTimeout(() => {
        progress.note('compiling kernels; the driver keeps them for later starts');
      }, 1000);
      const signal = stoppable('stopping, and saving what is done; once more to quit at once');
      try {
        const result = await runTraining(job, {
          chunk,
          every: isImage(job.data.shape)
            ? {
                steps: gridEvery(gan),
                call: (step) => writeGrid(job, `step-${String(step).padStart(7, '0')}.png`),
              }
            : undefined,
          stop: () => signal.aborted,
          onRows: (rows) => {
            clearTimeout(compiling);
            progress.rows(rows);
          },
        });
        progress.stop();
        progress.note('writing samples and pictures');
        await writeResults(job);
        return { ...told(job, result), code: result.interrupted ? EXIT.interrupted : EXIT.done };
      } catch (error) {
        run.abandon();
        throw error;
      } finally {
        clearTimeout(compiling);
      }
    };
    const { resume } = given;
    if (resume === undefined)
      return withNewRun(gpu, await planOf(system, fields, { ...given, say: progress.note }), trained);
    checkKept(asked, ['system', 'resume', 'steps', 'chunk']);
    const steps = fields.steps as number | undefined;
    return withRun(
      gpu,
      resume,
      (job) => {
        checkSystem(job, system);
        return trained(job);
      },
      { write: true, steps },
    );
  },
});

/** Steps between two pictures of samples, 0: none. */
const gridEvery = (gan: GenerativeSystem): number => (isGan(gan) ? gan.config.gridEvery : 0);

/** Released rows and pictures: samples.csv (or .npy for images), samples.png (and .svg), losses.png and .svg. */
export async function writeResults(job: DirectoryJob): Promise<void> {
  const { run, gan, data } = job;
  const { shape } = data;
  const rows = await gan.sample(released(data));
  const picture = () => gridOf(job, rows);
  const file = run.samplePath(isImage(shape) ? 'samples.npy' : 'samples.csv');
  await writeSamples(file, samplesOf(job, rows), picture);
  if (isImage(shape)) writeAtomic(run.samplePath('samples.png'), [await picture()]);
  const history = lossesOf(run);
  const losses = lossCurves(history, {
    title: `Losses of ${run.info.system} on ${data.name}`,
    yTitle: lossUnit(gan),
  });
  const title = `Samples after ${formatNumber(gan.step)} steps`;
  const pictures = isPoints(data) ? { losses, samples: scatterOf(rows, job, title) } : { losses };
  for (const [name, picture] of Object.entries(pictures)) {
    writeAtomic(run.samplePath(`${name}.svg`), await picture.svg());
    writeAtomic(run.samplePath(`${name}.png`), [await chartPng(picture)]);
  }
}

/** The first hundred rows as a picture. */
const gridOf = (job: DirectoryJob, rows: Float32Array): Promise<Uint8Array> =>
  samplesPng(rows.subarray(0, GRID * job.data.features), job, '');

/** A hundred fresh samples as a picture in samples/. */
async function writeGrid(job: DirectoryJob, name: string): Promise<void> {
  writeAtomic(job.run.samplePath(name), [await gridOf(job, await job.gan.sample(GRID))]);
}

const lossLine = ({ loss_g, loss_d }: LossRow): string =>
  loss_d.length
    ? `L_G ${loss_g.toFixed(4)}, mean L_D ${(loss_d.reduce((a, b) => a + b, 0) / loss_d.length).toFixed(4)}`
    : loss_g.toFixed(4);

/** What training came to, for programs and for people. */
function told({ run, gan, data, guarantee, steps: wanted }: DirectoryJob, result: TrainingResult) {
  const { steps, seconds, added, last, interrupted } = result;
  const document = {
    run: run.dir,
    system: run.info.system,
    data: run.info.data.name,
    steps,
    seconds,
    ms_per_step: added ? (1000 * seconds) / added : null,
    first_step_seconds: result.firstStep || null,
    adapter: gan.gpu.adapter.name,
    interrupted,
    losses: last ? { loss_g: last.loss_g, loss_d: last.loss_d } : null,
  };
  const spent = guarantee && spending(guarantee);
  const open = spent && !spent.claim ? unpaidOf(run.info) : undefined;
  const drawn = isImage(data.shape) || isPoints(data) ? ['samples.png'] : [];
  const rows = [
    ['run', run.dir],
    ['steps', interrupted ? `${formatNumber(steps)} of ${formatNumber(wanted)}, stopped` : formatNumber(steps)],
    ...(interrupted ? [['continue', `veilgan train --resume ${run.dir}`]] : []),
    ['time', `${formatSeconds(seconds)}, ${document.ms_per_step?.toFixed(2) ?? '-'} ms a step`],
    ['losses', last ? lossLine(last) : '-'],
    ...(spent ? [['privacy', spendingLine(spent)]] : []),
    ...(open?.length ? [['public', `${unpaidLines(open).join('; ')} (found in the rows, not paid for)`]] : []),
    ['samples', run.samplePath(isImage(data.shape) ? 'samples.npy' : 'samples.csv')],
    ['pictures', run.samplePath([...drawn, 'losses.png'].join(', '))],
  ];
  return { document: { ...document, ...spent, ...(open ? { public_unpaid: open } : {}) }, text: listing(rows) };
}
