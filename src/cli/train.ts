import { Command, Option } from 'commander';
import { loadDataset } from '../data/store.ts';
import { type GanConfig, makeConfig, presetNotes } from '../gan/config.ts';
import { trainingRows } from '../gan/rows.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { lossCurves } from '../report/plot.ts';
import { writeAtomic } from '../run/files.ts';
import { toCsv, toNpy } from '../run/samples.ts';
import {
  openTraining,
  released,
  runTraining,
  startTraining,
  type TrainingJob,
  type TrainingResult,
} from '../run/session.ts';
import { formatNumber, formatSeconds, printJson, table } from './format.ts';
import { type CommonOptions, configFields, wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { isImage, samplesPng, scatterOf } from './pictures.ts';
import { createProgress, interruptible } from './progress.ts';

/** Images of a picture of samples. */
const GRID = 100;

interface TrainFlags extends CommonOptions, Record<string, unknown> {
  data?: string;
  preset?: string;
  epochs?: number;
  steps?: number;
  seed: number;
  out?: string;
  resume?: string;
  chunk?: number;
  quiet?: boolean;
}

export function trainCommand(): Command {
  const command = new Command('train')
    .summary('train a system on a data set')
    .description('Trains SYSTEM (gan, pargan) on a data set and writes a run directory.')
    .argument('[system]', 'gan (one critic) or pargan (K critics on disjoint partitions)')
    .option('--data <name>', 'data set, see `data list`')
    .addOption(new Option('--preset <name>', 'settings to start from').argParser(String))
    .option('--epochs <n>', 'instead of --steps: passes over each partition', wholeNumber(1))
    .option('--seed <n>', 'of everything random', wholeNumber(0), 1)
    .option('--out <dir>', 'run directory (default ./runs/SYSTEM-DATA-DATE-N)')
    .option('--resume <dir>', 'go on with a run that stopped; takes --steps, --chunk and no other setting')
    .option(
      '--chunk <n>',
      'steps a submit (default: about 100 ms worth); does not change the results',
      wholeNumber(1, 256),
    )
    .option('--quiet', 'no progress');
  withConfig(withDevice(command));
  command.addHelpText(
    'after',
    `\nPresets:\n${presetNotes.map(([names, note]) => `  ${names}\n      ${note}`).join('\n')}\nExample: veilgan train pargan --data blobs --preset blobs-js --epochs 1000 --seed 1`,
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
    run.close();
  }
  printResult(job, result, flags);
  if (result.interrupted) process.exitCode = 130;
}

async function fresh(gpu: Gpu, system: string | undefined, flags: TrainFlags): Promise<TrainingJob> {
  if (system !== 'gan' && system !== 'pargan') {
    throw new VeilganError('USAGE', system === undefined ? 'which system?' : `there is no system ${system}`, {
      where: 'train SYSTEM',
      fix: 'Use gan or pargan',
    });
  }
  if (flags.data === undefined) {
    throw new VeilganError('USAGE', 'no data set was named', {
      where: '--data',
      fix: 'Name one that `data list` shows, such as blobs',
    });
  }
  const fields = configFields(flags);
  if (system === 'gan') {
    if (fields.partitions !== undefined && fields.partitions !== 1) {
      throw new VeilganError('CONFIG', 'a gan has one critic', { where: '--partitions', fix: 'Train pargan instead' });
    }
    fields.partitions = 1;
  }
  const config = makeConfig(flags.preset, fields);
  const data = await loadDataset(flags.data);
  return startTraining(gpu, {
    system,
    data: flags.data,
    config: withEpochs(config, flags, trainingRows(data, config)),
    seed: flags.seed,
    out: flags.out,
  });
}

/** `--epochs` of floor(partition / batch) steps, as the notebooks count them. */
function withEpochs(config: GanConfig, { epochs, steps }: TrainFlags, rows: number): GanConfig {
  if (epochs === undefined) return config;
  if (steps !== undefined) {
    throw new VeilganError('USAGE', '--epochs and --steps both say how long to train', {
      where: '--epochs',
      fix: 'Give one of them',
    });
  }
  const each = Math.floor(Math.floor(rows / config.partitions) / config.batch);
  return { ...config, steps: Math.max(1, epochs * each) };
}

async function resumed(gpu: Gpu, system: string | undefined, flags: TrainFlags): Promise<TrainingJob> {
  const { steps, ...others } = configFields(flags);
  const given = [
    ...Object.keys(others),
    ...['data', 'preset', 'epochs', 'out'].filter((name) => flags[name] !== undefined),
  ];
  if (given.length) {
    throw new VeilganError('USAGE', `a resumed run keeps its settings: --${given[0]} cannot change`, {
      where: '--resume',
      fix: 'Leave it away, or start a new run',
    });
  }
  const job = await openTraining(gpu, flags.resume as string, { write: true, steps: steps as number | undefined });
  if (system !== undefined && system !== job.run.info.system) {
    job.run.close();
    throw new VeilganError('USAGE', `the run is a ${job.run.info.system}, not a ${system}`, {
      where: '--resume',
      fix: 'Leave the system away',
    });
  }
  return job;
}

/** Released rows and pictures: samples.csv (or .npy for images), samples.png (and .svg), losses.png and .svg. */
export async function writeResults(job: TrainingJob): Promise<void> {
  const { run, gan, data } = job;
  const { shape, columns } = data;
  const rows = await gan.sample(released(data));
  if (isImage(shape)) {
    writeAtomic(run.samplePath('samples.npy'), [toNpy({ rows, shape, columns })]);
    await writeGrid(job, 'samples.png', rows);
  } else {
    writeAtomic(run.samplePath('samples.csv'), toCsv(rows, columns));
  }
  const history = run.readMetrics() as unknown as { step: number; loss_g: number; loss_d: number[] }[];
  const losses = lossCurves(history, {
    title: `Losses of ${run.info.system} on ${data.name}`,
    yTitle: unit(gan.config),
  });
  const title = `Samples after ${formatNumber(gan.step)} steps`;
  const pictures = columns.length === 2 ? { losses, samples: scatterOf(rows, job, title) } : { losses };
  for (const [name, picture] of Object.entries(pictures)) {
    writeAtomic(run.samplePath(`${name}.svg`), await picture.svg());
    writeAtomic(run.samplePath(`${name}.png`), [await picture.png()]);
  }
}

/** The first hundred of `rows` (or of fresh samples) as a picture in samples/. */
async function writeGrid(job: TrainingJob, name: string, rows?: Float32Array): Promise<void> {
  const some = (rows ?? (await job.gan.sample(GRID))).subarray(0, GRID * job.data.features);
  writeAtomic(job.run.samplePath(name), [await samplesPng(some, job, '')]);
}

export const unit = ({ divergence }: GanConfig): string =>
  divergence === 'js' ? 'loss (nats)' : 'loss (critic units)';

function printResult(
  { run, gan, data, steps: wanted }: TrainingJob,
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
  if (json) {
    printJson(document);
    return;
  }
  const meanD = last ? last.loss_d.reduce((a, b) => a + b, 0) / last.loss_d.length : Number.NaN;
  const rows = [
    ['run', run.dir],
    ['steps', interrupted ? `${formatNumber(steps)} of ${formatNumber(wanted)}, stopped` : formatNumber(steps)],
    ...(interrupted ? [['continue', `veilgan train --resume ${run.dir}`]] : []),
    ['time', `${formatSeconds(seconds)}, ${document.ms_per_step?.toFixed(2) ?? '-'} ms a step`],
    ['losses', last ? `L_G ${last.loss_g.toFixed(4)}, mean L_D ${meanD.toFixed(4)}` : '-'],
    ['samples', run.samplePath(isImage(data.shape) ? 'samples.npy' : 'samples.csv')],
    ['pictures', `${run.samplePath('samples.png')}, losses.png`],
  ];
  process.stdout.write(`${table(['', ''], rows).split('\n').slice(2).join('\n')}\n`);
}
