/** A ledger in memory, and what its file must be able to do; src/privacy/ledger/ledger.ts opens it and says what it is for. */
import { VeilganError } from '../../base/errors.ts';
import type { Phase } from '../accountant/phases.ts';
import { FIXED } from '../budget.ts';
import { CHOICE } from '../choice.ts';
import { chained, checkedSpend, type Entry, type Head, type LedgerTerms, type Spend, START } from './lines.ts';

/** The file of a ledger, wherever it lies: on a disk, in a page's own file system, in memory. All throw FILE. */
export interface LedgerFile {
  /** what messages call it */
  readonly path: string;
  /** All of it; undefined where there is none. */
  read(): Uint8Array | undefined;
  /** Opens it to be appended to after its first `size` bytes, the rest cut off; one of no size must not be there yet. */
  open(size: number): void;
  /** When it returns, the bytes would survive a power cut. */
  append(bytes: Uint8Array): void;
  /** Cuts an open file back. */
  truncate(size: number): void;
  /** Nothing is appended any more. May be called twice. */
  close(): void;
}

/** A ledger that was read, and is appended to where it was opened to write. The run's lock keeps out other writers. */
export class Ledger {
  readonly terms: LedgerTerms;
  readonly #phases: Map<string, Phase>[];
  /** likewise what was copied from another run's ledger */
  readonly #copied: Map<string, Phase>[];
  /** by partition: updates 0 .. reach - 1 are paid */
  readonly #reach: number[];
  readonly #named: Spend[] = [];
  readonly #file: LedgerFile;
  #head: Head = START;
  #open = false;
  #size = 0;
  #broken = false;

  /** Use `createLedger`, `openLedger` or `readLedger`. */
  constructor(file: LedgerFile, terms: LedgerTerms) {
    this.#file = file;
    this.terms = terms;
    this.#phases = Array.from({ length: terms.partitions }, () => new Map());
    this.#copied = Array.from({ length: terms.partitions }, () => new Map());
    this.#reach = Array(terms.partitions).fill(0);
  }

  /** The last line: number and hash, to be stored in a checkpoint. */
  get head(): Head {
    return this.#head;
  }

  /** Noisy updates that every partition has paid for, counted from the start of the run. */
  get reach(): number {
    return Math.min(...this.#reach);
  }

  /**
   * Releases of another run that this one counts as spent before its first update (`released` of the terms): the first
   * noisy updates of the count, which its own follow.
   */
  get copied(): number {
    return Number(this.terms.released ?? 0);
  }

  /** Whether nothing was paid for by this run: no update, and no encoding before the first. */
  get unspent(): boolean {
    return this.#phases.every((phases) => phases.size === 0) && !this.terms.encoding_epsilon;
  }

  /**
   * What one partition has spent, all of it: one phase for each pair of q and sigma, in order of appearance. The cost
   * of the run is the largest over the partitions (parallel composition). What was copied from another run's ledger comes
   * first, in phases of its own.
   */
  totals(partition = 0): Phase[] {
    return [...(this.#copied[partition]?.values() ?? []), ...this.own(partition)];
  }

  /** The same without what was copied: what this run has added to what the records had been released in before. */
  own(partition = 0): Phase[] {
    return [...(this.#phases[partition]?.values() ?? [])];
  }

  /** What was paid for by name (`what`), line by line in the order of the file: the price of every release. */
  lines(): readonly Spend[] {
    return [...this.#named];
  }

  /**
   * Pays for a chunk. When it returns, the lines would survive a power cut, and the chunk may be submitted.
   * @throws VeilganError CONFIG for a spend that makes no sense or leaves updates out; FILE where the disk refuses
   * (nothing may be submitted then); USAGE for a ledger that is only read
   */
  append(...spends: readonly Spend[]): void {
    const where = this.#file.path;
    if (!this.#open) throw new VeilganError('USAGE', 'the ledger was opened to read only, or is closed', { where });
    const entries = spends.map((spend) => ({ kind: 'spend' as const, ...checkedSpend(spend) }));
    const reach = [...this.#reach];
    for (const entry of entries) {
      const wrong = this.#advance(reach, entry);
      if (wrong) throw new VeilganError('CONFIG', `the ledger does not take this: ${wrong}`, { where });
    }
    this.#write(entries);
    for (const entry of entries) this.#count(entry);
  }

  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  /** Takes a verified line in. Gives what is wrong with it, or nothing. */
  take(entry: Entry, head: Head): string | undefined {
    this.#head = head;
    if (entry.kind !== 'spend') return undefined;
    const wrong = this.#advance([...this.#reach], entry);
    if (!wrong) this.#count(entry);
    return wrong;
  }

  /** Opens the file to append to after `size` bytes, cutting off the rest, and writes the first entry of this start. */
  begin(size: number, entry: Entry, newline = false): void {
    try {
      this.#file.open(size);
      this.#open = true;
      this.#size = size;
      this.#write([entry], newline ? '\n' : '');
    } catch (error) {
      this.#file.close();
      this.#open = false;
      throw error;
    }
  }

  #write(entries: readonly Entry[], before = ''): void {
    let { text, head } = { text: before, head: this.#head };
    for (const entry of entries) {
      const next = chained(entry, head);
      text += next.text;
      head = next.head;
    }
    if (this.#broken) {
      throw new VeilganError('FILE', 'an earlier write to the ledger failed', {
        where: this.#file.path,
        fix: 'Free some space or repair the disk, then resume the run',
      });
    }
    const bytes = new TextEncoder().encode(text);
    try {
      this.#file.append(bytes);
    } catch (error) {
      // What follows a half-written line would be lost, so nothing may follow it; a new start sorts it out.
      this.#broken = true;
      try {
        this.#file.truncate(this.#size);
      } catch {}
      throw error;
    }
    this.#size += bytes.length;
    this.#head = head;
  }

  /** Moves the reach of the partitions that pay; gives what is wrong, or nothing. */
  #advance(reach: number[], { from, to, partition, what }: Spend): string | undefined {
    // What was chosen on the way was not fixed beforehand, and a choice has another privacy-loss distribution.
    if (what === CHOICE && this.terms.schedule === FIXED) return 'a choice where the schedule is fixed';
    if (to <= from) return `updates ${from} to ${to}`;
    if (partition !== undefined && partition >= reach.length) return `partition ${partition} of ${reach.length}`;
    for (let k = partition ?? 0; k <= (partition ?? reach.length - 1); k++) {
      if (from > reach[k]) return `update ${from} follows update ${reach[k]}: nobody paid for those between`;
      reach[k] = Math.max(reach[k], to);
    }
    return undefined;
  }

  #count(spend: Spend): void {
    this.#advance(this.#reach, spend);
    const { from, to, q, sigma, partition, what } = spend;
    if (what !== undefined)
      this.#named.push({ from, to, q, sigma, ...(partition === undefined ? {} : { partition }), what });
    (to <= this.copied ? this.#copied : this.#phases).forEach((phases, k) => {
      if (partition !== undefined && partition !== k) return;
      const key = `${q} ${sigma}`;
      phases.set(key, { q, sigma, steps: (phases.get(key)?.steps ?? 0) + to - from });
    });
  }
}
