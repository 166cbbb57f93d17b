/**
 * Which critic sees a record: a keyed hash of its own id and of nothing else. In a cut of the array into K slices removing
 * one record would move others across the borders, and parallel composition would not hold. The guarantee does not need
 * the key to be secret; it keeps whoever chooses ids from choosing partitions.
 */
import { VeilganError } from '../base/errors.ts';

const TWO_32 = 4294967296;

/** The state of SipHash: four 64-bit numbers as pairs of words, low first. */
type State = Uint32Array;

function addTo(v: State, a: number, b: number): void {
  const low = v[a] + v[b];
  v[a + 1] += v[b + 1] + (low >= TWO_32 ? 1 : 0);
  v[a] = low;
}

/** v[a] = rotate(v[a], left) ^ v[b], 0 < left < 32. */
function rotateXor(v: State, a: number, left: number, b: number): void {
  const [low, high] = [v[a], v[a + 1]];
  v[a] = ((low << left) | (high >>> (32 - left))) ^ v[b];
  v[a + 1] = ((high << left) | (low >>> (32 - left))) ^ v[b + 1];
}

function swap(v: State, a: number): void {
  const low = v[a];
  v[a] = v[a + 1];
  v[a + 1] = low;
}

/** One SipRound; v0 .. v3 lie at 0, 2, 4, 6. */
function round(v: State): void {
  addTo(v, 0, 2);
  rotateXor(v, 2, 13, 0);
  swap(v, 0);
  addTo(v, 4, 6);
  rotateXor(v, 6, 16, 4);
  addTo(v, 0, 6);
  rotateXor(v, 6, 21, 0);
  addTo(v, 4, 2);
  rotateXor(v, 2, 17, 4);
  swap(v, 4);
}

/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): 64 bits, [low word, high word].
 * @param key four words
 */
export function sipHash(key: Uint32Array, bytes: Uint8Array): [number, number] {
  const v = Uint32Array.of(
    0x70736575,
    0x736f6d65,
    0x6e646f6d,
    0x646f7261,
    0x6e657261,
    0x6c796765,
    0x79746573,
    0x74656462,
  );
  for (let i = 0; i < 8; i++) v[i] ^= key[i % 4];
  const words = (bytes.length >>> 3) + 1;
  const padded = new Uint8Array(8 * words);
  padded.set(bytes);
  padded[8 * words - 1] = bytes.length;
  const view = new DataView(padded.buffer);
  for (let i = 0; i < words; i++) {
    const [low, high] = [view.getUint32(8 * i, true), view.getUint32(8 * i + 4, true)];
    v[6] ^= low;
    v[7] ^= high;
    round(v);
    round(v);
    v[0] ^= low;
    v[1] ^= high;
  }
  v[4] ^= 0xff;
  for (let i = 0; i < 4; i++) round(v);
  return [(v[0] ^ v[2] ^ v[4] ^ v[6]) >>> 0, (v[1] ^ v[3] ^ v[5] ^ v[7]) >>> 0];
}

/**
 * The partition of each record, 0 .. partitions - 1, uniform up to 2^-32; sizes are unequal, as they must be.
 * @param ids one a record, which stay the same whatever other records there are: a number, a text (1 and '1' are one),
 * or bytes, such as the record itself.
 * @param key four words or more, e.g. of `PrivacyKey.derive('partition')`
 * @throws VeilganError CONFIG for a number of partitions that is no whole number >= 1
 */
export function partitionOf(
  ids: Iterable<number | string | Uint8Array>,
  partitions: number,
  key: Uint32Array,
): Uint32Array {
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > TWO_32 / 2 ** 12) {
    throw new VeilganError('CONFIG', `${partitions} partitions`, {
      where: 'partitions',
      fix: 'Give a whole number, at least 1',
    });
  }
  const encoder = new TextEncoder();
  const out: number[] = [];
  for (const id of ids) {
    const [, high] = sipHash(key, id instanceof Uint8Array ? id : encoder.encode(String(id)));
    out.push(Math.floor((high / TWO_32) * partitions));
  }
  return Uint32Array.from(out);
}

/** The row numbers of each partition, ascending. */
export function partitionRows(partition: Uint32Array, partitions: number): Uint32Array[] {
  const rows: number[][] = Array.from({ length: partitions }, () => []);
  partition.forEach((k, row) => {
    rows[k].push(row);
  });
  return rows.map((list) => Uint32Array.from(list));
}
