/**
 * Which rows are trained on and which are held out, and their order: by where they stand, or by a keyed hash of each row
 * itself, so that no other row has a say in where it goes. Copies of a row are told apart by how many came before them, so
 * that one copy more or less moves none of the others. The key follows from a public seed: what is chosen is no secret, it
 * only must not depend on other rows. Browser-safe.
 */
import { VeilganError } from '../base/errors.ts';
import { sipHash } from '../privacy/partition.ts';
import { type Dataset, type DatasetMeta, pick, quote, type Source, type Values } from './dataset.ts';

/** What rows are hashed for; each use has hashes of its own. */
const USES = { holdout: 0x646c6f68, order: 0x6564726f, side: 0x65646973 } as const;

const TWO_32 = 4294967296;

/** Hashes rows one after the other. */
export class RowHash {
  readonly #key: Uint32Array;
  /** by the first 53 bits of the hash of a row: how many equal ones there were */
  readonly #seen = new Map<number, number>();

  /** @param seed public, 0 to 2^53 - 1 */
  constructor(seed: number, use: keyof typeof USES) {
    this.#key = Uint32Array.of(seed >>> 0, Math.floor(seed / TWO_32), USES[use], 0x6c696576);
  }

  /** A number of [0, 1), uniform up to 2^-53, of a row and of how many equal ones came before it. */
  next(row: Uint8Array): number {
    const [low, high] = sipHash(this.#key, row);
    const known = (high >>> 11) * TWO_32 + low;
    const before = this.#seen.get(known) ?? 0;
    this.#seen.set(known, before + 1);
    const [a, b] = sipHash(this.#key, new Uint8Array(Uint32Array.of(low, high, before).buffer));
    return ((b >>> 11) * TWO_32 + a) / 2 ** 53;
  }
}

const encoder = new TextEncoder();

/** Cells as bytes, unlike for unlike rows: each with its length before it. */
const bytesOfCells = (cells: readonly string[]): Uint8Array =>
  encoder.encode(cells.map((cell) => `${cell.length}:${cell}`).join(''));

/** Rows start .. end - 1, counted from 0; an open end is Infinity. */
interface Range {
  readonly start: number;
  readonly end: number;
}

const OPEN = Number.POSITIVE_INFINITY;

/** `5000:10000`, `5000:` or `:5000`. @throws VeilganError USAGE when the text is no range or holds no row */
function parseRange(text: string, field: string): Range {
  const match = /^\s*(\d*)\s*:\s*(\d*)\s*$/.exec(text);
  const start = match?.[1] ? Number(match[1]) : 0;
  const end = match?.[2] ? Number(match[2]) : OPEN;
  const safe = Number.isSafeInteger(start) && (end === OPEN || Number.isSafeInteger(end));
  if (match && safe && start < end) return { start, end };
  throw new VeilganError('USAGE', `${quote(text)} ${match && safe ? 'holds no row' : 'is not a range of rows'}`, {
    where: field,
    fix: 'Write start:end, rows counted from 0 without the header, end excluded, for example 0:5000.',
  });
}

const show = ({ start, end }: Range): string => `${start}:${end === OPEN ? '' : end}`;

const holds = (range: Range | undefined, row: number): boolean =>
  range !== undefined && row >= range.start && row < range.end;

export interface SplitOptions {
  /** Training rows `a:b`, from 0, end excluded; default: every row outside `holdout`. */
  readonly rows?: string;
  /** Hold-out rows `c:d`; default none. */
  readonly holdout?: string;
  /**
   * The probability with which each training row is held out instead, by a keyed hash of its cells; not with `holdout`.
   * Which rows are, and how many, does not depend on what other rows hold.
   */
  readonly holdoutShare?: number;
  /** Of that hash, a public number; default 1. */
  readonly holdoutSeed?: number;
}

/** The sides of the rows of a source that is read, once or twice. */
export class Split {
  /** how the training rows are chosen, where not all are: by where they stand, or by what each of them is */
  readonly kind: 'positions' | 'hash' | undefined;
  /** rows from this one on are on neither side */
  readonly end: number;
  readonly #options: SplitOptions;
  readonly #rows: Range | undefined;
  readonly #holdout: Range | undefined;
  readonly #hash: RowHash | undefined;
  /** of rows that a hash decides on: whether each is held out */
  readonly #held: boolean[] = [];

  /** @throws VeilganError USAGE for what is no range or no share, and where a row would be on both sides */
  constructor(options: SplitOptions) {
    const { rows, holdout, holdoutShare: share, holdoutSeed = 1 } = options;
    const held = holdout === undefined ? undefined : parseRange(holdout, 'holdout');
    const all = { start: 0, end: OPEN };
    const taken = rows === undefined ? undefined : parseRange(rows, 'rows');
    if (taken && held && taken.end > held.start && held.end > taken.start) {
      throw new VeilganError('USAGE', `the ranges ${show(taken)} and ${show(held)} overlap`, {
        where: 'holdout',
        fix: 'Keep training and hold-out rows apart, for example `rows: 0:5000` and `holdout: 5000:10000`.',
      });
    }
    if (share !== undefined && !(share > 0 && share < 1)) {
      throw new VeilganError('USAGE', `${share} is no share of the rows`, {
        where: 'holdoutShare',
        fix: 'Give a number between 0 and 1, for example 0.2.',
      });
    }
    if (share !== undefined && held) {
      throw new VeilganError('USAGE', 'rows to hold out are given twice', {
        where: 'holdoutShare',
        fix: 'Give it or `holdout`.',
      });
    }
    this.#options = options;
    this.#rows = taken ?? (held ? undefined : all);
    this.#holdout = held;
    this.#hash = share === undefined ? undefined : new RowHash(holdoutSeed, 'holdout');
    this.kind = taken || held ? 'positions' : this.#hash && 'hash';
    this.end = this.#rows ? Math.max(this.#rows.end, held?.end ?? 0) : OPEN;
  }

  /** The side of a row; undefined: neither. @param cells that a hash decides by */
  sideOf(row: number, cells: readonly string[] = []): 'train' | 'holdout' | undefined {
    const inHoldout = holds(this.#holdout, row);
    if (!inHoldout && this.#rows && !holds(this.#rows, row)) return undefined;
    if (this.#hash) this.#held[row] ??= this.#hash.next(bytesOfCells(cells)) < (this.#options.holdoutShare ?? 0);
    return this.#held[row] || inHoldout ? 'holdout' : 'train';
  }

  /**
   * @param count of all rows, those on neither side too
   * @param there how many there are, in words: `the file has 12 rows`
   * @throws VeilganError DATA for a range past the end, or no row to train on; USAGE for a share that leaves a side empty
   */
  check(
    count: number,
    there: string,
    sizes: { readonly train: number; readonly holdout: number },
    where: string,
  ): void {
    for (const [field, range] of [
      ['rows', this.#rows],
      ['holdout', this.#holdout],
    ] as const) {
      if (!range || (range.end === OPEN ? range.start < count : range.end <= count)) continue;
      throw new VeilganError('DATA', `\`${field}: ${show(range)}\` goes past the end: ${there}`, {
        where,
        fix: `Choose rows within 0:${count}.`,
      });
    }
    const { holdoutShare } = this.#options;
    if (holdoutShare !== undefined && (sizes.train === 0 || sizes.holdout === 0)) {
      const all = (sizes.train + sizes.holdout).toLocaleString('en-US');
      const none = sizes.train === 0 ? 'all of' : 'none of';
      throw new VeilganError('USAGE', `a share of ${holdoutShare} holds out ${none} ${all} rows`, {
        where: 'holdoutShare',
        fix: 'Give a share between 0 and 1 that leaves rows on both sides, or another `holdoutSeed`.',
      });
    }
    if (sizes.train > 0) return;
    throw new VeilganError('DATA', 'no training rows are left', {
      where,
      fix: 'Make `holdout` smaller or give `rows`.',
    });
  }

  /** What is known of a source and the rows taken from it. @param source for people */
  meta(source: string): Pick<DatasetMeta, 'origin' | 'split'> {
    const { rows, holdout, holdoutShare, holdoutSeed } = this.#options;
    const seed = holdoutSeed === undefined ? '' : ` (seed ${holdoutSeed})`;
    const share = holdoutShare === undefined ? '' : `each held out with probability ${holdoutShare} by a hash${seed}`;
    const origin = [source, rows && `rows ${rows}`, holdout && `holdout ${holdout}`, share].filter(Boolean).join(', ');
    return { origin, ...(this.kind ? { split: this.kind } : {}) };
  }
}

/** The part of all rows taken that two ranges hold out; undefined where an end is open, and so left to the file. */
export function shareOf(rows: string | undefined, holdout: string | undefined): number | undefined {
  if (rows === undefined || holdout === undefined) return undefined;
  const size = ({ start, end }: Range) => end - start;
  const [train, held] = [size(parseRange(rows, 'rows')), size(parseRange(holdout, 'holdout'))];
  return Number.isFinite(train + held) ? held / (train + held) : undefined;
}

/** What a row holds, as bytes: cells as what they say, not as they are stored, else the values and the label. */
function bytesOf({ values, features, labels, table }: Dataset<Values>, row: number): Uint8Array {
  const record = values.subarray(row * features, (row + 1) * features);
  if (table) {
    const cells = Array.from(record as Float64Array, (cell, j) => {
      const column = table.columns[j];
      return Number.isNaN(cell) ? '' : 'values' in column ? `=${column.values[cell]}` : String(cell);
    });
    return bytesOfCells(cells);
  }
  const bytes = new Uint8Array(record.byteLength + (labels ? 4 : 0));
  bytes.set(new Uint8Array(record.buffer, record.byteOffset, record.byteLength));
  if (labels) new DataView(bytes.buffer).setUint32(record.byteLength, labels.values[row], true);
  return bytes;
}

/** A part as a number that a few rows more or less do not change. */
function steady(part: number): number {
  const whole = Math.round(1 / part);
  return whole >= 2 && Math.abs(1 / part - whole) < 0.05 ? 1 / whole : part;
}

/**
 * The same rows in another order, by a keyed hash of each: a file may be sorted, or its parts may differ in kind, which
 * attacks would take for a leak. A row's place among the others follows from what it holds and how many equal ones there
 * are before it, so that one row more or less moves none of the others past each other.
 *
 * Which side of the split a row is on: where sides were chosen by a hash already, or nothing is held out, it stays where it
 * is. Where they were chosen by position, each row is held out with a probability, by a hash of its own: sizes vary. That
 * probability is what the caller says (two ranges that were given say it), which no row moves; without it the part that
 * was held out, as one over a whole number where that is near: then it follows from the number of rows, and the split
 * still counts as one by position, which is right only where that number is public and stays.
 * @param seed of the order, public
 * @param options.share the probability with which a row is held out, where sides are mixed
 * @throws VeilganError USAGE where one side would be empty
 */
export function shuffled<D extends Source>(data: D, seed: number, { share }: { readonly share?: number } = {}): D {
  const { rows, holdoutRows, meta } = data;
  const [place, side] = [new RowHash(seed, 'order'), new RowHash(seed, 'side')];
  const mixed = holdoutRows > 0 && meta.split !== 'hash';
  const part = share ?? steady(holdoutRows / (rows + holdoutRows));
  const all = Array.from({ length: rows + holdoutRows }, (_, row) => {
    const bytes = bytesOf(data, row);
    return { row, at: place.next(bytes), held: mixed ? side.next(bytes) < part : row >= rows };
  });
  const sorted = all.sort((a, b) => a.at - b.at || a.row - b.row);
  const of = (held: boolean) => sorted.filter((each) => each.held === held).map(({ row }) => row);
  const [train, holdout] = [of(false), of(true)];
  if (train.length === 0 || (mixed && holdout.length === 0)) {
    throw new VeilganError('USAGE', `a seed of ${seed} puts all ${rows + holdoutRows} rows on one side`, {
      where: 'shuffle',
      fix: 'Give another seed, or more rows',
    });
  }
  const origin = `${meta.origin}, shuffled by seed ${seed}`;
  const split = mixed && share !== undefined ? { split: 'hash' as const } : {};
  return { ...pick(data, train, holdout), meta: { ...meta, origin, ...split } };
}
