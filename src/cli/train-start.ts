/** From the flags of `train` to a plan of a run, and what may be said of one that goes on. */
import { VeilganError } from '../base/errors.ts';
import { isTable, ofClass, type Source } from '../data/dataset.ts';
import { openOf } from '../data/encoding/schema.ts';
import { loadSource } from '../data/store/store.ts';
import { countsRows } from '../fit/features/counts.ts';
import { type GanConfig, ganConfig } from '../gan/config.ts';
import { makeConfig, presets, usualPreset, withPreset } from '../gan/presets/index.ts';
import { type PrivateConfig, parsePrivate } from '../gan/private/config.ts';
import { type Copied, checkCopied } from '../gan/private/copied.ts';
import { withNoise } from '../gan/private/plan.ts';
import { FEW_STEPS, forBudget, stepsPaid, type Tuned } from '../gan/private/planner.ts';
import { updatesBehind } from '../gan/private/schedule.ts';
import { type FitSystem, isFit, isPrivate, systemNamed, systemsWith, withCritics } from '../gan/systems.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import { unpaidLines } from '../report/blocks/public.ts';
import { fitConfigFor } from '../run/config.ts';
import { openRun } from '../run/directory.ts';
import type { DirectoryJob } from '../run/session.ts';
import { priceOf } from '../run/training-data.ts';
import { type Warm, warmStart, withWarm } from '../run/warm.ts';
import { trainingRows } from '../train/rows.ts';

interface Flags {
  readonly data?: string;
  readonly preset?: string;
  readonly epochs?: number;
  readonly seed: number;
  readonly insecureSeed?: number;
  readonly out?: string;
  readonly warmFrom?: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Say = (line: string) => void;

/** What the noise of a private run is looked for with. */
interface Context {
  readonly source: Source;
  readonly say: Say;
  /** what the run that it goes on from released */
  readonly copied?: Copied;
}

/** A new run. @throws VeilganError USAGE or CONFIG naming the flag */
export async function planOf(named: string | undefined, given: Fields, { say, ...flags }: Flags & { say: Say }) {
  const system = systemNamed(named);
  const { seed, out, insecureSeed } = flags;
  if (flags.data === undefined) {
    throw new VeilganError('USAGE', 'no data set was named', {
      where: 'data',
      fix: 'Name one that `data list` shows, such as blobs',
    });
  }
  const fields = withCritics(system, given);
  const source = await loadSource(flags.data);
  if (isPrivate(system)) sayPublic(source, say);
  if (isFit(system)) {
    const config = fitOf(system, given, flags);
    if ('classCounts' in config && source.labels) say(countsRows[config.classCounts].said);
    return { system, data: source, config, seed, out, insecureSeed };
  }
  const preset = flags.preset ?? presetFor(system, fields, source, say);
  if (insecureSeed !== undefined && !isPrivate(system)) throw onlyPrivate('insecureSeed');
  if (flags.warmFrom !== undefined && !isPrivate(system)) throw onlyPrivate('warmFrom', (name) => !isFit(name));
  if (!isPrivate(system)) {
    const config = withEpochs(plainConfig(preset, fields), given, flags.epochs, source);
    return { system, data: source, config, seed, out };
  }
  const warm = flags.warmFrom === undefined ? undefined : warmFrom(flags.warmFrom, source, { say, insecureSeed });
  const asked = { given, epochs: flags.epochs, source, say, copied: warm?.copied };
  const config = privateOf(preset, warm ? withWarm(fields, warm) : fields, asked);
  return { system, data: source, config, seed, out, insecureSeed, warm };
}

/** What the run that is gone on from hands on; what it took to be known of the classes is said again. */
function warmFrom(dir: string, source: Source, { say, insecureSeed }: { say: Say; insecureSeed?: number }): Warm {
  const run = openRun(dir);
  try {
    const warm = warmStart(run, source, { insecureSeed });
    if (source.labels) say(countsRows[warm.classCounts].said);
    return warm;
  } finally {
    run.close();
  }
}

/** What of a table's form was found in its rows, which no budget covers, before they are looked at any further. */
function sayPublic(source: Source, say: Say): void {
  const open = isTable(source) ? unpaidLines(openOf(source)) : [];
  if (open.length === 0) return;
  say(`public, as it was found in the rows of ${source.name} and is not paid for: ${open.join('; ')}`);
  say(
    '  to give it instead: veilgan data import FILE --schema-out SCHEMA.json, confirm it, import with --given SCHEMA.json',
  );
}

/** The config of a system that is fitted to noisy measurements. @throws VeilganError CONFIG, and USAGE for flags of other systems */
function fitOf(system: FitSystem, given: Fields, flags: Pick<Flags, 'preset' | 'epochs' | 'warmFrom'>) {
  const foreign = (['preset', 'epochs', 'warmFrom'] as const).find((name) => flags[name] !== undefined);
  if (foreign === undefined) return fitConfigFor(system, given);
  throw new VeilganError('USAGE', `\`${foreign}\` is of systems with critics`, {
    where: foreign,
    fix: 'Leave it away',
  });
}

/** The config of a private system, with the noise that a budget and a length ask for. @throws VeilganError CONFIG */
function privateOf(
  preset: string | undefined,
  own: Fields,
  { given, epochs, ...context }: { given: Fields; epochs?: number } & Context,
): PrivateConfig {
  const { source, say, copied } = context;
  const fields = withPreset(preset, own);
  const config = withEpochs(parsePrivate(fields), given, epochs, source);
  if (copied) checkCopied(config, copied);
  const length = given.steps !== undefined || epochs !== undefined;
  const noise = (given.epsilon === undefined ? fields : given).noiseMultiplier !== undefined;
  const tuned = preset === undefined ? undefined : (presets[preset] as Partial<Tuned>);
  // What a run before released leaves less of the budget than a preset was tuned for.
  const other = given.epsilon !== undefined && (copied !== undefined || given.epsilon !== tuned?.epsilon);
  const found =
    tuned?.epsilon && tuned.noiseMultiplier && other && config.epsilon && given.noiseMultiplier === undefined && !length
      ? plannedFor(config, tuned as Tuned, context)
      : withAskedNoise({ noise, length }, config, source, say, copied?.phases);
  // Where the noise was looked for, all steps fit: there is nothing to search for again.
  if (found !== config) return found;
  const remedies: readonly [given: boolean, remedy: string][] = [
    [given.noiseMultiplier !== undefined, 'leave --noise-multiplier away, '],
    [!tuned?.noiseMultiplier, 'give --steps, so that noise is looked for, '],
    [other && length, 'leave the length to the planner, '],
  ];
  return warned(config, { ...context, remedy: remedies.find(([is]) => is)?.[1] ?? '' });
}

/** The settings of a preset for another budget. */
function plannedFor(config: PrivateConfig, tuned: Tuned, { source, say, copied }: Context): PrivateConfig {
  const rows = trainingRows(ofClass(source, config.onlyClass), config);
  const found = forBudget(config, tuned, rows, priceOf(source, config), copied?.phases);
  const { steps, criticSteps, noiseMultiplier, epsilon } = found;
  say(
    `for epsilon ${epsilon}: ${steps} steps of ${criticSteps} noisy updates each, noise multiplier ${noiseMultiplier.toPrecision(5)} (the preset is tuned for epsilon ${tuned.epsilon})`,
  );
  if (steps <= FEW_STEPS) sayFew(`epsilon ${epsilon} is worth no more than ${steps} generator steps`, source, { say });
  return found;
}

/** Says so where a budget pays for too few steps to learn anything. @param remedy what of the given keeps noise from being less */
function warned(config: PrivateConfig, { source, say, copied, remedy }: Context & { remedy: string }): PrivateConfig {
  if (config.bound !== 'clip' || !config.epsilon) return config;
  const rows = trainingRows(ofClass(source, config.onlyClass), config);
  const steps = stepsPaid(config, rows, priceOf(source, config), copied?.phases);
  if (steps < Math.min(FEW_STEPS, config.steps)) {
    sayFew(`epsilon ${config.epsilon} pays for ${steps} generator steps`, source, { say, remedy });
  }
  return config;
}

function sayFew(what: string, source: Source, { say, remedy = '' }: { say: Say; remedy?: string }): void {
  const fit = isTable(source) ? ', or train dp-marginals' : '';
  say(`${what} of this configuration, too few to learn much: ${remedy}allow a larger epsilon${fit}`);
}

/** Tables have settings of their own where none are named; other data have those of --help. */
function presetFor(system: string, { divergence, population }: Fields, source: Source, say: Say): string | undefined {
  if (!isTable(source)) return undefined;
  // Where the number of rows is a secret, what stands in its place decides: the settings are released.
  const rows = Number(population ?? 0) || source.rows;
  const preset = usualPreset(system, rows, divergence);
  say(`${source.name} is a table: settings of preset ${preset} (--preset chooses others)`);
  return preset;
}

const onlyPrivate = (field: string, takes: (system: string) => boolean = () => true) =>
  new VeilganError('CONFIG', `\`${field}\` belongs to private systems`, {
    where: field,
    fix: `Train ${systemsWith({ private: true }).filter(takes).join(' or ')}, or leave it away`,
  });

/** The config of a system without a guarantee. @throws VeilganError CONFIG for a field of private ones */
function plainConfig(preset: string | undefined, fields: Fields): GanConfig {
  const foreign = Object.keys(fields).find((name) => !Object.hasOwn(ganConfig.shape, name));
  if (foreign !== undefined) throw onlyPrivate(foreign);
  return makeConfig(preset, fields);
}

/** With `--epochs`, of floor(partition / batch) steps each, as the notebooks count them. */
function withEpochs<C extends GanConfig>(config: C, { steps }: Fields, epochs: number | undefined, source: Source): C {
  if (epochs === undefined) return config;
  if (steps !== undefined) {
    throw new VeilganError('USAGE', '`epochs` and `steps` both say how long to train', {
      where: 'epochs',
      fix: 'Give one of them',
    });
  }
  const rows = ('population' in config && Number(config.population)) || trainingRows(source, config);
  const each = Math.floor(Math.floor(rows / config.partitions) / config.batch);
  return { ...config, steps: Math.max(1, epochs * each) };
}

/** @throws VeilganError USAGE where a run that goes on is of another system than was named */
export function checkSystem({ run }: DirectoryJob, system: string | undefined): void {
  if (system === undefined || system === run.info.system) return;
  throw new VeilganError('USAGE', `the run is a ${run.info.system}, not a ${system}`, {
    where: 'resume',
    fix: 'Leave the system away',
  });
}

/** What of the command line decides whether noise is looked for. */
export interface Asked {
  /** whether it is given; that of a preset is for the preset's epsilon only */
  readonly noise: boolean;
  /** whether the length comes from the command line; that of a preset for plain systems is none for private ones */
  readonly length: boolean;
}

/**
 * The config with the noise that its budget asks for, by a search that may take seconds; or as it is where a multiplier
 * was given, there is no budget, or how many updates there will be is not known.
 * @param tell is told of the noise in one line @param spent what the run that it goes on from released
 * @throws VeilganError CONFIG where no noise suffices, or where config and data do not fit
 */
export function withAskedNoise(
  { noise, length }: Asked,
  config: PrivateConfig,
  source: Source,
  tell: Say = () => {},
  spent: readonly Phase[] = [],
): PrivateConfig {
  const { bound, epsilon, onlyClass, steps } = config;
  if (bound !== 'clip' || !epsilon || noise || !length) return config;
  const updates = updatesBehind(config, steps);
  if (!Number.isFinite(updates)) return config;
  const rows = trainingRows(ofClass(source, onlyClass), config);
  const found = withNoise(config, rows, priceOf(source, config), spent);
  const sigma = found.noiseMultiplier.toPrecision(5);
  tell(`noise multiplier ${sigma}: with it all ${updates} noisy updates fit epsilon ${config.epsilon}`);
  return found;
}
