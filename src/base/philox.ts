/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011),
 * on the host: every word is a pure function of (seed, stream, position), so nothing depends on call order or batching.
 * The words are exact everywhere; `normal()` is exact up to the last bit of the platform's Math.log and Math.cos.
 */
import { VeilganError } from './errors.ts';

export type Counter = readonly [number, number, number, number];
export type Key = readonly [number, number];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_32 = 4294967296;

/** The upper 32 bits of a 32x32-bit product, exact: four 16-bit partial products, each sum below 2^32. */
function mulHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const m = Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16);
  const middle = (Math.imul(al, bh) >>> 0) + (m & 0xffff);
  return (Math.imul(ah, bh) + ((m >>> 0) >>> 16) + (middle >>> 16)) >>> 0;
}

/** Writes the four words of Philox4x32-10 for counter (c0..c3) and key (k0, k1) to `out[0..3]`; allocates nothing. */
export function philoxInto(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = mulHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/**
 * A seed as two key words. @throws VeilganError CONFIG where it is no whole number from 0 to 2^53 - 1
 */
export function seedWords(seed: number): { seed: number; seed_high: number } {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new VeilganError('CONFIG', `the seed ${seed} is not a whole number from 0 to 2^53 - 1`, {
      where: 'seed',
      fix: 'Give a whole number, such as 1',
    });
  }
  return { seed: seed >>> 0, seed_high: Math.floor(seed / TWO_32) };
}

/**
 * Philox's counter of block `quad` at a draw site of a program, as shaders/lib/counter.wgsl has it: the site (below
 * 2^16) shares a word with the lower half of the repeat, and the program's word takes the upper half, so that no two
 * repeats below 2^32 meet.
 */
export const drawCounter = (quad: number, step: number, site: number, repeat: number, program: number): Counter => [
  quad >>> 0,
  step >>> 0,
  (site ^ (repeat << 16)) >>> 0,
  (program ^ (repeat >>> 16)) >>> 0,
];

/** The four words of Philox4x32-10 for one counter and key (unsigned 32-bit words). */
export function philox(counter: Counter, key: Key): Uint32Array {
  const out = new Uint32Array(4);
  philoxInto(out, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return out;
}

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text` (Fowler, Noll, Vo): turns the name of a stream into a key word. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * A named stream of random numbers: key = (low word of the seed, hash of the name), counter = (block, high word of the
 * seed). Its whole state is `position`, counted in 32-bit words, so a stream is stored and resumed by one number.
 *
 * @throws VeilganError CONFIG when the seed is not an integer in [0, 2^53).
 */
export class PhiloxStream {
  /** The next word that will be used. `uint32` uses 1, `uniform` 2, `normal` 4, `below` 1 or rarely more. */
  position = 0;
  private readonly seedLow: number;
  private readonly seedHigh: number;
  private readonly name: number;
  private readonly words = new Uint32Array(4);
  private loaded = -1;

  constructor(seed: number, stream: string) {
    const words = seedWords(seed);
    this.seedLow = words.seed;
    this.seedHigh = words.seed_high;
    this.name = hash32(stream);
  }

  /** The word at any position; leaves `position` as it is. */
  at(position: number): number {
    const word = position & 3;
    const block = (position - word) / 4;
    if (block !== this.loaded) {
      philoxInto(this.words, block >>> 0, Math.floor(block / TWO_32), this.seedHigh, 0, this.seedLow, this.name);
      this.loaded = block;
    }
    return this.words[word];
  }

  /** Uniform on the integers 0 .. 2^32 - 1. */
  uint32(): number {
    return this.at(this.position++);
  }

  /** Uniform on [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Standard normal by Box-Muller; the sine branch is dropped so that `position` remains the whole state. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /**
   * Uniform on the integers 0 .. n - 1 without bias, n in 1 .. 2^32: the high word of a product, rejecting the few low
   * words that would favour some values (Lemire, "Fast random integer generation in an interval", 2019).
   */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) throw new RangeError(`below(${n}): n must be in 1 .. 2^32`);
    if (n === TWO_32) return this.uint32();
    for (;;) {
      const word = this.uint32();
      const low = Math.imul(word, n) >>> 0;
      if (low >= n || low >= (TWO_32 - n) % n) return mulHigh(word, n);
    }
  }

  /** A uniformly random order of 0 .. n - 1 (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }
}
