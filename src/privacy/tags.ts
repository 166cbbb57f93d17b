/**
 * What tells a record from all others, wherever it stands, so that two data sets that differ in one record share all draws
 * of the others. Equal records are numbered, 0, 1, 2, ...: one of them fewer, and the last number is missing, whichever
 * was taken away.
 */
import { sha256 } from '@noble/hashes/sha2';

/** What of a data set tags are made of. */
export interface Tagged {
  /** [rows, features]; rows beyond `rows` are not looked at */
  readonly train: Float32Array | Uint8Array;
  readonly features: number;
  /** class of each row, which belongs to its content where it is there */
  readonly labels?: { readonly train: Uint32Array };
}

/**
 * The tag of each record, [rows, 2] u32. Two unlike records share one with probability 2^-64.
 * @param rows of the data set's training rows the first so many
 * @param key eight words: `PrivacyKey.derive('tags')`
 */
export function tagsOf({ train, features, labels }: Tagged, rows: number, key: Uint32Array): Uint32Array {
  const width = features * train.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(train.buffer, train.byteOffset, rows * width);
  // Key, number among equals, label, content.
  const text = new Uint8Array(40 + width);
  const head = new DataView(text.buffer);
  for (let i = 0; i < 8; i++) head.setUint32(4 * i, key[i], true);
  const seen = new Map<string, number>();
  const out = new Uint32Array(2 * rows);
  const hash = (number: number) => {
    head.setUint32(32, number, true);
    const { buffer, byteOffset } = sha256(text);
    return new DataView(buffer, byteOffset);
  };
  for (let row = 0; row < rows; row++) {
    text.set(bytes.subarray(row * width, (row + 1) * width), 40);
    head.setUint32(36, labels ? labels.train[row] : 0, true);
    const first = hash(0);
    const content = `${first.getUint32(0)} ${first.getUint32(4)} ${first.getUint32(8)}`;
    const number = seen.get(content) ?? 0;
    seen.set(content, number + 1);
    const tag = number ? hash(number) : first;
    out[2 * row] = tag.getUint32(0, true);
    out[2 * row + 1] = tag.getUint32(4, true);
  }
  text.fill(0);
  return out;
}
