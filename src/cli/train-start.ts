/** From the flags of `train` to a job: a new run, or one that goes on. */

import { VeilganError } from '../base/errors.ts';
import { isTable, type Source } from '../data/dataset.ts';
import { loadSource } from '../data/store/store.ts';
import { flagOf, type GanConfig, ganConfig, makeConfig, withPreset } from '../gan/config.ts';
import { usualPreset } from '../gan/presets/tables.ts';
import { type PrivateConfig, privateConfig } from '../gan/private/config.ts';
import { isPrivate, parsePrivate } from '../gan/private/run.ts';
import type { Gpu } from '../gpu/index.ts';
import { type DirectoryJob, openTraining, startTraining } from '../run/session.ts';
import { trainingRows } from '../train/rows.ts';
import { type CommonOptions, configFields } from './options.ts';
import { withNoise } from './train-noise.ts';

export interface TrainFlags extends CommonOptions, Record<string, unknown> {
  data?: string;
  preset?: string;
  epochs?: number;
  steps?: number;
  seed: number;
  insecureSeed?: number;
  out?: string;
  resume?: string;
  chunk?: number;
  quiet?: boolean;
}

const SYSTEMS = ['gan', 'pargan', 'dpgan', 'dp-pargan'];

/** A new run. @throws VeilganError USAGE or CONFIG naming the flag */
export async function fresh(gpu: Gpu, system: string | undefined, flags: TrainFlags): Promise<DirectoryJob> {
  if (system === undefined || !SYSTEMS.includes(system)) {
    throw new VeilganError('USAGE', system === undefined ? 'which system?' : `there is no system ${system}`, {
      where: 'train SYSTEM',
      fix: `Use ${SYSTEMS.join(', ')}`,
    });
  }
  if (flags.data === undefined) {
    throw new VeilganError('USAGE', 'no data set was named', {
      where: '--data',
      fix: 'Name one that `data list` shows, such as blobs',
    });
  }
  const fields = configFields(flags, privateConfig.shape);
  if (system === 'gan' || system === 'dpgan') {
    if (fields.partitions !== undefined && fields.partitions !== 1) {
      const other = system === 'gan' ? 'pargan' : 'dp-pargan';
      throw new VeilganError('CONFIG', `a ${system} has one critic`, {
        where: '--partitions',
        fix: `Train ${other} instead`,
      });
    }
    fields.partitions = 1;
  }
  const source = await loadSource(flags.data);
  const preset = flags.preset ?? presetFor(system, fields, source, flags);
  if (flags.insecureSeed !== undefined && !isPrivate(system)) throw onlyPrivate('insecureSeed');
  const config = isPrivate(system)
    ? privateOf(withPreset(preset, fields), flags, source)
    : withEpochs(plainConfig(preset, fields), flags, source);
  return startTraining(gpu, {
    system,
    data: source,
    config,
    seed: flags.seed,
    out: flags.out,
    insecureSeed: flags.insecureSeed,
  });
}

/** The config of a private system, with the noise that a budget and a length ask for. @throws VeilganError CONFIG */
function privateOf(fields: Record<string, unknown>, flags: TrainFlags, source: Source): PrivateConfig {
  const config = withEpochs(parsePrivate(fields), flags, source);
  const length = flags.steps !== undefined || flags.epochs !== undefined;
  return withNoise({ fields, length }, config, source, (line) => {
    if (!flags.quiet) process.stderr.write(`${line}\n`);
  });
}

/** Tables have settings of their own where none are named; other data have those of --help. */
function presetFor(
  system: string,
  { divergence, population }: Record<string, unknown>,
  source: Source,
  { data, quiet }: TrainFlags,
): string | undefined {
  if (!isTable(source)) return undefined;
  // Where the number of rows is a secret, what stands in its place decides: the settings are released.
  const rows = Number(population ?? 0) || source.rows;
  const preset = usualPreset(system, rows, divergence);
  if (!quiet) process.stderr.write(`${data} is a table: settings of preset ${preset} (--preset chooses others)\n`);
  return preset;
}

const onlyPrivate = (field: string) =>
  new VeilganError('CONFIG', `--${flagOf(field)} belongs to private systems`, {
    where: `--${flagOf(field)}`,
    fix: 'Train dpgan or dp-pargan, or leave it away',
  });

/** The config of a system without a guarantee. @throws VeilganError CONFIG for a field of private ones */
function plainConfig(preset: string | undefined, fields: Record<string, unknown>): GanConfig {
  const foreign = Object.keys(fields).find((name) => !Object.hasOwn(ganConfig.shape, name));
  if (foreign !== undefined) throw onlyPrivate(foreign);
  return makeConfig(preset, fields);
}

/** With `--epochs`, of floor(partition / batch) steps each, as the notebooks count them. */
function withEpochs<C extends GanConfig>(config: C, { epochs, steps }: TrainFlags, source: Source): C {
  if (epochs === undefined) return config;
  if (steps !== undefined) {
    throw new VeilganError('USAGE', '--epochs and --steps both say how long to train', {
      where: '--epochs',
      fix: 'Give one of them',
    });
  }
  const rows = ('population' in config && Number(config.population)) || trainingRows(source, config);
  const each = Math.floor(Math.floor(rows / config.partitions) / config.batch);
  return { ...config, steps: Math.max(1, epochs * each) };
}

/** A run that goes on. @throws VeilganError USAGE where settings are to change, FILE where it cannot */
export async function resumed(gpu: Gpu, system: string | undefined, flags: TrainFlags): Promise<DirectoryJob> {
  const { steps, ...others } = configFields(flags, privateConfig.shape);
  const given = [
    ...Object.keys(others),
    ...['data', 'preset', 'epochs', 'out', 'insecureSeed'].filter((name) => flags[name] !== undefined),
  ];
  if (given.length) {
    throw new VeilganError('USAGE', `a resumed run keeps its settings: --${given[0]} cannot change`, {
      where: '--resume',
      fix: 'Leave it away, or start a new run',
    });
  }
  const job = await openTraining(gpu, flags.resume as string, { write: true, steps: steps as number | undefined });
  if (system !== undefined && system !== job.run.info.system) {
    job.guarantee?.close();
    job.run.close();
    throw new VeilganError('USAGE', `the run is a ${job.run.info.system}, not a ${system}`, {
      where: '--resume',
      fix: 'Leave the system away',
    });
  }
  return job;
}
