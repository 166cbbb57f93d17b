/** Plans of experiments: presets, what the command line adds, and the file that an experiment goes on from. */
import { VeilganError } from '../../base/errors.ts';
import { readJson } from '../../base/files.ts';
import { isTable, type Source } from '../../data/dataset.ts';
import { notGiven } from '../../data/encoding/schema.ts';
import { type GanConfig, ganConfig, parseConfig } from '../../gan/config.ts';
import { presets, withPreset } from '../../gan/presets/index.ts';
import { type PrivateConfig, privateConfig } from '../../gan/private/config.ts';
import { isFit, type SystemName, systemNamed, systemNames } from '../../gan/systems.ts';
import { trainingRows } from '../../train/rows.ts';
import { type Kind, type Plan, planSchema } from './experiment.ts';

interface Preset {
  readonly data: string;
  readonly seeds: number;
  readonly fields: Partial<GanConfig>;
  /** of private runs beside them */
  readonly private: Partial<PrivateConfig>;
}

/**
 * Wide and deep critics with sharp units: with few training rows, and whole partitions as batches, a setting in which the
 * critic of a plain GAN remembers what it was shown.
 */
export const leaky = {
  generatorHidden: [128, 128],
  criticHidden: [256, 256, 256],
  slope: 0.02,
  criticSteps: 2,
  rate: 3e-4,
  beta1: 0.5,
  steps: 1200,
} satisfies Partial<GanConfig>;
const points: Partial<GanConfig> = { ...leaky, rows: 100, batch: 100 };
const digits: Partial<GanConfig> = {
  rows: 200,
  network: 'dcgan',
  latent: 64,
  generatorChannels: [64, 32, 32],
  criticChannels: [32, 32],
  dropout: 0,
  criticSteps: 2,
  rate: 5e-4,
  beta1: 0.5,
  batch: 40,
  snapshots: 1,
  steps: 400,
};

/** Plans of minutes on two cores without a GPU. */
export const experimentPresets: Readonly<Record<string, Preset>> = {
  'quick-blobs': { data: 'blobs', seeds: 3, fields: points, private: { steps: 300 } },
  // The rings are remembered less easily than the blobs.
  'quick-circles': {
    ...{ data: 'circles', seeds: 3, private: { steps: 300 } },
    fields: { ...points, rows: 50, batch: 50, steps: 1500 },
  },
  'quick-mnist': { data: 'mnist', seeds: 2, fields: digits, private: { steps: 100 } },
};

export interface Asked {
  readonly kind: Kind;
  /** of an experiment, or of `train` */
  readonly preset?: string;
  readonly data?: string;
  readonly systems?: readonly string[];
  readonly values?: readonly number[];
  readonly seeds?: number;
  readonly attacks?: readonly string[];
  /** fields of a config */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Experiments are about critics: what fits tables has neither divergences nor K. */
export const ADVERSARIAL = systemNames.filter((name) => !isFit(name));

const SYSTEMS: Readonly<Record<Kind, readonly SystemName[]>> = {
  'k-sweep': ['pargan'],
  'epsilon-sweep': ['dpgan'],
  compare: ADVERSARIAL,
};
const VALUES: Readonly<Record<Kind, readonly number[]>> = {
  'k-sweep': [1, 2, 5, 10],
  'epsilon-sweep': [0, 1, 3, 10],
  compare: [],
};

const usage = (message: string, where: string, fix: string) => new VeilganError('USAGE', message, { where, fix });

/** Fields of plain systems, and those that only private ones have. */
function split(fields: Readonly<Record<string, unknown>>) {
  const plain = ([name]: [string, unknown]) => Object.hasOwn(ganConfig.shape, name);
  const all = Object.entries(fields);
  return { plain: Object.fromEntries(all.filter(plain)), own: Object.fromEntries(all.filter((e) => !plain(e))) };
}

/**
 * The plan of what was asked for.
 * @param data the data set, once it is known which; without it the number of rows is not known yet
 * @throws VeilganError USAGE or CONFIG naming the flag
 */
export function planOf(asked: Asked, data: Source | undefined): Plan {
  const { kind, preset, fields } = asked;
  const known =
    preset !== undefined && Object.hasOwn(experimentPresets, preset) ? experimentPresets[preset] : undefined;
  if (preset !== undefined && !known && !Object.hasOwn(presets, preset)) {
    throw usage(
      `there is no preset ${preset}`,
      'preset',
      `Use one of ${Object.keys(experimentPresets).join(', ')}, or one of train`,
    );
  }
  const name = asked.data ?? known?.data;
  if (name === undefined) throw usage('no data set was named', 'data', 'Name one, or a `preset` that has one');
  const systems = asked.systems?.map((system) => systemNamed(system, ADVERSARIAL, 'systems')) ?? SYSTEMS[kind];
  if (kind === 'k-sweep' && asked.systems) throw usage('a K sweep is of pargan', 'systems', 'Leave it away');
  if (kind === 'compare' && asked.values) throw usage('compare has no values', 'values', 'Leave it away, or sweep');
  const swept = kind === 'k-sweep' ? 'partitions' : kind === 'epsilon-sweep' ? 'epsilon' : undefined;
  if (swept && fields[swept] !== undefined) throw usage('it is what the sweep varies', swept, 'Give `values`');
  const given = split(known ? { ...known.fields, ...fields } : withPreset(preset, fields));
  const { partitions = 5, ...plain } = given.plain as Partial<GanConfig>;
  const { epsilon = 10, ...own } = { ...known?.private, ...given.own } as Partial<PrivateConfig>;
  // What the command line says of all runs holds for private ones too.
  const beside = Object.fromEntries(
    Object.entries(own).filter(([field]) => fields[field] === undefined || field in given.own),
  );
  const config = parseConfig(privateConfig, { ...plain, ...beside }) as PrivateConfig;
  return {
    kind,
    data: name,
    systems: [...systems],
    values: [...(asked.values ?? VALUES[kind])],
    seeds: Array.from({ length: asked.seeds ?? known?.seeds ?? 3 }, (_, i) => i + 1),
    fields: { batch: config.batch, ...plain },
    private: beside,
    partitions,
    epsilon,
    rows: data ? trainingRows(data, config) : 0,
    ...(data && isTable(data)
      ? { paying: notGiven(data.table.columns, data.given).map(({ name, kind }) => ({ name, kind })) }
      : {}),
    attacks: [...(asked.attacks ?? ['white-box', 'nearest-sample', 'gan-leaks'])],
  };
}

/** A plan from its file. @throws VeilganError FILE naming the field that is wrong */
export function readPlan(path: string): Plan {
  const result = planSchema.safeParse(readJson(path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new VeilganError('FILE', `${issue.path.join('.') || 'the document'}: ${issue.message}`, {
    where: path,
    fix: 'Start the experiment anew in another folder',
  });
}
