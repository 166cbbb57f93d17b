import { Command, Option } from 'commander';
import { writeAtomic } from '../base/files.ts';
import { presetNotes } from '../gan/presets/index.ts';
import { privateConfig } from '../gan/private/config.ts';
import { systemNames, systems } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { unpaidLines, unpaidOf } from '../report/blocks/public.ts';
import { lossCurves, lossUnit } from '../report/charts/plot.ts';
import { chartPng } from '../report/charts/png.ts';
import { lossesOf } from '../run/run.ts';
import { isImage, isPoints, samplesOf } from '../run/samples.ts';
import type { DirectoryJob } from '../run/session.ts';
import { spending, spendingLine } from '../run/spend.ts';
import { released, runTraining, type TrainingResult } from '../run/training.ts';
import { writeSamples } from '../run/write-samples.ts';
import { formatNumber, formatSeconds, printJson, table } from './format.ts';
import { wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { samplesPng, scatterOf } from './pictures.ts';
import { createProgress, interruptible } from './progress.ts';
import { NOISE_HELP } from './train-noise.ts';
import { fresh, resumed, type TrainFlags } from './train-start.ts';

/** Images of a picture of samples. */
const GRID = 100;

/** `train`: a system on a data set, into a run directory. */
export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train a system on a data set')
    .description('Trains SYSTEM on a data set and writes a run directory.')
    .argument('[system]', systemNames.map((name) => `${name} (${systems[name].summary})`).join(', '))
    .option('--data <name>', 'data set, see `data list`')
    .addOption(new Option('--preset <name>', 'settings to start from').argParser(String))
    .option('--epochs <n>', 'instead of --steps: passes over each partition', wholeNumber(1))
    .option('--seed <n>', 'of everything random but privacy noise and private samples', wholeNumber(0), 1)
    .option(
      '--insecure-seed <n>',
      'private systems: noise and samples from a seed, which voids every guarantee; for tests',
      wholeNumber(0),
    )
    .option('--out <dir>', 'run directory (default ./runs/SYSTEM-DATA-DATE-N)')
    .option('--resume <dir>', 'go on with a run that stopped; takes --steps, --chunk and no other setting')
    .option(
      '--chunk <n>',
      'steps a submit (default: about 100 ms worth); does not change the results',
      wholeNumber(1, 256),
    )
    .option('--quiet', 'no progress');
  withConfig(withDevice(command), privateConfig.shape);
  command.addHelpText(
    'after',
    `${NOISE_HELP}\nPresets:\n${presetNotes.map(([names, note]) => `  ${names}\n      ${note}`).join('\n')}\nExample: veilgan train pargan --data blobs --preset blobs-js --epochs 1000 --seed 1`,
  );
  return command.action(async (system: string | undefined, flags: TrainFlags) => {
    await withGpu(flags, (gpu) => trainVerb(gpu, system, flags));
  });
}

async function trainVerb(gpu: Gpu, system: string | undefined, flags: TrainFlags): Promise<void> {
  const job = flags.resume !== undefined ? await resumed(gpu, system, flags) : await fresh(gpu, system, flags);
  const { run, gan } = job;
  const { json, quiet } = flags;
  if (!json && !quiet)
    process.stderr.write(`${run.info.system} on ${run.info.data.name}, run ${run.dir}\nadapter ${gpu.adapter.name}\n`);
  const progress = createProgress({ total: job.steps, start: gan.step, label: run.info.system, json, quiet });
  const compiling = setTimeout(() => {
    progress.note('compiling kernels; the driver keeps them for later starts');
  }, 1000);
  const stop = interruptible(() => progress.note('stopping, and saving what is done; once more to quit at once'));
  let result: TrainingResult;
  try {
    result = await runTraining(job, {
      chunk: flags.chunk,
      every: isImage(job.data.shape)
        ? { steps: gan.config.gridEvery, call: (step) => writeGrid(job, `step-${String(step).padStart(7, '0')}.png`) }
        : undefined,
      stop: () => stop.signal.aborted,
      onRows: (rows) => {
        clearTimeout(compiling);
        const row = rows[rows.length - 1];
        progress.update(row.step, row);
      },
    });
    progress.stop();
    progress.note('writing samples and pictures');
    await writeResults(job);
  } catch (error) {
    run.abandon();
    throw error;
  } finally {
    clearTimeout(compiling);
    progress.stop();
    stop.dispose();
    job.guarantee?.close();
    run.close();
  }
  printResult(job, result, flags);
  if (result.interrupted) process.exitCode = 130;
}

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
    yTitle: lossUnit(gan.config),
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

function printResult(
  { run, gan, data, guarantee, steps: wanted }: DirectoryJob,
  result: TrainingResult,
  { json }: TrainFlags,
): void {
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
  if (json) {
    printJson({ ...document, ...spent, ...(open ? { public_unpaid: open } : {}) });
    return;
  }
  const meanD = last ? last.loss_d.reduce((a, b) => a + b, 0) / last.loss_d.length : Number.NaN;
  const drawn = isImage(data.shape) || isPoints(data) ? ['samples.png'] : [];
  const rows = [
    ['run', run.dir],
    ['steps', interrupted ? `${formatNumber(steps)} of ${formatNumber(wanted)}, stopped` : formatNumber(steps)],
    ...(interrupted ? [['continue', `veilgan train --resume ${run.dir}`]] : []),
    ['time', `${formatSeconds(seconds)}, ${document.ms_per_step?.toFixed(2) ?? '-'} ms a step`],
    ['losses', last ? `L_G ${last.loss_g.toFixed(4)}, mean L_D ${meanD.toFixed(4)}` : '-'],
    ...(spent ? [['privacy', spendingLine(spent)]] : []),
    ...(open?.length ? [['public', `${unpaidLines(open).join('; ')} (found in the rows, not paid for)`]] : []),
    ['samples', run.samplePath(isImage(data.shape) ? 'samples.npy' : 'samples.csv')],
    ['pictures', run.samplePath([...drawn, 'losses.png'].join(', '))],
  ];
  process.stdout.write(`${table(['', ''], rows).split('\n').slice(2).join('\n')}\n`);
}
