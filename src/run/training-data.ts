/** What a run is trained on: records as they are, or a table, whose encoding is made when a training begins. */
import { VeilganError } from '../base/errors.ts';
import { type Dataset, isTable, type Source } from '../data/dataset.ts';
import { encodeTable } from '../data/encoding/encode.ts';
import { fitEncoding } from '../data/encoding/encoding.ts';
import { paidEncoding } from '../data/encoding/private.ts';
import { notGiven, openOf } from '../data/encoding/schema.ts';
import type { Encoding, Open } from '../data/table.ts';
import { budgetOf, type PrivateConfig, priceOfColumns } from '../gan/private/config.ts';
import type { Witness } from '../gan/private/witness.ts';
import { type Cost, encodingCost, FREE } from '../privacy/budget.ts';
import type { PrivacyKey } from '../privacy/key.ts';
import { trainingRows } from '../train/rows.ts';

/**
 * What a private run pays before its first update for the encoding of what it is trained on; nothing but for tables.
 * @throws VeilganError CONFIG where the columns of what is no table are to be counted
 */
export function priceOf(source: Source, config: PrivateConfig): Cost {
  if (isTable(source)) {
    return config.bound === 'clip' ? priceOfColumns(config, notGiven(source.table.columns, source.given)) : FREE;
  }
  if (config.start === 'random') return FREE;
  throw new VeilganError('CONFIG', `${source.name} is no table of columns that could be counted`, {
    where: 'start',
    fix: 'Leave `start` away, or import the CSV `as: table`',
  });
}

/**
 * The records of a new training. The encoding of a table is fitted to the training rows, or where the run is private
 * what the owner gave of bounds and values, the rest paid for: `priceOf`, which the ledger must have counted before.
 * @param dp of a private run: its config, and the secret of its start
 * @throws VeilganError CONFIG where the price does not pay for a column, or bounds that were given do not fit; as
 *   `encodeTable`
 */
export function newRecords(
  source: Source,
  rows: number,
  dp?: { readonly config: PrivateConfig; readonly key: PrivacyKey; readonly witness?: Witness },
): Dataset {
  if (!isTable(source)) return source;
  const { table, train, features } = source;
  const taken = { ...table, train: train.subarray(0, features * trainingRows(source, { rows })) };
  // Without a guarantee there is nothing to pay for.
  if (dp?.config.bound !== 'clip') return encodeTable(table, fitEncoding(taken), source);
  const { config, key, witness } = dp;
  const encoding = paidEncoding(taken, {
    ...encodingCost(budgetOf(config)),
    key,
    given: source.given,
    counts: config.start === 'marginals',
    ...(witness ? { witness: (counts) => witness.count(counts) } : {}),
  });
  return encodeTable(table, { ...encoding, open: openOf(source) }, source);
}

/**
 * The records of a run that is there.
 * @param encoding that it began with
 * @throws VeilganError DATA where the table is not the one it was made for, or there is none
 */
export function records(source: Source, encoding: Encoding | undefined): Dataset {
  if (!isTable(source)) return source;
  return encodeTable(source.table, encoding ?? fitEncoding(source.table), source);
}

/** What run.json says of a data set, or of the table that records are made of. */
export function describe(source: Source) {
  const { name, rows, holdoutRows: holdout, columns, meta } = source;
  const { origin, sha256, seed, split } = meta;
  return {
    ...{ name, rows, holdout, columns, origin, sha256 },
    ...(seed === undefined ? {} : { seed }),
    ...(split ? { split } : {}),
    // What a table's rows decided stands in its encoding.
    ...(isTable(source) ? {} : { open: meta.open ?? unnamed(source) }),
  };
}

/** Of labelled data whose classes nobody named, that their number comes from the labels. */
const unnamed = ({ labels, classes, meta }: Dataset): Open[] =>
  labels && !classes && meta.seed === undefined ? [{ what: 'classes' }] : [];
