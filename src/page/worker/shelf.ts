/** What was opened: a CSV file or an example, and the data set that its chosen columns make. For the worker. */
import { VeilganError } from '../../base/errors.ts';
import type { ColumnSummary, TypeChoice } from '../../data/csv/infer.ts';
import { blobSource, type CsvSource } from '../../data/csv/stream.ts';
import { inspectCsv, readTable } from '../../data/csv/table.ts';
import {
  type Dataset,
  type DatasetMeta,
  type TableData,
  type Source as TrainingSource,
  withRows,
} from '../../data/dataset.ts';
import type { Given } from '../../data/encoding/schema.ts';
import { foreign } from '../../data/formats/foreign.ts';
import { floats } from '../../data/records.ts';
import { Split, shuffled } from '../../data/split.ts';
import { blobs } from '../../data/synthetic.ts';
import type { Kind } from '../../data/table.ts';
import { formatNumber } from '../../report/numbers.ts';
import { newRecords } from '../../run/training-data.ts';
import { classesOf } from '../../train/rows.ts';
import type { Choice, ColumnView, Opened, OpenedRecords, Plan, Ready, Source } from '../protocol.ts';
import { usualFor } from './config.ts';
import { digits, peopleCsv } from './examples.ts';
import { openImages } from './images.ts';
import { samplesOf, shownOf } from './shown.ts';

/** Cells that a table in memory may have: 400 MB. */
const MOST_CELLS = 50_000_000;
/** Values of encoded records: 256 MiB. */
const MOST_VALUES = 2 ** 26;
/** Rows below which nothing can be learnt. */
const LEAST_ROWS = 20;
/** The share of the rows that is kept back, and about the most that are. */
const HELD = { share: 0.2, most: 10_000 };
/** What decides which rows are kept back, and their order. */
const SPLIT_SEED = 1;

type Progress = (bytes: number, of: number) => void;

/** What was opened last. */
export class Shelf {
  #source?: CsvSource;
  #rows = 0;
  #columns: readonly ColumnSummary[] = [];
  #table?: TableData;
  /** the same with all rows to train on: the cells are shared */
  #whole?: TableData;
  /** images, or an example of points */
  #data?: Dataset;
  /** the records that were made last, and of what */
  #records?: { readonly of: TrainingSource; readonly made: Dataset };
  #reading = new AbortController();

  cancel(): void {
    this.#reading.abort();
    this.#reading = new AbortController();
  }

  /** @throws VeilganError for whatever is wrong with a file */
  async open(source: Source, onProgress: Progress): Promise<Opened> {
    this.#table = undefined;
    this.#whole = undefined;
    this.#data = undefined;
    this.#records = undefined;
    this.#source = undefined;
    if (source.from === 'example' && source.example !== 'people') {
      return this.#take(source.example === 'points' ? blobs({ rows: 5000, train: 4000, seed: 1 }) : digits());
    }
    const files = source.from === 'file' ? source.files : [new File([peopleCsv()], 'people.csv')];
    const images = await openImages(files);
    if (images) return this.#take(images);
    const file = await onlyCsv(files);
    const csv = breathing(blobSource(file, file.name));
    const { columns, rows, notes } = await inspectCsv(csv, { onProgress, signal: this.#reading.signal });
    this.#source = csv;
    this.#rows = rows;
    this.#columns = columns;
    return { kind: 'table', name: file.name, rows, columns: columns.map(viewOf), notes };
  }

  /** Records as they are. */
  #take(data: Dataset): OpenedRecords {
    const { name, rows, holdoutRows: holdout, shape, features } = data;
    this.#data = data;
    checkRows(rows);
    const kind = shape.length === 3 ? 'images' : 'points';
    const preview = samplesOf(data, floats(data.train.subarray(0, shownOf(data) * features)));
    return { kind, name, rows: rows + holdout, holdout, classes: classCount(data), preview };
  }

  /** One column as it looks when it is taken for something else. @throws VeilganError where it cannot be */
  async look(name: string, kind: Kind): Promise<ColumnView> {
    const { columns } = await inspectCsv(this.#source as CsvSource, { columns: [name], types: { [name]: kind } });
    return viewOf(columns[0]);
  }

  /** Reads the cells of the chosen columns, and keeps some rows back. @throws VeilganError */
  async choose({ columns, label }: Choice, onProgress: Progress): Promise<Ready> {
    if (!this.#source) {
      const data = this.#data as Dataset;
      const { rows, holdoutRows: holdout, features, shape } = data;
      const [classes, images] = [classCount(data), shape.length === 3];
      return {
        ...{ kind: images ? 'images' : 'points', rows, holdout, columns: features },
        ...(classes > 0 ? { classes } : {}),
        ...(images ? { even: (shape[0] % 2) + (shape[1] % 2) === 0 } : {}),
      };
    }
    this.#records = undefined;
    const types: Record<string, TypeChoice> = {};
    for (const { name, kind } of this.#columns) {
      const chosen = columns.find((column) => column.name === name)?.kind ?? 'leave';
      if (chosen !== kind) types[name] = chosen;
    }
    checkRows(this.#rows);
    const most = Math.min(
      this.#rows,
      Math.floor(MOST_CELLS / columns.length),
      Math.floor(MOST_VALUES / this.#width(columns)),
    );
    const rows = most < this.#rows ? { rows: `0:${most}` } : {};
    const { signal } = this.#reading;
    const kept = { holdoutShare: heldShare(most), holdoutSeed: SPLIT_SEED };
    const options = { types, label, ...rows, ...kept, onProgress, signal };
    this.#table = shuffled((await readTable(this.#source, options)).data, SPLIT_SEED);
    this.#whole = wholeOf(this.#table, new Split(rows).meta(this.#source.name));
    const { table, rows: train, holdoutRows: holdout } = this.#table;
    return {
      ...{ kind: 'table', rows: train, holdout, columns: columns.length },
      known: table.columns.map((column) => ('values' in column ? { ...column, values: [] } : column)),
      ...(most < this.#rows ? { of: this.#rows } : {}),
      usual: usualFor(train + holdout),
    };
  }

  /** Most values that a record of these columns may have. */
  #width(columns: Choice['columns'], given: Given = { columns: {} }): number {
    const known = new Map(Object.entries(given.columns));
    return columns.reduce((sum, { name, kind }) => {
      const found = this.#columns.find((column) => column.name === name);
      const values = known.get(name)?.values?.length ?? Math.min(64, found?.distinct ?? 64);
      return sum + (kind === 'category' || kind === 'boolean' ? values + 2 : 3);
    }, 0);
  }

  /**
   * What a training of a plan begins with.
   * @param plan.given bounds and values of columns, of private systems
   * @throws VeilganError OVER_LIMIT where lists of values make the records larger than a tab can hold
   */
  trained({ given, whole }: Pick<Plan, 'given' | 'whole'>): TrainingSource {
    const table = whole ? this.#whole : this.#table;
    if (!table || !given) return (table ?? this.#data) as TrainingSource;
    const values = (table.rows + table.holdoutRows) * this.#width(table.table.columns, given);
    if (values <= MOST_VALUES) return { ...table, given };
    throw new VeilganError('OVER_LIMIT', 'the lists of values are too long for so many rows', {
      fix: 'List fewer values, or leave those columns empty, which keeps their most frequent values only',
    });
  }

  /** The same as records, to measure time with. */
  records({ whole }: Pick<Plan, 'whole'>): Dataset {
    const of = this.trained({ whole });
    if (this.#records?.of !== of) this.#records = { of, made: newRecords(of, 0) };
    return this.#records.made;
  }
}

/** A table none of whose rows are kept back. @param read what is known of its rows then */
function wholeOf({ meta, ...data }: TableData, { origin, split }: Pick<DatasetMeta, 'origin' | 'split'>): TableData {
  const { split: _, ...others } = meta;
  const known = { ...others, origin: `${origin}, shuffled by seed ${SPLIT_SEED}`, ...(split ? { split } : {}) };
  return withRows({ ...data, meta: known }, data.values, data.rows + data.holdoutRows);
}

/**
 * The probability with which a row is kept back, by a hash of its own: halved as often as so many rows make it, so that a
 * row more or less does not move it, but at a power of two times the least.
 */
export function heldShare(rows: number): number {
  const halves = Math.max(0, Math.ceil(Math.log2((HELD.share * rows) / HELD.most)));
  return HELD.share / 2 ** halves;
}

/** @throws VeilganError DATA for so few that nothing can be learnt */
function checkRows(rows: number): void {
  if (rows >= LEAST_ROWS) return;
  throw new VeilganError('DATA', `there are ${rows} rows, from which nothing can be learnt`, {
    fix: `Take at least ${LEAST_ROWS} of them; some thousands are better`,
  });
}

/** Classes of the labels; 0 without. */
const classCount = ({ labels, classes }: Dataset): number => (labels ? classesOf(labels.train, classes) : 0);

/**
 * What was dropped as one CSV.
 * @throws VeilganError USAGE for several files; DATA for an empty one, or one that its first bytes tell to be no CSV
 */
async function onlyCsv(files: readonly File[]): Promise<File> {
  const [file, ...others] = files;
  if (others.length > 0) {
    throw new VeilganError('USAGE', `those are ${files.length} files, and one is needed`, {
      fix: 'Drop a single CSV file, or the images and labels of one data set (IDX)',
    });
  }
  if (file.size === 0) {
    throw new VeilganError('DATA', 'the file is empty: it has 0 bytes', {
      where: file.name,
      fix: 'Choose another one',
    });
  }
  const found = foreign(new Uint8Array(await file.slice(0, 8).arrayBuffer()));
  if (found)
    throw new VeilganError('DATA', `this is ${found.what}, not a CSV file`, { where: file.name, fix: found.fix });
  return file;
}

/** Milliseconds of reading between two looks at what else has been asked. */
const BREATH_MS = 50;

/** The same file, read so that messages get through: bytes that are there already leave no room for them. */
function breathing(source: CsvSource): CsvSource {
  return {
    ...source,
    async *bytes() {
      let due = performance.now() + BREATH_MS;
      for await (const chunk of source.bytes()) {
        yield chunk;
        if (performance.now() < due) continue;
        await new Promise((done) => setTimeout(done));
        due = performance.now() + BREATH_MS;
      }
    },
  };
}

/** Types that a column may be taken for, that which was found first. */
function kindsOf({ kind, distinct, decimals }: ColumnSummary): Kind[] {
  const number: Kind[] = decimals ? ['number', 'category'] : ['integer', 'number', 'category'];
  const found: Kind[] =
    kind === 'number' || kind === 'integer' ? number : kind === 'date' ? ['date', 'category'] : ['category'];
  const text: Kind[] =
    kind === 'category' || kind === 'boolean' || kind === 'leave' ? ['integer', 'number', 'date'] : [];
  return [...found, ...(distinct <= 2 ? ['boolean' as const] : []), ...text];
}

function viewOf(column: ColumnSummary): ColumnView {
  const { name, kind, distinct, more, missing, examples, min, max, decimals, note } = column;
  const range = min !== undefined && max !== undefined && Number.isFinite(min);
  const written = (value: number) => (decimals ? value.toFixed(decimals) : formatNumber(value));
  return {
    name,
    kind: kind === 'leave' ? 'category' : kind,
    kinds: kindsOf(column),
    distinct,
    atLeast: more,
    missing,
    examples: range ? [written(min), written(max)] : examples.slice(0, 3),
    range,
    leaveOut: kind === 'leave',
    ...(note ? { note } : {}),
  };
}
