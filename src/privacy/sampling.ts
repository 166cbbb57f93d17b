/**
 * Poisson sampling: what the accountants describe. Each record enters a batch independently with probability q, so
 * batches vary in size and may be empty. Batches are drawn on the host from ChaCha20; how large one came out is a
 * secret of the owner, as who is in it.
 */
import { VeilganError } from '../gpu/errors.ts';
import { ChaChaStream } from './chacha.ts';
import { DrawCounter, type PrivacyKey } from './key.ts';

const TWO_32 = 4294967296;

export interface PoissonOptions {
  /** in (0, 1]; a constant of the configuration, never computed from the number of records */
  readonly q: number;
  /** which of several samplers of one key, e.g. the discriminator's number */
  readonly index?: number;
}

/** Draws batches out of a list of records; each batch has a nonce of its own, so none repeats. */
export class PoissonSampler {
  readonly q: number;
  readonly draws: DrawCounter;
  readonly #key: Uint32Array;
  readonly #records: Uint32Array;
  /** q 2^64 rounded down, in two words; q = 1 is 2^32, 0 */
  readonly #high: number;
  readonly #low: number;

  /**
   * @param records row numbers to draw from, or how many, counted from 0
   * @throws VeilganError CONFIG for a q outside (0, 1]
   */
  constructor(key: PrivacyKey, records: Uint32Array | number, { q, index = 0 }: PoissonOptions) {
    if (!(q > 0 && q <= 1)) {
      throw new VeilganError('CONFIG', `a sampling probability of ${q}`, {
        where: '--q',
        fix: 'Give a number above 0 and at most 1',
      });
    }
    this.q = q;
    this.#records = typeof records === 'number' ? Uint32Array.from({ length: records }, (_, i) => i) : records;
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
    const nonce = (kind: number) => [draw >>> 0, Math.floor(draw / TWO_32), kind] as const;
    const first = new ChaChaStream(this.#key, nonce(0));
    // The lower half of a record's 64 bits is looked at only where the upper one decides nothing: once in 2^32.
    const second = new ChaChaStream(this.#key, nonce(1));
    const [high, low] = [this.#high, this.#low];
    const batch: number[] = [];
    for (const record of this.#records) {
      const word = first.uint32();
      if (word < high || (word === high && second.uint32() < low)) batch.push(record);
    }
    first.wipe();
    return Uint32Array.from(batch);
  }

  /** Overwrites the key. */
  dispose(): void {
    this.#key.fill(0);
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
        where: '--batch',
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
      const place = below(last + 1, stream);
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

/** A whole number below n <= 2^32, all alike: words beyond the largest multiple of n are drawn again. */
function below(n: number, stream: ChaChaStream): number {
  const most = TWO_32 - (TWO_32 % n);
  for (;;) {
    const word = stream.uint32();
    if (word < most) return word % n;
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
      where: '--physical-batch',
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
