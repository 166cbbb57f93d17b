/**
 * Poisson sampling: what the accountants describe. Each record enters a batch independently with probability q, so
 * batches vary in size and may be empty. Batches are drawn on the host from ChaCha20; how large one came out is a
 * secret of the owner, as who is in it.
 */
import { VeilganError } from '../base/errors.ts';
import { below, ChaChaStream, chachaInto } from './chacha.ts';
import { DrawCounter, type PrivacyKey } from './key.ts';

const TWO_32 = 4294967296;

export interface PoissonOptions {
  /** in (0, 1]; a constant of the configuration, never computed from the number of records */
  readonly q: number;
  /** tags [all records, 2] u32: a record is in a batch or not by a draw under its own tag, whatever others there are */
  readonly tags: Uint32Array;
  /** which of several samplers of one key, e.g. the discriminator's number */
  readonly index?: number;
}

/** Batches that one block of ChaCha20 decides about for a record: a word each. */
const BATCHES = 16;

/**
 * Draws batches out of a list of records. Record r is in batch d by word d mod 16 of the block of ChaCha20 whose nonce is
 * its tag and whose counter is floor(d / 16): with other records around it is in the same batches. No word is used twice
 * for a record.
 */
export class PoissonSampler {
  readonly q: number;
  readonly draws: DrawCounter;
  readonly #key: Uint32Array;
  readonly #records: Uint32Array;
  readonly #tags: Uint32Array;
  /** q 2^64 rounded down, in two words; q = 1 is 2^32, 0 */
  readonly #high: number;
  readonly #low: number;
  /** the batches of the block */
  #decided: Uint32Array[] = [];
  #block = -1;

  /**
   * @param records row numbers to draw from, ascending
   * @throws VeilganError CONFIG for a q outside (0, 1], VALIDATION where a record has no tag
   */
  constructor(key: PrivacyKey, records: Uint32Array, { q, tags, index = 0 }: PoissonOptions) {
    if (!(q > 0 && q <= 1)) {
      throw new VeilganError('CONFIG', `a sampling probability of ${q}`, {
        where: 'q',
        fix: 'Give a number above 0 and at most 1',
      });
    }
    if (records.some((record) => 2 * record + 1 >= tags.length)) {
      throw new VeilganError('VALIDATION', `${tags.length / 2} tags, and records beyond`, { where: 'sampling' });
    }
    this.q = q;
    this.#records = records;
    this.#tags = tags;
    this.#key = key.derive('sampling', index);
    this.draws = new DrawCounter(key.insecure);
    // Exact in float64: multiplying by 2^32 changes no digit, nor does taking the fraction. What is below 2^-64 is
    // dropped, so a record is never in more often than q says.
    this.#high = Math.floor(q * TWO_32);
    this.#low = Math.floor((q * TWO_32 - this.#high) * TWO_32);
  }

  /**
   * The next batch: row numbers in ascending order. The probability of each is q exactly, up to 2^-64.
   * @throws VeilganError OVER_LIMIT when all 2^48 batches of the key are used
   */
  next(): Uint32Array {
    const draw = this.draws.take();
    const block = Math.floor(draw / BATCHES);
    if (block !== this.#block) this.#decide(block);
    return this.#decided[draw % BATCHES].slice();
  }

  #decide(block: number): void {
    const [high, low, tags] = [this.#high, this.#low, this.#tags];
    const words = new Uint32Array(BATCHES);
    const rest = new Uint32Array(BATCHES);
    const blockOf = (out: Uint32Array, record: number, kind: number) =>
      chachaInto(
        out,
        this.#key,
        block >>> 0,
        tags[2 * record],
        tags[2 * record + 1],
        2 * Math.floor(block / TWO_32) + kind,
      );
    const batches: number[][] = Array.from({ length: BATCHES }, () => []);
    for (const record of this.#records) {
      blockOf(words, record, 0);
      for (let j = 0; j < BATCHES; j++) {
        const word = words[j];
        // The lower half of a record's 64 bits is looked at only where the upper one decides nothing: once in 2^32.
        if (word === high) blockOf(rest, record, 1);
        if (word < high || (word === high && rest[j] < low)) batches[j].push(record);
      }
    }
    this.#decided = batches.map((batch) => Uint32Array.from(batch));
    words.fill(0);
    rest.fill(0);
    this.#block = block;
  }

  /** Overwrites the key, and what it decided. */
  dispose(): void {
    this.#key.fill(0);
    for (const batch of this.#decided) batch.fill(0);
    this.draws.close();
  }
}

/**
 * Draws batches of a fixed size without replacement, each subset as likely as any other: how DPGAN was published. The
 * accountants do not describe it.
 */
export class SubsetSampler {
  readonly draws: DrawCounter;
  readonly #key: Uint32Array;
  readonly #records: Uint32Array;
  readonly #size: number;

  /** @throws VeilganError CONFIG where there are fewer records than a batch has */
  constructor(key: PrivacyKey, records: Uint32Array, { size, index = 0 }: { size: number; index?: number }) {
    if (!(Number.isInteger(size) && size >= 1 && size <= records.length)) {
      throw new VeilganError('CONFIG', `a batch of ${size} of ${records.length} records`, {
        where: 'batch',
        fix: `Give at most ${records.length}`,
      });
    }
    this.#records = records;
    this.#size = size;
    this.#key = key.derive('sampling', index);
    this.draws = new DrawCounter(key.insecure);
  }

  /** The next batch: row numbers in ascending order (Floyd's algorithm). */
  next(): Uint32Array {
    const draw = this.draws.take();
    const stream = new ChaChaStream(this.#key, [draw >>> 0, Math.floor(draw / TWO_32), 0]);
    const n = this.#records.length;
    const chosen = new Set<number>();
    for (let last = n - this.#size; last < n; last++) {
      const place = below(stream, last + 1);
      chosen.add(chosen.has(place) ? last : place);
    }
    stream.wipe();
    return Uint32Array.from(chosen, (place) => this.#records[place]).sort();
  }

  /** Overwrites the key. */
  dispose(): void {
    this.#key.fill(0);
    this.draws.close();
  }
}

/** One physical batch: what a replay of the accumulating program sees. */
export interface PhysicalBatch {
  /** [groups, rows] row numbers; places beyond a group's live ones hold 0 and must count for nothing */
  readonly index: Uint32Array;
  /** rows of each group that count, <= rows */
  readonly live: readonly number[];
}

/**
 * Splits the batches of one step, one a group, into physical ones of at most `rows` records a group. Nothing is left
 * out or repeated; where every batch is empty there is none, and the step is its noise alone.
 * @throws VeilganError CONFIG where `rows` is not a whole number >= 1
 */
export function physicalBatches(batches: readonly Uint32Array[], rows: number): PhysicalBatch[] {
  if (!Number.isInteger(rows) || rows < 1) {
    throw new VeilganError('CONFIG', `physical batches of ${rows} rows`, {
      where: 'physicalBatch',
      fix: 'Give a whole number, at least 1',
    });
  }
  const pieces = Math.max(0, ...batches.map((batch) => Math.ceil(batch.length / rows)));
  return Array.from({ length: pieces }, (_, piece) => {
    const index = new Uint32Array(batches.length * rows);
    const live = batches.map((batch, group) => {
      const part = batch.subarray(piece * rows, (piece + 1) * rows);
      index.set(part, group * rows);
      return part.length;
    });
    return { index, live };
  });
}
