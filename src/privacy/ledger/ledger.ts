/**
 * ledger.jsonl: what a private run has spent, written before it is spent (`src/run/README.md`).
 *
 * A last line that a crash cut short was never synced, so `append` had not returned and nothing was submitted for it:
 * it is left out, with a warning, and a `resume` line says how many bytes were dropped. One that lacks only its newline
 * counts. That lines are missing at the end the chain cannot show; a checkpoint stores `head`, and `openLedger` refuses
 * a ledger that does not contain it.
 */
import { VeilganError } from '../../base/errors.ts';
import { relationCharged } from '../budget.ts';
import { isRelation } from '../relation.ts';
import { Ledger, type LedgerFile } from './book.ts';
import { checkedLine, checkedTerms, type Head, LEDGER_FORMAT, type LedgerTerms, START } from './lines.ts';

export { Ledger, type LedgerFile } from './book.ts';
export type { Head, LedgerTerms, Spend } from './lines.ts';

export const LEDGER = 'ledger.jsonl';
/** A torn last line is at most what one append writes. */
const MAX_TORN = 1 << 20;
const NEWLINE = 10;

/**
 * A new ledger, its terms written and synced.
 * @throws VeilganError CONFIG for terms that make no sense, FILE where there is one already or the disk refuses
 */
export function createLedger(file: LedgerFile, terms: LedgerTerms): Ledger {
  const ledger = new Ledger(file, checkedTerms(terms));
  ledger.begin(0, { kind: 'terms', format: LEDGER_FORMAT, terms: ledger.terms });
  return ledger;
}

export interface ReadOptions {
  /** told of a last line that was cut short; without it such a line is an error */
  readonly warn?: (message: string) => void;
}

export interface ResumeOptions extends ReadOptions {
  /** what the configuration says now: it must be what the ledger's first line says */
  readonly terms: LedgerTerms;
  /** the head when the checkpoint was written */
  readonly head: Head;
  /** noisy updates that the checkpoint contains */
  readonly updates: number;
}

/**
 * The ledger of a run that goes on. A line marks the new start.
 * @throws VeilganError FILE where it is missing, damaged, or lost lines since the checkpoint was written; CONFIG where
 * the run's terms have changed
 */
export function openLedger(file: LedgerFile, { terms, head, updates, ...options }: ResumeOptions): Ledger {
  let found = head.line === 0;
  const { ledger, size, torn, newline } = load(file, options, (h) => {
    if (h.line === head.line && h.hash === head.hash) found = true;
  });
  if (!found || ledger.reach < updates) {
    throw new VeilganError('FILE', `the ledger lacks what the checkpoint was paid with (its line ${head.line})`, {
      where: file.path,
      fix: 'Restore ledger.jsonl and the checkpoint from one copy of the run',
    });
  }
  const now = checkedTerms(terms);
  for (const name of new Set([...Object.keys(ledger.terms), ...Object.keys(now)])) {
    if (ledger.terms[name] !== now[name] && !(name === 'relation' && renamed(ledger.terms, now))) {
      throw new VeilganError('CONFIG', `${name} is ${now[name]}, and the ledger was begun with ${ledger.terms[name]}`, {
        where: file.path,
        fix: 'Resume with the configuration of the run, or start another run',
      });
    }
  }
  ledger.begin(size, { kind: 'resume', dropped: torn }, newline);
  return ledger;
}

/** Whether a ledger calls by its old name what the run zeroes out. */
const renamed = (old: LedgerTerms, { relation }: LedgerTerms): boolean =>
  isRelation(relation) && relationCharged(old, relation) === relation;

/** A ledger to read. @throws VeilganError FILE where it is missing or damaged */
export const readLedger = (file: LedgerFile, options: ReadOptions = {}): Ledger => load(file, options, () => {}).ledger;

function load(file: LedgerFile, { warn }: ReadOptions, each: (head: Head) => void) {
  const { path } = file;
  const damaged = (message: string, line: number) =>
    new VeilganError('FILE', `the ledger is damaged: ${message}`, {
      where: `${path}, line ${line}`,
      fix: 'Restore ledger.jsonl from a copy that is whole',
    });
  const bytes = file.read();
  if (!bytes) {
    throw new VeilganError('FILE', 'the private run has no ledger, so nobody can tell what it has spent', {
      where: path,
      fix: 'Restore ledger.jsonl from a copy of the run, or start another run',
    });
  }
  let ledger: Ledger | undefined;
  let head = START;
  const take = (text: string): void => {
    const entry = checkedLine(text, head, path);
    head = { line: entry.line, hash: entry.hash };
    if (entry.kind === 'terms') ledger = new Ledger(file, entry.terms);
    const wrong = ledger?.take(entry, head);
    if (wrong) throw damaged(wrong, head.line);
    each(head);
  };
  let at = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    take(new TextDecoder().decode(bytes.subarray(at, end)));
    at = end + 1;
  }
  let torn = bytes.length - at;
  let newline = false;
  if (torn > 0 && torn <= MAX_TORN) {
    try {
      take(new TextDecoder().decode(bytes.subarray(at)));
      [torn, newline, at] = [0, true, bytes.length];
    } catch {
      if (!warn) throw damaged('its last line is cut short', head.line + 1);
      warn(`${path}, line ${head.line + 1}: the line is cut short and was left out; nothing had been spent on it`);
    }
  } else if (torn > 0) throw damaged('its last line has no end', head.line + 1);
  if (!ledger) throw damaged('it has no first line, so it was never begun', 1);
  return { ledger, size: at, torn, newline };
}
