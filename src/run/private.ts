/** What makes a run private: who is in which partition, keys, the ledger's terms, and what has been spent. */
import type { Dataset } from '../data/dataset.ts';
import type { Records } from '../data/records.ts';
import { parseConfig } from '../gan/config.ts';
import { DpGan } from '../gan/dpgan.ts';
import type { MakeDiscrete } from '../gan/exact.ts';
import { restoreCount } from '../gan/player.ts';
import {
  budgetOf,
  checkPrivate,
  type PrivateConfig,
  physicalRows,
  privateConfig,
  relationOf,
  samplingRate,
} from '../gan/private_config.ts';
import { trainingRows } from '../gan/rows.ts';
import type { Witness } from '../gan/witness.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import { type Cost, chargedFor, FREE, stepsFor } from '../privacy/budget.ts';
import { DiscreteMechanism } from '../privacy/discrete.ts';
import { PrivacyKey } from '../privacy/key.ts';
import { Mechanism } from '../privacy/mechanism.ts';
import { NoiseSource } from '../privacy/noise.ts';
import { partitionOf, partitionRows } from '../privacy/partition.ts';
import { PoissonSampler, SubsetSampler } from '../privacy/sampling.ts';
import { tagsOf } from '../privacy/tags.ts';
import { createLedger, type Ledger, type LedgerFile, type LedgerTerms, openLedger, readLedger } from './ledger.ts';

export const isPrivate = (system: string): boolean => system === 'dpgan' || system === 'dp-pargan';

/** @throws VeilganError CONFIG naming a field, or a combination that breaks the guarantee */
export const parsePrivate = (fields: Readonly<Record<string, unknown>>): PrivateConfig =>
  checkPrivate(parseConfig(privateConfig, fields) as PrivateConfig);

/** What updates of a configuration are made of. @param rows of the data set, where their number is public */
export function mechanismOf(config: PrivateConfig, rows: number): Mechanism {
  const q = samplingRate(config, rows);
  const clips = config.bound === 'clip';
  return new Mechanism({
    kind: config.mechanism,
    bound: config.clipNorm,
    clipping: clips ? config.clipping : 'none',
    multiplier: config.noiseMultiplier,
    divisor: config.batch,
    q,
    sampler: clips ? (q < 1 ? 'poisson' : 'full') : 'without-replacement',
    relation: relationOf(config),
    partitions: config.partitions,
    population: config.population || rows,
    physical: physicalRows(config),
  });
}

/**
 * The partition of each record by a keyed hash of the record itself: no other record has a say in it, and copies of a
 * record go together. The key follows from the public seed, so that a resumed run finds the same partition.
 * @param records [rows, features] @returns [rows]
 */
export function ownersOf(records: Records, features: number, partitions: number, seed: number): Uint32Array {
  const rows = records.length / features;
  if (partitions === 1) return new Uint32Array(rows);
  const key = PrivacyKey.insecure(seed).derive('partition');
  const bytes = new Uint8Array(records.buffer, records.byteOffset, records.byteLength);
  const width = features * records.BYTES_PER_ELEMENT;
  const each = Array.from({ length: rows }, (_, row) => bytes.subarray(row * width, (row + 1) * width));
  return partitionOf(each, partitions, key);
}

/** What a private run has spent and may still spend. */
export interface Guarantee {
  readonly ledger: Ledger;
  readonly config: PrivateConfig;
  /** whether noise and samples follow from a seed, so that there is no guarantee at all */
  readonly insecure: boolean;
  /** noisy updates that the budget pays for in all, as of its opening; Infinity without one, or where it is only read */
  readonly limit: number;
  /** what a checkpoint must say for the ledger to be resumed */
  meta(): Record<string, string>;
  /** Wipes the keys and closes the ledger. */
  close(): void;
}

/** How the ledger of a run that is there is opened. */
export interface Reopened {
  /** what the checkpoint says of itself */
  readonly meta: Readonly<Record<string, string>>;
  /** whether the run goes on, or is looked at */
  readonly write: boolean;
  /** told of a last line that a crash cut short */
  readonly warn?: (line: string) => void;
}

/**
 * A private run before anything of its data was looked at: what it will pay, by configuration and public facts alone. Its
 * ledger is begun before its encoding, which is a look.
 */
export class PrivatePlan {
  readonly config: PrivateConfig;
  readonly mechanism: Mechanism;
  /** what is charged for the encoding of a table; zeros where there is none to pay for */
  readonly price: Cost;
  /** noisy updates that the budget pays for, on top of those of before */
  readonly limit: (spent: readonly Phase[]) => number;

  /**
   * @param rows of the data set that are trained on, whose number is public unless the config names another
   * @throws VeilganError CONFIG naming a combination that breaks the guarantee
   */
  constructor(config: PrivateConfig, rows: number, price: Cost = FREE) {
    checkPrivate(config);
    this.config = config;
    this.price = price;
    this.mechanism = mechanismOf(config, rows);
    this.limit = (spent) => {
      const { q, multiplier } = this.mechanism;
      return stepsFor({ q, sigma: multiplier }, budgetOf(config), { paid: price, spent });
    };
  }

  /** The first line of the ledger. */
  get terms(): LedgerTerms {
    const { epsilon, delta } = this.price;
    return { ...this.mechanism.terms, ...(epsilon ? { encoding_epsilon: epsilon, encoding_delta: delta } : {}) };
  }

  /**
   * The ledger of a new run, begun and synced: it counts the price of the encoding from now on.
   * @throws VeilganError CONFIG where the budget does not pay for one update, FILE
   */
  begin(file: LedgerFile): { ledger: Ledger; limit: number } {
    const limit = this.limit([]);
    if (limit >= 1) return { ledger: createLedger(file, this.terms), limit };
    const { epsilon } = this.config;
    throw new VeilganError('CONFIG', `epsilon ${epsilon} does not pay for one update of this configuration`, {
      where: '--epsilon',
      fix: 'Raise --noise-multiplier, lower --batch, or allow a larger --epsilon',
    });
  }

  /**
   * The ledger of a run that goes on, opened to write.
   * @param updates that its checkpoint contains
   * @throws VeilganError FILE; CONFIG where its terms are others, or where its earlier updates were not what they claimed
   */
  reopen(file: LedgerFile, { meta, warn = () => {} }: Omit<Reopened, 'write'>, updates: number): Ledger {
    const head = { line: restoreCount(meta, 'ledger_line'), hash: meta.ledger_hash ?? '' };
    const before = readLedger(file, { warn: () => {} }).terms;
    const old = before.draws === undefined;
    if (old && drewByPlace(this.config)) {
      throw new VeilganError(
        'CONFIG',
        'this run was begun by a version in which dropout and gradient penalties drew by the place of a record in its batch, so that its updates protect less than its ledger says',
        { where: file.path, fix: 'Start a new run; of this one nothing more should be released' },
      );
    }
    // There are words that ledgers of before did not have.
    const terms = old ? pick(this.terms, before) : this.terms;
    return openLedger(file, { terms, head, updates, warn });
  }
}

/** Of the terms those that a ledger names. */
const pick = (terms: LedgerTerms, named: LedgerTerms): LedgerTerms =>
  Object.fromEntries(Object.entries(terms).filter(([name]) => Object.hasOwn(named, name))) as LedgerTerms;

/** Whether earlier versions drew by place where records are, for this configuration. */
const drewByPlace = ({ bound, divergence, network, dropout }: PrivateConfig): boolean =>
  bound === 'clip' && (divergence === 'wgan-gp' || (network === 'dcgan' && dropout > 0));

/** A private system and what it draws from. */
export interface PrivateRun {
  readonly gan: DpGan;
  /** Begins a new ledger and pays from it. @throws VeilganError as `PrivatePlan.begin` */
  begin(file: LedgerFile): Guarantee;
  /** Pays from a ledger that was begun. @param limit noisy updates in all */
  pay(ledger: Ledger, limit: number): Guarantee;
  /** The ledger of a run that goes on or is looked at. @throws VeilganError as `PrivatePlan.reopen` */
  resume(file: LedgerFile, how: Reopened): Guarantee;
  close(): void;
}

export interface PrivateOptions {
  /** makes all that is drawn follow from a seed: for tests, no guarantee */
  readonly insecureSeed?: number;
  /** the secret of this start, of which noise, samples, tags and all else are drawn; its maker wipes it. Default a fresh one */
  readonly key?: PrivacyKey;
  /** where it was made before; default by config and data */
  readonly plan?: PrivatePlan;
  /** of several runs under one key which one this is, so that their noise differs; for audits */
  readonly noise?: number;
  /** for audits and tests */
  readonly witness?: Witness;
  /** for audits of audits only: trains without clipping, while what is claimed stays */
  readonly unclipped?: boolean;
}

/**
 * The one place where a private system gets what it draws from: partitions, tags, samplers, noise, mechanism; for
 * training, audits, experiments and pages alike.
 * @throws VeilganError CONFIG where config and data do not fit
 */
export function privateRun(
  gpu: Gpu,
  config: PrivateConfig,
  data: Dataset,
  seed: number,
  { insecureSeed, key: given, plan: planned, noise: noiseIndex = 0, witness, unclipped }: PrivateOptions = {},
): PrivateRun {
  const rows = trainingRows(data, config);
  const paid = data.encoding?.paid;
  const plan = planned ?? new PrivatePlan(config, rows, paid && chargedFor(paid, relationOf(config)));
  const { mechanism } = plan;
  checkUnseen(config, data);
  const key = given ?? secretOf(insecureSeed);
  const { features } = data;
  const trained = data.train.subarray(0, rows * features);
  const partitions = partitionRows(ownersOf(trained, features, config.partitions, seed), config.partitions);
  const tagKey = key.derive('tags');
  const tags = tagsOf(data, rows, tagKey);
  tagKey.fill(0);
  const noise = new NoiseSource(gpu, key, noiseIndex);
  const samplers = partitions.map((list, index) =>
    config.bound === 'weights'
      ? new SubsetSampler(key, list, { size: config.batch, index })
      : new PoissonSampler(key, list, { q: mechanism.q, tags, index }),
  );
  const draws = [noise.draws, ...samplers.map((sampler) => sampler.draws)];
  const discrete: MakeDiscrete = (options) => {
    const made = new DiscreteMechanism(gpu, key, options, noiseIndex);
    draws.push(made.draws);
    return made;
  };
  let ledger: Ledger | undefined;
  const spend = (from: number, to: number) => {
    if (!ledger) throw new VeilganError('VALIDATION', 'a private run has no ledger to pay from', { where: 'ledger' });
    ledger.append(mechanism.charge(from, to));
  };
  const means = { mechanism, noise, discrete, tags, partitions, samplers, spend, witness, unclipped };
  const close = () => {
    noise.dispose();
    for (const sampler of samplers) sampler.dispose();
    tags.fill(0);
    ledger?.close();
  };
  let gan: DpGan;
  try {
    gan = new DpGan(gpu, config, data, seed, means);
  } catch (error) {
    close();
    throw error;
  } finally {
    if (!given) key.wipe();
  }
  /** A batch that was drawn for an update which is still to come will be drawn again. */
  const positions = () =>
    draws.map(
      (counter) => counter.position - (gan.drawn && samplers.some((sampler) => sampler.draws === counter) ? 1 : 0),
    );
  const guaranteeOf = (book: Ledger, limit: number): Guarantee => ({
    ledger: book,
    limit,
    config,
    insecure: key.insecure,
    meta: () => ({
      ledger_line: String(book.head.line),
      ledger_hash: book.head.hash,
      ...(key.insecure ? { draws: positions().join(' ') } : {}),
    }),
    close,
  });
  const pay = (book: Ledger, limit: number): Guarantee => {
    ledger = book;
    gan.limit = limit;
    return guaranteeOf(book, limit);
  };
  return {
    gan,
    close,
    pay,
    begin: (file) => {
      const { ledger: book, limit } = plan.begin(file);
      return pay(book, limit);
    },
    resume: (file, { meta, write, warn }) => {
      if (!write) return guaranteeOf(readLedger(file, { warn: () => {} }), Number.POSITIVE_INFINITY);
      const book = plan.reopen(file, { meta, warn }, gan.updates);
      ledger = book;
      if (key.insecure) {
        const positions = (meta.draws ?? '').split(' ').map(Number);
        draws.forEach((counter, i) => {
          counter.position = positions[i];
        });
      }
      return pay(book, gan.updates + plan.limit(book.totals()));
    },
  };
}

/** @throws VeilganError CONFIG where the records were made by looking at them, outside of any budget */
function checkUnseen({ bound }: PrivateConfig, data: Dataset): void {
  const refuse = (message: string, fix: string) => new VeilganError('CONFIG', message, { where: '--data', fix });
  if (bound !== 'clip') return;
  if (data.scaling?.from === 'data') {
    throw refuse(
      `the columns of ${data.name} were scaled by their own smallest and largest values, which a single record may move`,
      'Import it again with --scale LOW:HIGH, bounds that are known without looking at the records',
    );
  }
  if (data.encoding?.from === 'data') {
    throw refuse(
      `the encoding of ${data.name} was fitted to its rows, which a single record may move`,
      'Give the table itself, whose encoding is paid for, or bounds and values known without the data',
    );
  }
}

/** The secret of a start. @param insecureSeed makes all that is drawn follow from a seed: for tests, no guarantee */
export const secretOf = (insecureSeed?: number): PrivacyKey =>
  insecureSeed === undefined ? PrivacyKey.fresh() : PrivacyKey.insecure(insecureSeed);
