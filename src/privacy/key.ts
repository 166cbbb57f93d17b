/**
 * The secret of a private run: 32 bytes from the platform's generator at every start, never written anywhere. What
 * draws from it gets a key of its own, so that no two of them can meet in one stream.
 */
import { VeilganError } from '../base/errors.ts';
import { chacha } from './chacha.ts';

// The nonce of a derived key. Numbers may be added but not changed: seeded runs depend on them.
const PURPOSES = {
  noise: 1,
  sampling: 2,
  discrete: 3,
  partition: 4,
  encoding: 5,
  tags: 6,
  measure: 7,
  choice: 8,
} as const;

export type Purpose = keyof typeof PURPOSES;

/** "insecure seed" and nothing secret. */
const INSECURE = [0x65736e69, 0x65727563, 0x65657320, 0x00000064, 0, 0];

export class PrivacyKey {
  /** whether it comes from a seed, so that what is drawn from it protects nobody */
  readonly insecure: boolean;
  readonly #words: Uint32Array;
  #wiped = false;

  private constructor(words: Uint32Array, insecure: boolean) {
    this.#words = words;
    this.insecure = insecure;
  }

  /** A new key from globalThis.crypto. @throws VeilganError CONFIG where the platform has no such generator */
  static fresh(): PrivacyKey {
    const source = globalThis.crypto;
    if (typeof source?.getRandomValues !== 'function') {
      throw new VeilganError('CONFIG', 'this platform has no cryptographic generator (crypto.getRandomValues)', {
        where: 'the noise key',
        fix: 'Use Node 20 or newer, or a page served over https',
      });
    }
    return new PrivacyKey(source.getRandomValues(new Uint32Array(8)), false);
  }

  /**
   * The key of a seeded run, for tests and repeatable experiments: whoever knows or guesses the seed can take the noise
   * away again. There is NO privacy guarantee.
   * @param seed 0 <= seed < 2^53
   * @throws VeilganError CONFIG for another seed
   */
  static insecure(seed: number): PrivacyKey {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new VeilganError('CONFIG', `the seed ${seed} is not a whole number from 0 to 2^53 - 1`, {
        where: 'insecureSeed',
        fix: 'Give a whole number, for example `insecureSeed: 1`',
      });
    }
    return new PrivacyKey(Uint32Array.of(...INSECURE, seed >>> 0, Math.floor(seed / 2 ** 32)), true);
  }

  /**
   * A key for one purpose: half a ChaCha20 block under this key, which is used for nothing else. Eight words.
   * @param index of several generators of one purpose
   * @throws VeilganError USE_AFTER_FREE once wiped, VALIDATION for an index that is no 32-bit number
   */
  derive(purpose: Purpose, index = 0): Uint32Array {
    if (this.#wiped) {
      throw new VeilganError('USE_AFTER_FREE', 'the noise key is used after it was wiped', {
        where: purpose,
        fix: 'Derive all keys before wiping it',
      });
    }
    if (index !== index >>> 0) throw new VeilganError('VALIDATION', `a key index of ${index}`, { where: purpose });
    const block = chacha(this.#words, index, [PURPOSES[purpose], 0, 0]);
    const key = block.slice(0, 8);
    block.fill(0);
    return key;
  }

  /** Overwrites the key. JavaScript may have copies that it cannot reach; nothing of ours has. */
  wipe(): void {
    this.#words.fill(0);
    this.#wiped = true;
  }
}

/** Uses of one key, or of one purpose of it; the limit of what fits in the words of a nonce. */
const MOST_DRAWS = 2 ** 48;

/**
 * Numbers the draws under one key: each number is given out once, whatever steps the caller counts, repeats or retries
 * after a failure. Two releases under the same noise would cancel it.
 */
export class DrawCounter {
  readonly #insecure: boolean;
  readonly #limit: number;
  #next = 0;
  #closed = false;

  /** @param limit numbers there are, at most 2^48 */
  constructor(insecure: boolean, limit = MOST_DRAWS) {
    this.#insecure = insecure;
    this.#limit = Math.min(limit, MOST_DRAWS);
  }

  /** @throws VeilganError OVER_LIMIT when all numbers are used, USE_AFTER_FREE after `close()` */
  take(): number {
    if (this.#closed) {
      throw new VeilganError('USE_AFTER_FREE', 'something is drawn under a key that was disposed', {
        where: 'privacy noise',
        fix: 'Make it anew with a fresh key, and record its programs again',
      });
    }
    if (this.#next >= this.#limit) {
      throw new VeilganError('OVER_LIMIT', `the noise key has been used for all its ${this.#limit} draws`, {
        where: 'privacy noise',
        fix: 'Stop and resume the run: it starts with a fresh key',
      });
    }
    return this.#next++;
  }

  /** No more draws: the key is gone. */
  close(): void {
    this.#closed = true;
  }

  /** Draws so far; what a seeded run stores in its checkpoint. */
  get position(): number {
    return this.#next;
  }

  /**
   * Goes on from a stored position, for a seeded run that resumes bit for bit.
   * @throws VeilganError VALIDATION for a fresh key, which never draws anything twice, or for no whole number >= 0
   */
  set position(at: number) {
    if (!this.#insecure || !Number.isSafeInteger(at) || at < 0) {
      const why = this.#insecure ? `${at} is no position` : 'the draws of a fresh key cannot be set back or forward';
      throw new VeilganError('VALIDATION', why, {
        where: 'privacy noise',
        fix: 'Resume with a fresh key, or seed the run with `insecureSeed`',
      });
    }
    this.#next = at;
  }
}
