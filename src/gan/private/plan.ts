/** A private run as it is planned: what its updates are made of, what it will pay, and its ledger. Browser-safe. */

import { VeilganError } from '../../base/errors.ts';
import type { Phase } from '../../privacy/accountant/phases.ts';
import { type Cost, FREE, noiseFor, stepsFor } from '../../privacy/budget.ts';
import {
  createLedger,
  type Ledger,
  type LedgerFile,
  type LedgerTerms,
  openLedger,
  readLedger,
} from '../../privacy/ledger/ledger.ts';
import { Mechanism } from '../../privacy/mechanism.ts';
import { restoreCount } from '../../train/player.ts';
import { divergences } from '../divergences.ts';
import { networks } from '../networks/index.ts';
import { budgetOf, checkPrivate, type PrivateConfig, physicalRows, relationOf, samplingRate } from './config.ts';
import { type Copied, checkCopied, checkTogether, copiedSpends, copiedTerms } from './copied.ts';
import { updatesBehind } from './schedule.ts';

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
 * The config with the least noise with which all of its noisy updates fit its budget. A search that may take seconds.
 * @param rows that are trained on @param paid what the encoding of a table is charged
 * @param spent what was released before, under the same budget
 * @throws VeilganError CONFIG as `noiseFor`
 */
export function withNoise(
  config: PrivateConfig,
  rows: number,
  paid: Cost = FREE,
  spent: readonly Phase[] = [],
): PrivateConfig {
  const needed = { q: samplingRate(config, rows), updates: updatesBehind(config, config.steps) };
  return { ...config, noiseMultiplier: noiseFor(needed, budgetOf(config), paid, spent).sigma };
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
  /** of another run that this one goes on from, what it released */
  readonly copied: Copied | undefined;
  /** noisy updates that the budget pays for, on top of those of before */
  readonly limit: (spent: readonly Phase[]) => number;

  /**
   * @param rows of the data set that are trained on, whose number is public unless the config names another
   * @param copied what another run released of them, counted as spent before the first update
   * @throws VeilganError CONFIG naming a combination that breaks the guarantee
   */
  constructor(config: PrivateConfig, rows: number, price: Cost = FREE, copied?: Copied) {
    checkPrivate(config);
    if (copied) checkCopied(config, copied);
    this.config = config;
    this.price = price;
    this.copied = copied;
    this.mechanism = mechanismOf(config, rows);
    this.limit = (spent) => {
      const { q, multiplier } = this.mechanism;
      return stepsFor({ q, sigma: multiplier }, budgetOf(config), { paid: price, spent });
    };
  }

  /** The first line of the ledger. */
  get terms(): LedgerTerms {
    const { epsilon, delta } = this.price;
    return {
      ...this.mechanism.terms,
      ...(epsilon ? { encoding_epsilon: epsilon, encoding_delta: delta } : {}),
      ...(this.copied ? copiedTerms(this.copied) : {}),
    };
  }

  /**
   * The ledger of a new run, begun and synced: it counts the price of the encoding, and what was copied, from now on.
   * @throws VeilganError CONFIG where the budget does not pay for one update, FILE
   */
  begin(file: LedgerFile): { ledger: Ledger; limit: number } {
    const { copied } = this;
    const limit = this.limit(copied?.phases ?? []);
    if (limit >= 1) {
      const ledger = createLedger(file, this.terms);
      try {
        if (copied) ledger.append(...copiedSpends(copied));
      } catch (error) {
        ledger.close();
        throw error;
      }
      return { ledger, limit };
    }
    const { epsilon } = this.config;
    throw new VeilganError('CONFIG', `epsilon ${epsilon} does not pay for one update of this configuration`, {
      where: 'epsilon',
      fix: 'Raise `noiseMultiplier`, lower `batch`, or allow a larger `epsilon`',
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
    if (drewByPlace(this.config, before)) {
      const fix = 'Start a new run; of this one nothing more should be released';
      throw new VeilganError('CONFIG', BY_PLACE, { where: file.path, fix });
    }
    // There are words that ledgers of before did not have, and words of what was copied, which the ledger alone has.
    const { released = 0, released_by: by } = before;
    const own = released ? { ...this.terms, released, released_by: by } : this.terms;
    if (released) checkTogether(this.config);
    return openLedger(file, { terms: old ? pick(own, before) : own, head, updates: Number(released) + updates, warn });
  }
}

/** Of the terms those that a ledger names. */
const pick = (terms: LedgerTerms, named: LedgerTerms): LedgerTerms =>
  Object.fromEntries(Object.entries(terms).filter(([name]) => Object.hasOwn(named, name))) as LedgerTerms;

/** Why a run of before promises nothing. */
export const BY_PLACE =
  'dropout or gradient penalties drew by the place of a record in its batch, as earlier versions did, so that its updates protect less than its ledger says';

/**
 * Whether a run's updates drew dropout or mixing points by the place of a record in its batch, as earlier versions did: a
 * record fewer then moves more than its own gradient, and epsilon does not hold.
 * @param terms of its ledger
 */
export const drewByPlace = (config: Partial<PrivateConfig>, terms: LedgerTerms): boolean => {
  const { bound, divergence = 'js', network = 'mlp', dropout = 0 } = config;
  const penalised = divergences[divergence].penalty !== undefined;
  return terms.draws === undefined && bound === 'clip' && (penalised || (networks[network].dropout && dropout > 0));
};
