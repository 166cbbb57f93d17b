/**
 * What has been spent on a data set in all private runs on it: `odometer.jsonl` in the folder of all data sets, which
 * outlives runs and data sets. Lines are only ever appended, each in one write to a file opened with O_APPEND and synced,
 * so that runs that begin at once lose none. Sums are of basic composition: epsilons and deltas add up. What the owner
 * alone sees (attacks, evaluations, the diagnostics of reports) is no release, and not counted. A run that goes on from
 * another one's releases is charged for what it added to them, where that other run is noted too. Node only.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { dataHome } from '../data/store/home.ts';
import { epsilonOf, upperBound } from '../privacy/budget.ts';
import { readLedger } from '../privacy/ledger/ledger.ts';
import { openRun } from './directory.ts';

export const ODOMETER = 'odometer.jsonl';

const price = { epsilon: z.number().min(0), delta: z.number().min(0).max(1) };
const line = z.discriminatedUnion('kind', [
  /** a private run is about to look at the data */
  z.object({
    kind: z.literal('start'),
    id: z.string().min(1).max(100),
    time: z.string().max(100),
    data: z.string(),
    sha256: z.string(),
    system: z.string(),
    relation: z.string(),
    delta: z.number().min(0).max(1),
    /** epsilon that the run stops before; null without one */
    budget: z.number().positive().nullable(),
    /** whether it makes no promise at all: noise from a seed, or weights that are clipped */
    unguarded: z.boolean(),
    /** where the run was asked to be, if anywhere */
    out: z.string().nullable(),
  }),
  /** its directory is there */
  z.object({ kind: z.literal('run'), id: z.string(), dir: z.string(), created: z.string() }),
  /** it failed to begin, having spent this at most */
  z.object({ kind: z.literal('failed'), id: z.string(), ...price }),
]);

type Line = z.infer<typeof line>;
type StartLine = Extract<Line, { kind: 'start' }>;

/** What is known of a private run before it begins. */
export interface PlannedRun extends Pick<StartLine, 'system' | 'relation' | 'delta' | 'unguarded'> {
  readonly data: { readonly name: string; readonly sha256?: string };
  /** 0: none */
  readonly budget: number;
  /** a directory, if one was named */
  readonly out?: string;
}

/** A start that was noted; one of the two is to be told what became of it. */
export interface Noted {
  began(run: { readonly dir: string; readonly created: string }): void;
  /** @param spent what a start that failed may have drawn noise for; nothing where none was drawn */
  failed(spent: { readonly epsilon: number; readonly delta: number }): void;
}

export interface OdometerOptions {
  /** the folder of all data sets; default `dataHome()` */
  readonly home?: string;
}

const fileOf = ({ home = dataHome() }: OdometerOptions) => join(home, ODOMETER);

/** Appends a line in one write, synced. A line that a crash cut short before it gets an end first. */
function append(path: string, entry: Line): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a');
    try {
      // An empty line is nothing; without one, a torn line would take this one with it.
      const bytes = new TextEncoder().encode(`\n${JSON.stringify(entry)}\n`);
      if (writeSync(file, bytes) !== bytes.length) throw new Error('the line was not written whole');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new VeilganError('FILE', `cannot note the run: ${cause instanceof Error ? cause.message : cause}`, {
      where: path,
      fix: 'A private run is noted beside its data set before it looks at it: make the folder writable, or set VEILGAN_DATA',
      cause,
    });
  }
}

const NOTHING: Noted = { began: () => {}, failed: () => {} };

/**
 * Notes that a private run is about to look at a data set. Generated sets are nobody's: of one without a checksum nothing
 * is noted.
 * @throws VeilganError FILE where the line cannot be written; nothing may be looked at then
 */
export function noteStart({ data, budget, out, ...rest }: PlannedRun, options: OdometerOptions = {}): Noted {
  if (data.sha256 === undefined) return NOTHING;
  const path = fileOf(options);
  const id = randomUUID();
  append(path, {
    ...{ ...rest, kind: 'start', id, time: new Date().toISOString(), data: data.name, sha256: data.sha256 },
    ...{ budget: budget || null, out: out ?? null },
  });
  return {
    began: ({ dir, created }) => append(path, { kind: 'run', id, dir, created }),
    failed: ({ epsilon, delta: used }) => append(path, { kind: 'failed', id, epsilon, delta: used }),
  };
}

/** What one run has spent on a data set. */
export interface RunSpent {
  /** null where it never had a directory */
  readonly dir: string | null;
  readonly created: string;
  readonly system: string;
  readonly relation: string;
  /** null where it is unknown or has no bound */
  readonly epsilon: number | null;
  readonly delta: number | null;
  /**
   * `ledger`: as the run's ledger says; `planned`: its budget, the ledger being gone; `unknown`: the ledger is gone, and
   * there was no budget; `failed`: a start that failed; `none`: it makes no promise
   */
  readonly by: 'ledger' | 'planned' | 'unknown' | 'failed' | 'none';
}

export interface SpentOn {
  readonly runs: readonly RunSpent[];
  /** sums over the runs whose spending is known */
  readonly epsilon: number;
  readonly delta: number;
  /** runs that the sums leave out: their spending is unknown, or has no bound */
  readonly unknown: number;
  readonly unguarded: number;
  /** runs on other contents of a set of this name: perhaps of the same people, not in the sums */
  readonly others: number;
}

function linesOf(path: string, warn: (message: string) => void): Line[] {
  if (!existsSync(path)) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `cannot read what has been spent: ${cause instanceof Error ? cause.message : cause}`;
    throw new VeilganError('FILE', message, { where: path, fix: 'Check its permissions', cause });
  }
  return text.split('\n').flatMap((each, i) => {
    if (each.trim() === '') return [];
    try {
      return [line.parse(JSON.parse(each))];
    } catch {
      warn(`${path}, line ${i + 1}: the line is damaged and was left out; a run may be missing from the sums`);
      return [];
    }
  });
}

type RunLine = Extract<Line, { kind: 'run' }>;

/**
 * A run as its own directory has it; undefined where that is gone, or is another run's by now.
 * @param noted when runs on the same data were made that are charged by themselves
 */
function fromLedger(
  { dir, created }: RunLine,
  sha256: string,
  noted: ReadonlySet<string>,
): Pick<RunSpent, 'epsilon' | 'delta'> | undefined {
  try {
    const run = openRun(dir);
    const { info } = run;
    if (info.created !== created || info.data.sha256 !== sha256) return undefined;
    const delta = Number(info.config.delta);
    const ledger = readLedger(run.ledgerFile(), { warn: () => {} });
    const { encoding_epsilon: paid = 0, encoding_delta: used = 0, released_by: by } = ledger.terms;
    // What was copied from a run that is in the sums already is not counted in them twice.
    const charged = noted.has(String(by));
    const phases = charged ? ledger.own() : ledger.totals();
    if (phases.length === 0) return { epsilon: Number(paid), delta: Number(used) };
    const terms = charged ? { ...ledger.terms, released: 0 } : ledger.terms;
    return { epsilon: upperBound(epsilonOf(phases, delta, terms)), delta };
  } catch {
    return undefined;
  }
}

function spentBy(start: StartLine, rest: readonly Line[], noted: ReadonlySet<string>): RunSpent {
  const of = rest.filter(({ id }) => id === start.id);
  const run = of.find((each) => each.kind === 'run');
  const failed = of.find((each) => each.kind === 'failed');
  const facts = { created: run?.created ?? start.time, system: start.system, relation: start.relation };
  const dir = run?.dir ?? null;
  if (start.unguarded) return { ...facts, dir, epsilon: null, delta: null, by: 'none' };
  if (failed) return { ...facts, dir, epsilon: failed.epsilon, delta: failed.delta, by: 'failed' };
  const found = run && fromLedger(run, start.sha256, noted);
  if (found) return { ...facts, dir, ...found, by: 'ledger' };
  if (start.budget === null) return { ...facts, dir, epsilon: null, delta: null, by: 'unknown' };
  return { ...facts, dir, epsilon: start.budget, delta: start.delta, by: 'planned' };
}

/**
 * What has been spent on a data set.
 * @param warn told of lines that are damaged
 * @throws VeilganError FILE where the file is there and cannot be read
 */
export function spentOn(
  data: { readonly name: string; readonly sha256: string },
  { warn = () => {}, ...options }: OdometerOptions & { readonly warn?: (message: string) => void } = {},
): SpentOn {
  const lines = linesOf(fileOf(options), warn);
  const starts = lines.filter((each) => each.kind === 'start');
  const own = starts.filter(({ sha256, unguarded }) => sha256 === data.sha256 && !unguarded);
  const noted = new Set(
    lines.flatMap((each) => (each.kind === 'run' && own.some(({ id }) => id === each.id) ? [each.created] : [])),
  );
  const runs = starts.filter(({ sha256 }) => sha256 === data.sha256).map((start) => spentBy(start, lines, noted));
  const sum = (of: (run: RunSpent) => number | null) => runs.reduce((total, run) => total + (of(run) ?? 0), 0);
  return {
    runs,
    epsilon: sum(({ epsilon }) => epsilon),
    delta: Math.min(
      1,
      sum(({ delta }) => delta),
    ),
    unknown: runs.filter(({ by }) => by === 'unknown').length,
    unguarded: runs.filter(({ by }) => by === 'none').length,
    others: starts.filter(({ data: name, sha256 }) => name === data.name && sha256 !== data.sha256).length,
  };
}
