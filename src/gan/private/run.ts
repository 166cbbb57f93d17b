/** What makes a run private: keys, tags, partitions, samplers, noise, and a ledger that pays for it. */

import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Records } from '../../data/records.ts';
import type { Gpu } from '../../gpu/index.ts';
import { chargedFor } from '../../privacy/budget.ts';
import { DiscreteMechanism } from '../../privacy/discrete.ts';
import { type DrawCounter, PrivacyKey } from '../../privacy/key.ts';
import { type Ledger, type LedgerFile, readLedger } from '../../privacy/ledger/ledger.ts';
import { NoiseSource } from '../../privacy/noise.ts';
import { partitionOf, partitionRows } from '../../privacy/partition.ts';
import { PoissonSampler, SubsetSampler } from '../../privacy/sampling.ts';
import { tagsOf } from '../../privacy/tags.ts';
import { trainingRows } from '../../train/rows.ts';
import { DpGan } from '../dpgan.ts';
import { type PrivateConfig, relationOf } from './config.ts';
import type { MakeDiscrete } from './exact.ts';
import { PrivatePlan, type Reopened } from './plan.ts';
import type { Witness } from './witness.ts';

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

/** What of a config a guarantee is about; a GAN's says more of its updates. */
export type GuaranteeConfig = Pick<PrivateConfig, 'epsilon' | 'delta' | 'population' | 'relation'> &
  Partial<PrivateConfig>;

/** What a private run has spent and may still spend. */
export interface Guarantee {
  readonly ledger: Ledger;
  readonly config: GuaranteeConfig;
  /** whether noise and samples follow from a seed, so that there is no guarantee at all */
  readonly insecure: boolean;
  /** noisy updates that the budget pays for in all, as of its opening; Infinity without one, or where it is only read */
  readonly limit: number;
  /** what a checkpoint must say for the ledger to be resumed */
  meta(): Record<string, string>;
  /** Wipes the keys and closes the ledger. */
  close(): void;
}

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
  /** whether it is to train: one that is only sampled from, or reported on, needs neither tags nor samplers */
  readonly trains?: boolean;
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
  options: PrivateOptions = {},
): PrivateRun {
  const { insecureSeed, key: given, plan: planned, trains = true, noise: noiseIndex = 0, witness, unclipped } = options;
  const rows = trainingRows(data, config);
  const paid = data.encoding?.paid;
  const plan = planned ?? new PrivatePlan(config, rows, paid && chargedFor(paid, relationOf(config)));
  const { mechanism } = plan;
  checkUnseen(config, data);
  const key = given ?? secretOf(insecureSeed);
  const { features } = data;
  let found: Uint32Array[] | undefined;
  const partitions = () => {
    const trained = data.train.subarray(0, rows * features);
    found ??= partitionRows(ownersOf(trained, features, config.partitions, seed), config.partitions);
    return found;
  };
  const tagKey = key.derive('tags');
  let tags: Uint32Array = new Uint32Array();
  let noise: NoiseSource | undefined;
  const samplers: (PoissonSampler | SubsetSampler)[] = [];
  const draws: DrawCounter[] = [];
  const discrete: MakeDiscrete = (options) => {
    const made = new DiscreteMechanism(gpu, key, options, noiseIndex);
    draws.push(made.draws);
    return made;
  };
  let ledger: Ledger | undefined;
  const spend = (from: number, to: number) => {
    if (!ledger) throw new VeilganError('VALIDATION', 'a private run has no ledger to pay from', { where: 'ledger' });
    // What was copied from another run's ledger comes first in the count.
    ledger.append(mechanism.charge(ledger.copied + from, ledger.copied + to));
  };
  const close = () => {
    noise?.dispose();
    for (const sampler of samplers) sampler.dispose();
    tags.fill(0);
    ledger?.close();
  };
  let gan: DpGan;
  try {
    tags = tagsOf(data, trains ? rows : 0, tagKey);
    noise = new NoiseSource(gpu, key, noiseIndex);
    draws.push(noise.draws);
    for (const [index, list] of (trains ? partitions() : []).entries()) {
      const sampler =
        config.bound === 'weights'
          ? new SubsetSampler(key, list, { size: config.batch, index })
          : new PoissonSampler(key, list, { q: mechanism.q, tags, index });
      samplers.push(sampler);
      draws.push(sampler.draws);
    }
    gan = new DpGan(gpu, config, data, seed, {
      ...{ mechanism, noise, discrete, tags, samplers, spend, witness, unclipped },
      get partitions() {
        return partitions();
      },
    });
  } catch (error) {
    close();
    throw error;
  } finally {
    tagKey.fill(0);
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
  const refuse = (message: string, fix: string) => new VeilganError('CONFIG', message, { where: 'data', fix });
  if (bound !== 'clip') return;
  if (data.scaling?.from === 'data') {
    throw refuse(
      `the columns of ${data.name} were scaled by their own smallest and largest values, which a single record may move`,
      'Import it again with bounds that are known without looking at the records',
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
