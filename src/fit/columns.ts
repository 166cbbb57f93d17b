/** The first look at the columns: a noisy table of each, as fine as its values are. Browser-safe. */

import { present } from '../data/encoding/encoding.ts';
import { gaussianLaw, histogram } from '../data/encoding/histogram.ts';
import { gridOf } from '../data/encoding/knots.ts';
import { countsOf, paidCategory, paidNumber } from '../data/encoding/private.ts';
import { givenCodes, notGiven, typedColumns } from '../data/encoding/schema.ts';
import type { CategoryColumn, Column, ColumnCode, Encoding, Given, Table } from '../data/table.ts';
import type { Fine } from './places.ts';

/** A table of one column that will be paid for. */
export interface Release {
  /** index of the column */
  readonly column: number;
  /** what the ledger and reports call it */
  readonly what: string;
  /** whether it names values of a category, which costs delta */
  readonly names: boolean;
}

/** Most bins of a number whose bounds are given. */
const BINS = 1024;
/** Most values of a category that is paid for, and most knots of a number that is. */
const [LEVELS, KNOTS] = [1024, 66];

/** The tables of single columns, in the order in which they are drawn; by public facts alone. */
export function releasesOf(columns: readonly Column[], given?: Given): Release[] {
  const open = new Set(notGiven(columns, given).map(({ name }) => name));
  return columns.flatMap(({ name, ...column }, at): Release[] => {
    const release = { column: at, what: name, names: false };
    if (!open.has(name)) return [release];
    if ('values' in column) return [{ ...release, what: `values of ${name}`, names: true }];
    return [{ ...release, what: `range of ${name}` }, release];
  });
}

export interface LookOptions {
  /** bounds and values that are known without the data */
  readonly given: unknown;
  /** makes counts noisy and is told each list once, in the order of `releasesOf` */
  readonly noisy: (counts: ArrayLike<number>) => Float64Array;
  /** of that noise */
  readonly sigma: number;
  /** of delta, what the values of one category may be named by */
  readonly naming: number;
}

/** Ends of bins of whole steps from low to high: one step each, or so many that there are 1,024. */
function stepsBetween(low: number, high: number): number[] {
  const count = high - low + 1;
  const bins = Math.min(count, BINS);
  return Array.from({ length: bins + 1 }, (_, i) => low + Math.round((i * count) / bins));
}

/**
 * A noisy table of each column, and the encoding that records get.
 * @param table the training rows are its cells
 * @throws VeilganError CONFIG for a bad `given`, and where a column has nothing that is frequent enough to be named
 */
export function lookAtColumns(
  table: Pick<Table, 'columns' | 'train' | 'label'>,
  { given, noisy, sigma, naming }: LookOptions,
): { encoding: Encoding; looks: Fine[] } {
  const { columns, train, label } = table;
  const known = given === undefined ? new Map<string, ColumnCode>() : givenCodes(columns, given, 'bounds');
  const typed = typedColumns(columns, given);
  const law = gaussianLaw(sigma, noisy);
  const looks: Fine[] = [];
  const codes = typed.map((column, j): ColumnCode => {
    const cells = present(train, columns.length, j);
    const code = known.get(column.name);
    if (!code) {
      const paid =
        'values' in column
          ? paidCategory(column, cells, { law, delta: naming, levels: LEVELS, where: 'epsilon' })
          : paidNumber(column, cells, { law, knots: KNOTS, where: 'epsilon' });
      const gone = paid.code.missing ? [paid.missing] : [];
      looks.push({
        code: paid.code,
        ...('at' in paid.code ? {} : { spread: true }),
        ...(paid.edges ? { edges: paid.edges } : {}),
        noisy: [...paid.noisy, ...gone],
        sigma,
      });
      return paid.code;
    }
    const gone = code.missing ? [cells.missing] : [];
    if (!('at' in code)) {
      // Codes are of the columns' own kinds.
      const counts = countsOf(column as CategoryColumn, cells, code);
      looks.push({ code, noisy: Array.from(noisy([...counts, ...gone])), sigma });
      return code;
    }
    const { per, period } = gridOf(code);
    const toStep = (value: number) => Math.round((value * per) / period);
    const edges = stepsBetween(toStep(code.values[0]), toStep(code.values[code.values.length - 1]));
    const counts = histogram(edges, cells.there.map(toStep));
    looks.push({ code, edges, noisy: Array.from(noisy([...counts, ...gone])), sigma });
    return code;
  });
  const paid = known.size < columns.length;
  const delta = typed.filter((column) => 'values' in column && !known.has(column.name)).length * naming;
  return {
    encoding: {
      columns: codes,
      ...(paid ? { from: 'paid' as const, paid: { epsilon: 0, delta } } : { from: 'given' as const }),
      ...(label === undefined ? {} : { label }),
    },
    looks,
  };
}
