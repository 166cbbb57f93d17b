/** What makes a run private: who is in which partition, keys, the ledger's terms, and what has been spent. */
import type { Dataset } from '../data/dataset.ts';
import type { Records } from '../data/records.ts';
import type { Encoding } from '../data/table.ts';
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
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import { chargedFor, stepsFor } from '../privacy/budget.ts';
import { DiscreteMechanism } from '../privacy/discrete.ts';
import { PrivacyKey } from '../privacy/key.ts';
import { NoiseSource } from '../privacy/noise.ts';
import { partitionOf, partitionRows } from '../privacy/partition.ts';
import { PoissonSampler, SubsetSampler } from '../privacy/sampling.ts';
import { createLedger, type Ledger, type LedgerFile, type LedgerTerms, openLedger, readLedger } from './ledger.ts';

export const isPrivate = (system: string): boolean => system === 'dpgan' || system === 'dp-pargan';

/** @throws VeilganError CONFIG naming a field, or a combination that breaks the guarantee */
export const parsePrivate = (fields: Readonly<Record<string, unknown>>): PrivateConfig =>
  checkPrivate(parseConfig(privateConfig, fields) as PrivateConfig);

/** What an encoding of a table cost, beside the noisy updates. */
type Price = NonNullable<Encoding['paid']>;

/** The ledger's first line: what the spending is measured by, and what was spent before it began. */
export function ledgerTerms(config: PrivateConfig, rows: number, paid?: Price): LedgerTerms {
  const q = samplingRate(config, rows);
  const relation = relationOf(config);
  const charged = paid && chargedFor(paid, relation);
  return {
    mechanism: config.mechanism,
    sampler: config.bound === 'weights' ? 'without-replacement' : q < 1 ? 'poisson' : 'full',
    relation,
    bound: config.clipNorm,
    divisor: config.batch,
    partitions: config.partitions,
    clipping: config.bound === 'clip' ? config.clipping : 'none',
    population: config.population || rows,
    physical: physicalRows(config),
    ...(charged ? { encoding_epsilon: charged.epsilon, encoding_delta: charged.delta } : {}),
  };
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

/** A private system with fresh keys, and its ledger once there is a run. */
export interface PrivateRun {
  readonly gan: DpGan;
  /** a new ledger. @throws VeilganError FILE, or CONFIG where the budget does not pay for one step */
  begin(file: LedgerFile): Guarantee;
  /** the ledger of a run that goes on or is looked at. @throws VeilganError FILE */
  resume(file: LedgerFile, how: Reopened): Guarantee;
  close(): void;
}

/**
 * @param insecureSeed makes noise and samples follow from a seed: for tests, without any guarantee
 * @throws VeilganError CONFIG where config and data do not fit
 */
export function privateRun(
  gpu: Gpu,
  config: PrivateConfig,
  data: Dataset,
  seed: number,
  insecureSeed?: number,
): PrivateRun {
  if (config.bound === 'clip' && data.scaling?.from === 'data') {
    throw new VeilganError(
      'CONFIG',
      `the columns of ${data.name} were scaled by their own smallest and largest values, which a single record may move`,
      {
        where: '--data',
        fix: 'Import it again with --scale LOW:HIGH, bounds that are known without looking at the records',
      },
    );
  }
  const { paid, from } = data.encoding ?? {};
  if (config.bound === 'clip' && from === 'data') {
    throw new VeilganError(
      'CONFIG',
      `the encoding of ${data.name} was fitted to its rows, which a single record may move`,
      {
        where: '--data',
        fix: 'Give the table itself, whose encoding is paid for, or bounds and values known without the data',
      },
    );
  }
  const rows = trainingRows(data, config);
  const q = samplingRate(config, rows);
  const sigma = config.noiseMultiplier;
  const key = insecureSeed === undefined ? PrivacyKey.fresh() : PrivacyKey.insecure(insecureSeed);
  const { features } = data;
  const trained = data.train.subarray(0, rows * features);
  const partitions = partitionRows(ownersOf(trained, features, config.partitions, seed), config.partitions);
  const noise = new NoiseSource(gpu, key);
  const samplers = partitions.map((list, index) =>
    config.bound === 'weights'
      ? new SubsetSampler(key, list, { size: config.batch, index })
      : new PoissonSampler(key, list, { q, index }),
  );
  const draws = [noise.draws, ...samplers.map((sampler) => sampler.draws)];
  const discrete: MakeDiscrete = (options) => {
    const made = new DiscreteMechanism(gpu, key, options);
    draws.push(made.draws);
    return made;
  };
  let ledger: Ledger | undefined;
  const spend = (from: number, to: number) => {
    if (!ledger) throw new VeilganError('VALIDATION', 'a private run has no ledger to pay from', { where: 'ledger' });
    ledger.append({ from, to, q, sigma });
  };
  const gan = new DpGan(gpu, config, data, seed, { noise, discrete, partitions, samplers, spend });
  key.wipe();
  const close = () => {
    noise.dispose();
    for (const sampler of samplers) sampler.dispose();
    ledger?.close();
  };
  /** A search by the accountant, which may take seconds. */
  const limitOf = (spent: readonly Phase[]): number => {
    const charged = paid && chargedFor(paid, relationOf(config));
    gan.limit = gan.updates + stepsFor({ q, sigma }, budgetOf(config), { paid: charged, spent });
    return gan.limit;
  };
  /** A batch that was drawn for an update which is still to come will be drawn again. */
  const positions = () =>
    draws.map(
      (counter) => counter.position - (gan.drawn && samplers.some((sampler) => sampler.draws === counter) ? 1 : 0),
    );
  const guaranteeOf = (book: Ledger, limit: number): Guarantee => ({
    ledger: book,
    limit,
    config,
    insecure: insecureSeed !== undefined,
    meta: () => ({
      ledger_line: String(book.head.line),
      ledger_hash: book.head.hash,
      ...(insecureSeed === undefined ? {} : { draws: positions().join(' ') }),
    }),
    close,
  });
  return {
    gan,
    close,
    begin: (file) => {
      const limit = limitOf([]);
      if (limit >= 1) {
        ledger = createLedger(file, ledgerTerms(config, rows, paid));
        return guaranteeOf(ledger, limit);
      }
      throw new VeilganError('CONFIG', `epsilon ${config.epsilon} does not pay for one update of this configuration`, {
        where: '--epsilon',
        fix: 'Raise --noise-multiplier, lower --batch, or allow a larger --epsilon',
      });
    },
    resume: (file, { meta, write, warn = () => {} }) => {
      if (!write) return guaranteeOf(readLedger(file, { warn: () => {} }), Number.POSITIVE_INFINITY);
      const head = { line: restoreCount(meta, 'ledger_line'), hash: meta.ledger_hash ?? '' };
      ledger = openLedger(file, { terms: ledgerTerms(config, rows, paid), head, updates: gan.updates, warn });
      if (insecureSeed !== undefined) {
        const positions = (meta.draws ?? '').split(' ').map(Number);
        draws.forEach((counter, i) => {
          counter.position = positions[i];
        });
      }
      return guaranteeOf(ledger, limitOf(ledger.totals()));
    },
  };
}
