/**
 * The systems, one row each: the facts by which they are named, configured and dispatched. Rows name no class, so that a
 * page or a report can import them without the networks: the classes of plain systems are a table in run/training.ts;
 * `privateRun` (private/run.ts) makes the private ones, and gives a `DpGan` what it draws from.
 */
import { VeilganError } from '../base/errors.ts';

/** What a generator without critics is fitted to. */
export type Measured = 'tables' | 'features';

export interface SystemRow {
  readonly name: string;
  /** as reports, experiments and pages write it */
  readonly title: string;
  /** one line for lists and --help */
  readonly summary: string;
  /** one critic on all rows, K on disjoint partitions, or none: a generator that is fitted to noisy measurements */
  readonly critics: 'one' | 'many' | 'none';
  /** of a system without critics, what is measured of the rows with noise: tables of counts, or sums of features */
  readonly measures?: Measured;
  /** whether what it learns of rows is noised and paid for */
  readonly private: boolean;
  /** what it is, as the subject of a sentence */
  readonly described: (critics: number) => string;
}

const rows = {
  gan: {
    name: 'gan',
    title: 'GAN',
    summary: 'one critic on all rows',
    critics: 'one',
    private: false,
    described: () => 'An ordinary GAN (one critic on all rows)',
  },
  pargan: {
    name: 'pargan',
    title: 'PAR-GAN',
    summary: 'K critics on disjoint partitions',
    critics: 'many',
    private: false,
    described: (k) => `PAR-GAN with ${k} critics${k > 1 ? ', each on a partition of its own,' : ''}`,
  },
  dpgan: {
    name: 'dpgan',
    title: 'DPGAN',
    summary: 'a GAN with noise on the updates of its critic: differentially private',
    critics: 'one',
    private: true,
    described: () => 'DPGAN (a GAN with noise on the updates of its critic)',
  },
  'dp-pargan': {
    name: 'dp-pargan',
    title: 'DP-PAR-GAN',
    summary: 'PAR-GAN with noise on the updates of its critics: differentially private',
    critics: 'many',
    private: true,
    described: (k) => `DP-PAR-GAN (PAR-GAN with noise on the updates of its ${k} critics)`,
  },
  'dp-marginals': {
    name: 'dp-marginals',
    title: 'DP-MARGINALS',
    summary: 'a generator fitted to noisy tables of one and two columns: differentially private, for tables',
    critics: 'none',
    measures: 'tables',
    private: true,
    described: () => 'DP-MARGINALS (a generator fitted to noisy tables of counts)',
  },
  'dp-features': {
    name: 'dp-features',
    title: 'DP-FEATURES',
    summary: 'a generator fitted to noisy sums of features: differentially private, for images and points',
    critics: 'none',
    measures: 'features',
    private: true,
    described: () => 'DP-FEATURES (a generator fitted to noisy sums of features)',
  },
} satisfies Record<string, SystemRow>;

export type SystemName = keyof typeof rows;

type PrivateSystem = { [K in SystemName]: (typeof rows)[K]['private'] extends true ? K : never }[SystemName];
export type PlainSystem = Exclude<SystemName, PrivateSystem>;
/** Those that are fitted to noisy measurements. */
export type FitSystem = { [K in SystemName]: (typeof rows)[K]['critics'] extends 'none' ? K : never }[SystemName];

export const systems: Readonly<Record<SystemName, SystemRow>> = rows;

export const systemNames = Object.keys(systems) as SystemName[];

type Facts = Partial<Pick<SystemRow, 'critics' | 'private' | 'measures'>>;

/** Systems of a kind: `['gan', 'pargan']` for those that are not private. */
export const systemsWith = (facts: Facts): SystemName[] =>
  systemNames.filter((name) => {
    const row = systems[name];
    const same = (fact: keyof Facts) => (facts[fact] ?? row[fact]) === row[fact];
    return same('critics') && same('private') && same('measures');
  });

/** The row of a name that comes from outside, as a run.json's; undefined where there is none, as for classifiers. */
export const systemRow = (name: string): SystemRow | undefined =>
  Object.hasOwn(systems, name) ? systems[name as SystemName] : undefined;

/**
 * The system of a name that a user gave.
 * @param among those that will do @param where the name was given
 * @throws VeilganError USAGE where there is no such system, with those that there are
 */
export function systemNamed(name: string | undefined, among = systemNames, where = 'system'): SystemName {
  const found = among.find((known) => known === name);
  if (found) return found;
  throw new VeilganError('USAGE', name === undefined ? 'which system?' : `there is no system ${name}`, {
    where,
    fix: `Use ${among.join(', ')}`,
  });
}

export const isFit = (name: string): name is FitSystem => systemRow(name)?.critics === 'none';

/** What a system without critics measures. */
export const measuredBy = (name: FitSystem): Measured => rows[name].measures;

export const isPrivate = (name: string): name is PrivateSystem => systemRow(name)?.private === true;

/**
 * The system that differs from another in some facts: of `dpgan`, with `{ private: false }`, it is `gan`; which is also
 * what stands beside one without critics.
 */
export const relative = (name: SystemName, facts: Partial<Pick<SystemRow, 'critics' | 'private'>>): SystemName => {
  const { critics, private: own } = systems[name];
  const wanted = { critics, private: own, ...facts };
  return systemsWith(wanted)[0] ?? systemsWith({ ...wanted, critics: 'one' })[0];
};

/** `PAR-GAN, K = 10`, or `GAN`; a name without a row as it is. */
export function systemTitle(name: string, critics: number): string {
  const row = systemRow(name);
  return row?.critics === 'many' ? `${row.title}, K = ${critics}` : (row?.title ?? name);
}

/**
 * Fields of a config with the number of critics that the system has, where that is no matter of choice.
 * @throws VeilganError CONFIG where a system of one critic is to have several
 */
export function withCritics(name: SystemName, fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (systems[name].critics === 'many') return { ...fields };
  const { critics } = systems[name];
  if (fields.partitions === undefined || (fields.partitions === 1 && critics === 'one')) {
    return critics === 'one' ? { ...fields, partitions: 1 } : { ...fields };
  }
  throw new VeilganError('CONFIG', `a ${name} has ${critics === 'one' ? 'one critic' : 'no critics'}`, {
    where: 'partitions',
    fix: `Use ${relative(name, { critics: 'many' })} instead`,
  });
}
