/**
 * ChaCha20 (RFC 8439) on the host: the block function and a stream of words. Privacy noise and Poisson batches are
 * drawn from it, never from Philox: who sees some of its output cannot tell the rest.
 */
import { VeilganError } from '../base/errors.ts';

const TWO_32 = 4294967296;
// "expand 32-byte k"
const [C0, C1, C2, C3] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

/**
 * Writes the sixteen words of one block (RFC 8439, section 2.3) to `out[0..15]`; allocates nothing.
 * @param key eight words
 * @param n0 n1, n2: the nonce
 */
export function chachaInto(
  out: Uint32Array,
  key: Uint32Array,
  counter: number,
  n0: number,
  n1: number,
  n2: number,
): void {
  let [a0, a1, a2, a3] = [C0, C1, C2, C3];
  let [b0, b1, b2, b3] = [key[0] | 0, key[1] | 0, key[2] | 0, key[3] | 0];
  let [c0, c1, c2, c3] = [key[4] | 0, key[5] | 0, key[6] | 0, key[7] | 0];
  let [d0, d1, d2, d3] = [counter | 0, n0 | 0, n1 | 0, n2 | 0];
  // biome-ignore format: a line is half a step of a quarter round, two a step
  for (let round = 0; round < 20; round += 2) {
    // Columns (0, 4, 8, 12), (1, 5, 9, 13), ...
    a0 = (a0 + b0) | 0; d0 ^= a0; d0 = (d0 << 16) | (d0 >>> 16);
    c0 = (c0 + d0) | 0; b0 ^= c0; b0 = (b0 << 12) | (b0 >>> 20);
    a0 = (a0 + b0) | 0; d0 ^= a0; d0 = (d0 << 8) | (d0 >>> 24);
    c0 = (c0 + d0) | 0; b0 ^= c0; b0 = (b0 << 7) | (b0 >>> 25);
    a1 = (a1 + b1) | 0; d1 ^= a1; d1 = (d1 << 16) | (d1 >>> 16);
    c1 = (c1 + d1) | 0; b1 ^= c1; b1 = (b1 << 12) | (b1 >>> 20);
    a1 = (a1 + b1) | 0; d1 ^= a1; d1 = (d1 << 8) | (d1 >>> 24);
    c1 = (c1 + d1) | 0; b1 ^= c1; b1 = (b1 << 7) | (b1 >>> 25);
    a2 = (a2 + b2) | 0; d2 ^= a2; d2 = (d2 << 16) | (d2 >>> 16);
    c2 = (c2 + d2) | 0; b2 ^= c2; b2 = (b2 << 12) | (b2 >>> 20);
    a2 = (a2 + b2) | 0; d2 ^= a2; d2 = (d2 << 8) | (d2 >>> 24);
    c2 = (c2 + d2) | 0; b2 ^= c2; b2 = (b2 << 7) | (b2 >>> 25);
    a3 = (a3 + b3) | 0; d3 ^= a3; d3 = (d3 << 16) | (d3 >>> 16);
    c3 = (c3 + d3) | 0; b3 ^= c3; b3 = (b3 << 12) | (b3 >>> 20);
    a3 = (a3 + b3) | 0; d3 ^= a3; d3 = (d3 << 8) | (d3 >>> 24);
    c3 = (c3 + d3) | 0; b3 ^= c3; b3 = (b3 << 7) | (b3 >>> 25);
    // Diagonals (0, 5, 10, 15), (1, 6, 11, 12), ...
    a0 = (a0 + b1) | 0; d3 ^= a0; d3 = (d3 << 16) | (d3 >>> 16);
    c2 = (c2 + d3) | 0; b1 ^= c2; b1 = (b1 << 12) | (b1 >>> 20);
    a0 = (a0 + b1) | 0; d3 ^= a0; d3 = (d3 << 8) | (d3 >>> 24);
    c2 = (c2 + d3) | 0; b1 ^= c2; b1 = (b1 << 7) | (b1 >>> 25);
    a1 = (a1 + b2) | 0; d0 ^= a1; d0 = (d0 << 16) | (d0 >>> 16);
    c3 = (c3 + d0) | 0; b2 ^= c3; b2 = (b2 << 12) | (b2 >>> 20);
    a1 = (a1 + b2) | 0; d0 ^= a1; d0 = (d0 << 8) | (d0 >>> 24);
    c3 = (c3 + d0) | 0; b2 ^= c3; b2 = (b2 << 7) | (b2 >>> 25);
    a2 = (a2 + b3) | 0; d1 ^= a2; d1 = (d1 << 16) | (d1 >>> 16);
    c0 = (c0 + d1) | 0; b3 ^= c0; b3 = (b3 << 12) | (b3 >>> 20);
    a2 = (a2 + b3) | 0; d1 ^= a2; d1 = (d1 << 8) | (d1 >>> 24);
    c0 = (c0 + d1) | 0; b3 ^= c0; b3 = (b3 << 7) | (b3 >>> 25);
    a3 = (a3 + b0) | 0; d2 ^= a3; d2 = (d2 << 16) | (d2 >>> 16);
    c1 = (c1 + d2) | 0; b0 ^= c1; b0 = (b0 << 12) | (b0 >>> 20);
    a3 = (a3 + b0) | 0; d2 ^= a3; d2 = (d2 << 8) | (d2 >>> 24);
    c1 = (c1 + d2) | 0; b0 ^= c1; b0 = (b0 << 7) | (b0 >>> 25);
  }
  const block = [a0 + C0, a1 + C1, a2 + C2, a3 + C3, b0, b1, b2, b3, c0, c1, c2, c3, d0 + counter, d1 + n0, d2 + n1];
  for (let i = 0; i < 15; i++) out[i] = block[i];
  out[15] = d3 + n2;
  for (let i = 0; i < 8; i++) out[4 + i] += key[i];
}

/** The sixteen words of one block. @throws VeilganError VALIDATION where the key is not eight words */
export function chacha(key: Uint32Array, counter: number, nonce: readonly [number, number, number]): Uint32Array {
  mustBeKey(key);
  const out = new Uint32Array(16);
  chachaInto(out, key, counter, nonce[0], nonce[1], nonce[2]);
  return out;
}

export function mustBeKey(key: Uint32Array): void {
  if (key.length !== 8) {
    throw new VeilganError('VALIDATION', `a ChaCha20 key has eight 32-bit words, not ${key.length}`, {
      where: 'ChaCha20',
      fix: 'Derive it with PrivacyKey',
    });
  }
}

/** Uniform 32-bit words. */
export interface Words {
  uint32(): number;
}

/** A whole number below n, 1 <= n <= 2^32, all alike: words beyond the largest multiple of n are drawn again. */
export function below(words: Words, n: number): number {
  const limit = TWO_32 - (TWO_32 % n);
  for (;;) {
    const word = words.uint32();
    if (word < limit) return word % n;
  }
}

/**
 * The words of one key and nonce in order: 2^32 blocks of sixteen. Two streams never overlap where their nonces differ.
 */
export class ChaChaStream {
  readonly #key: Uint32Array;
  readonly #nonce: readonly [number, number, number];
  readonly #words = new Uint32Array(16);
  #block = 0;
  #used = 16;

  /** @throws VeilganError VALIDATION where the key is not eight words */
  constructor(key: Uint32Array, nonce: readonly [number, number, number]) {
    mustBeKey(key);
    this.#key = key;
    this.#nonce = nonce;
  }

  /** Uniform on 0 .. 2^32 - 1. @throws VeilganError OVER_LIMIT after 2^36 words: a block is never used twice */
  uint32(): number {
    if (this.#used === 16) {
      if (this.#block === TWO_32) {
        throw new VeilganError('OVER_LIMIT', 'a ChaCha20 stream is used up after 2^36 words', {
          where: 'ChaCha20',
          fix: 'Draw in more, smaller pieces',
        });
      }
      chachaInto(this.#words, this.#key, this.#block++, this.#nonce[0], this.#nonce[1], this.#nonce[2]);
      this.#used = 0;
    }
    return this.#words[this.#used++];
  }

  /** Forgets the words that were drawn ahead. */
  wipe(): void {
    this.#words.fill(0);
    this.#used = 16;
  }
}
