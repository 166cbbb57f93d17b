/**
 * The lines of a ledger and what makes a file of them sound: each line's hash is the SHA-256 of its text up to the
 * hash, which ends with the hash of the line before. This finds accidents, not an owner of the disk who computes hashes
 * anew.
 */
import '../../base/schema.ts';
import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import * as z from 'zod';
import { VeilganError } from '../../base/errors.ts';

export const LEDGER_FORMAT = 1;
const ZERO = '0'.repeat(64);
const CLOSING = '","hash":"';
const MAX_LINE = 1 << 16;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const terms = z
  .object({
    /** gaussian, discrete, or measured: tables of counts, whose schedule says whether all were fixed beforehand */
    mechanism: z.string().min(1),
    /** poisson, or full where q is 1 */
    sampler: z.string().min(1),
    /** what two neighbouring data sets are, as `relation.ts` has it; of old runs with a public number of rows add-remove */
    relation: z.string().min(1),
    /** C: what one record can add to a sum */
    bound: z.number().positive(),
    /** what the noisy sum is divided by, a constant */
    divisor: z.number().positive(),
    /** disjoint parts of the data, each seen by a discriminator of its own; 1 for an ordinary run */
    partitions: z.number().int().min(1).max(65536),
  })
  .catchall(z.union([z.string(), z.number(), z.boolean()]));

const spend = z.object({
  /** noisy updates from .. to - 1, counted from 0 over the whole run */
  from: count,
  to: count,
  /** probability of a record to be in an update's batch */
  q: z.number().positive().max(1),
  /** noise multiplier: standard deviation of the noise over the sensitivity of the sum */
  sigma: z.number().positive(),
  /** the one partition that paid; absent where each of them did, with its own records */
  partition: count.optional(),
  /** what was released, for reports: which table, or that it was a choice */
  what: z.string().min(1).max(200).optional(),
});

const link = { line: count, previous: z.string(), hash: z.string() };
const parsed = z.discriminatedUnion('kind', [
  z.object({ ...link, kind: z.literal('terms'), format: z.literal(LEDGER_FORMAT), terms }),
  z.strictObject({ ...link, kind: z.literal('spend'), ...spend.shape }),
  z.object({ ...link, kind: z.literal('resume'), dropped: count }),
]);

/** What a run's spending is measured by; more fields may say more of the mechanism (granularity, clipping, seed). */
export type LedgerTerms = z.infer<typeof terms>;
/** What a chunk of noisy updates costs, or of measured tables, each of which is one. */
export type Spend = z.infer<typeof spend>;
export type LedgerLine = z.infer<typeof parsed>;
/** A line without what chains it. */
export type Entry = LedgerLine extends infer L ? (L extends LedgerLine ? Omit<L, keyof typeof link> : never) : never;
/** The last line of a ledger; a checkpoint that stores it can tell a ledger that lost lines. */
export interface Head {
  readonly line: number;
  readonly hash: string;
}

/** Before the first line. */
export const START: Head = { line: 0, hash: ZERO };

/** Checked terms. @throws VeilganError CONFIG naming the field */
export const checkedTerms = (value: unknown): LedgerTerms => checked(terms, value, 'terms');
/** A checked spend. @throws VeilganError CONFIG naming the field */
export const checkedSpend = (value: unknown): Spend => checked(spend, value, 'spend');

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new VeilganError('CONFIG', `a ledger's ${what}: ${path.join('.')}: ${message}`, {
    where: 'ledger.jsonl',
    fix: 'Correct the configuration of the private run',
  });
}

/** In hexadecimal; synchronous, which the platform's own is not in a page. */
const digest = (text: string): string => bytesToHex(sha256(new TextEncoder().encode(text)));

/** The text of the line after `head`, newline included, and the head that it makes. */
export function chained(entry: Entry, head: Head): { text: string; head: Head } {
  const line = head.line + 1;
  const body = JSON.stringify({ line, ...entry, previous: head.hash }).slice(0, -2);
  const hash = digest(body);
  return { text: `${body}${CLOSING}${hash}"}\n`, head: { line, hash } };
}

/**
 * The line after `head` as it was written.
 * @throws VeilganError FILE naming file and line where it is edited, out of order, or none of ours
 */
export function checkedLine(text: string, head: Head, path: string): LedgerLine {
  const bad = (message: string): VeilganError =>
    new VeilganError('FILE', message, {
      where: `${path}, line ${head.line + 1}`,
      fix: 'Restore ledger.jsonl from a copy that is whole; without it nobody can tell what the run has spent',
    });
  const at = text.lastIndexOf(CLOSING);
  if (at < 0 || text.length > MAX_LINE || !text.endsWith('"}'))
    throw bad('the ledger is damaged: not a line of a ledger');
  const body = text.slice(0, at);
  if (digest(body) !== text.slice(at + CLOSING.length, -2)) {
    throw bad('the ledger is damaged: the line has been changed since it was written (its hash differs)');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad('the ledger is damaged: the line is not JSON');
  }
  const { line, previous, format } = json as { line?: unknown; previous?: unknown; format?: unknown };
  if (line !== head.line + 1 || previous !== head.hash) {
    throw bad(
      `the ledger is damaged: line ${line} stands where line ${head.line + 1} belongs, or follows another line`,
    );
  }
  if (typeof format === 'number' && format > LEDGER_FORMAT) {
    throw bad(`the ledger was written by a newer VeilGAN (format ${format}, known: ${LEDGER_FORMAT})`);
  }
  const result = parsed.safeParse(json);
  if (!result.success) throw bad(`the ledger is damaged: ${result.error.issues[0].message}`);
  if ((result.data.kind === 'terms') !== (head.line === 0))
    throw bad('the ledger is damaged: terms are its first line');
  return result.data;
}
