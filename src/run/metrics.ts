/** metrics.jsonl: one JSON object a line, `step` never falling. Appended while training, cut back on resume. */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { VeilganError } from '../base/errors.ts';
import { fileError, readBytes } from '../base/files.ts';
import { checkSteps, isStep, type MetricRow } from './run.ts';

/** A line longer than this is no row of ours. */
const MAX_LINE = 1 << 20;
const NEWLINE = 10;

interface Line {
  /** Counted from 1. */
  number: number;
  /** Byte where the line starts. */
  start: number;
  text: string;
  /** False for a last line that lacks its newline: a write that was cut short. */
  complete: boolean;
}

/** Appends rows to a file that stays open; a row reaches the file whole. */
export class MetricsWriter {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws DATA for a row without a whole step >= 0, FILE when the disk refuses. */
  append(rows: readonly MetricRow[]): void {
    if (rows.length === 0) return;
    checkSteps(rows, this.#path);
    try {
      this.#file ??= openSync(this.#path, 'a');
      writeFileSync(this.#file, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
    } catch (cause) {
      throw fileError(cause, this.#path, 'write');
    }
  }

  /** Returns when everything appended so far would survive a power cut. */
  sync(): void {
    if (this.#file !== undefined) fsyncSync(this.#file);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/**
 * All rows of a file. Throws FILE naming file and line for a damaged row. A last line that was cut short throws as
 * well, unless `warn` is given: then it is left out and `warn` is told.
 */
export function readMetrics(path: string, options: { warn?: (message: string) => void } = {}): MetricRow[] {
  const rows: MetricRow[] = [];
  for (const line of lines(path)) {
    if (!line.complete && options.warn) {
      options.warn(`${path}, line ${line.number}: the line is cut short and was left out`);
      break;
    }
    rows.push(parseRow(line, path, rows.at(-1)?.step ?? 0));
  }
  return rows;
}

/**
 * Cuts off every row after `step`, and a line that a crash cut short, so that a resumed run writes the file that an
 * uninterrupted one would have written. Returns the number of rows kept. Throws FILE for a damaged row before that.
 */
export function truncateMetrics(path: string, step: number): number {
  let kept = 0;
  let last = 0;
  let cut: number | undefined;
  for (const line of lines(path)) {
    // Rows up to a checkpoint are synced before it is written, so an unfinished line belongs to a later step.
    const row = line.complete ? parseRow(line, path, last) : undefined;
    if (row === undefined || row.step > step) {
      cut = line.start;
      break;
    }
    last = row.step;
    kept += 1;
  }
  if (cut === undefined) return kept;
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, cut);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return kept;
}

const damaged = (message: string, path: string, line: number): VeilganError =>
  new VeilganError('FILE', message, {
    where: `${path}, line ${line}`,
    fix: 'Restore the file from a copy, or delete it: only the loss curves depend on it',
  });

function parseRow(line: Line, path: string, previous: number): MetricRow {
  const bad = (message: string) => damaged(message, path, line.number);
  if (!line.complete) throw bad('the line is cut short');
  let row: unknown;
  try {
    row = JSON.parse(line.text);
  } catch {
    throw bad(`not a JSON object: ${JSON.stringify(line.text.slice(0, 40))}`);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw bad('not a JSON object');
  const out: Record<string, number | number[]> = {};
  for (const [name, value] of Object.entries(row)) {
    const parsed = Array.isArray(value) ? value.map(toNumber) : toNumber(value);
    if (parsed === undefined || (Array.isArray(parsed) && parsed.includes(undefined))) {
      throw bad(`${name} is not a number, null, or a list of them`);
    }
    out[name] = parsed as number | number[];
  }
  if (!isStep(out.step)) throw bad('step is not a whole number >= 0');
  if (out.step < previous) throw bad(`step ${out.step} follows step ${previous}`);
  return out as MetricRow;
}

function toNumber(value: unknown): number | undefined {
  return value === null ? Number.NaN : typeof value === 'number' ? value : undefined;
}

/** The lines of a file with the bytes at which they start; a file that is not there has none. */
function* lines(path: string): Generator<Line> {
  if (!existsSync(path)) return;
  const bytes = readBytes(path);
  for (let [start, number] = [0, 1]; start < bytes.length; number++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    if (end - start > MAX_LINE) throw damaged(`the line is longer than ${MAX_LINE} bytes`, path, number);
    yield { number, start, text: new TextDecoder().decode(bytes.subarray(start, end)), complete: newline >= 0 };
    start = end + 1;
  }
}
