/** Values of records: tables keep 32-bit floats, images the bytes of their source. */

import { BYTE_UNIT } from '../ops/gather.ts';

/** [rows, ...shape], row-major; bytes stand for the values of `floats`. */
export type Records = Float32Array | Uint8Array;

/**
 * The value of byte b in [-1, 1]: b / 127.5 - 1, computed as (2 b - 255) * BYTE_UNIT in 32-bit floats. The first factor
 * is exact and the product is rounded once, so a kernel that does the same gets the same bits; 0 gives -1 and 255 gives 1.
 */
export const byteValue = (byte: number): number => Math.fround((2 * byte - 255) * BYTE_UNIT);

/** The values of records as floats: floats are returned as they are (no copy), bytes b as b / 127.5 - 1. */
export function floats(records: Records): Float32Array {
  if (records instanceof Float32Array) return records;
  const values = Float32Array.from({ length: 256 }, (_, byte) => byteValue(byte));
  const out = new Float32Array(records.length);
  for (let i = 0; i < out.length; i++) out[i] = values[records[i]];
  return out;
}

/** Values in [-1, 1] as bytes, the inverse of `floats`; what lies outside is cut. */
export function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  // A typed array of its own would cut 254.9999 to 254.
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(255, Math.max(0, Math.round((values[i] + 1) * 127.5)));
  return bytes;
}
