/**
 * Choosing and ordering rows by a keyed hash of each row itself, so that no other row has a say in where it goes. Copies
 * of a row are told apart by how many came before them, so that one copy more or less moves none of the others. The key
 * follows from a public seed: what is chosen is no secret, it only must not depend on other rows. Browser-safe.
 */
import { sipHash } from '../privacy/partition.ts';

/** What rows are hashed for; each use has hashes of its own. */
const USES = { holdout: 0x646c6f68, order: 0x6564726f, side: 0x65646973 } as const;

const TWO_32 = 4294967296;

/** Hashes rows one after the other. */
export class RowHash {
  readonly #key: Uint32Array;
  /** by the first 53 bits of the hash of a row: how many equal ones there were */
  readonly #seen = new Map<number, number>();

  /** @param seed public, 0 to 2^53 - 1 */
  constructor(seed: number, use: keyof typeof USES) {
    this.#key = Uint32Array.of(seed >>> 0, Math.floor(seed / TWO_32), USES[use], 0x6c696576);
  }

  /** A number of [0, 1), uniform up to 2^-53, of a row and of how many equal ones came before it. */
  next(row: Uint8Array): number {
    const [low, high] = sipHash(this.#key, row);
    const known = (high >>> 11) * TWO_32 + low;
    const before = this.#seen.get(known) ?? 0;
    this.#seen.set(known, before + 1);
    const [a, b] = sipHash(this.#key, new Uint8Array(Uint32Array.of(low, high, before).buffer));
    return ((b >>> 11) * TWO_32 + a) / 2 ** 53;
  }
}

const encoder = new TextEncoder();

/** Cells as bytes, unlike for unlike rows: each with its length before it. */
export const bytesOfCells = (cells: readonly string[]): Uint8Array =>
  encoder.encode(cells.map((cell) => `${cell.length}:${cell}`).join(''));
