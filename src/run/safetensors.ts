/**
 * Reader and writer of the safetensors format: u64 little-endian header length, JSON header, tensor bytes.
 * Source: the format definition and reference implementation of huggingface/safetensors (`tensor.rs`), whose
 * rules are kept: header <= 100 MB and starting with `{`, padded with spaces so that data start at a multiple
 * of 8; tensors sorted by falling element size, then name; no holes, no overlaps, no bytes left over.
 * Browser-safe. Typed arrays are viewed as they are, so the host must be little-endian (all WebGPU hosts are).
 */
import { VeilganError } from '../base/errors.ts';

export type TensorData = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** One tensor; the dtype follows from the array's type, except that `dtype: 'BOOL'` marks bytes as truth values. */
export interface StoredTensor {
  shape: readonly number[];
  data: TensorData;
  dtype?: 'BOOL';
}

export interface SafetensorsFile {
  tensors: Record<string, { shape: number[]; data: TensorData; dtype?: 'BOOL' }>;
  metadata: Record<string, string>;
}

/** What elements are kept in, by dtype; F16 becomes f32. */
const ARRAYS = {
  ...{ F64: Float64Array, F32: Float32Array, I32: Int32Array, U32: Uint32Array },
  ...{ F16: Uint16Array, U8: Uint8Array, BOOL: Uint8Array },
} as const;

type Dtype = keyof typeof ARRAYS;

const sizeOf = (dtype: Dtype): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

/** The dtype of an array: its type's. */
export const dtypeOf = (data: TensorData): Dtype =>
  (Object.keys(ARRAYS) as Dtype[]).find((dtype) => data instanceof ARRAYS[dtype]) as Dtype;
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  /** Byte range inside the data section. */
  begin: number;
  end: number;
}

/**
 * The file as a list of byte blocks (header first), ready to be written one after the other without a copy.
 * Throws SHAPE when a shape and its number of elements disagree, CONFIG for an impossible name or metadata value.
 */
export function safetensorsBlocks(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const list = Object.entries(tensors).map(([name, tensor]) => ({ name, tensor, dtype: checkedDtype(name, tensor) }));
  list.sort((a, b) => sizeOf(b.dtype) - sizeOf(a.dtype) || (a.name < b.name ? -1 : 1));
  const fields: [string, unknown][] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new VeilganError('CONFIG', 'safetensors metadata must be text', { where: key });
  }
  if (Object.keys(metadata).length > 0) fields.push([METADATA, metadata]);
  let offset = 0;
  for (const { name, tensor, dtype } of list) {
    const end = offset + tensor.data.byteLength;
    fields.push([name, { dtype, shape: [...tensor.shape], data_offsets: [offset, end] }]);
    offset = end;
  }
  // fromEntries defines properties, so that a tensor called `__proto__` is a name like any other.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(fields)));
  const padded = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, 8);
  return [head, ...list.map(({ tensor: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** The file as one block of bytes; see `safetensorsBlocks`. */
export function encodeSafetensors(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const blocks = safetensorsBlocks(tensors, metadata);
  const out = new Uint8Array(blocks.reduce((sum, b) => sum + b.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}

/**
 * Reads a whole file. F16 comes back as f32; other dtypes keep their type. The input is untrusted: header
 * length, JSON, dtypes, shape products, offsets, overlaps and holes are checked before anything is allocated.
 * Throws FILE, naming `file` and the byte offset.
 * @param wanted names of the tensors to read, default all; others may be of any dtype, and only their place is checked
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  file = 'safetensors file',
  wanted: (name: string) => boolean = () => true,
): SafetensorsFile {
  const { entries: all, metadata, dataStart } = parseHeader(bytes, file, wanted);
  const entries = all.filter(({ name }) => wanted(name));
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const raw = copyBytes(bytes, dataStart + begin, dataStart + end);
    return [name, { shape, data: view(dtype, raw), ...(dtype === 'BOOL' ? { dtype } : {}) }] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

function parseHeader(bytes: Uint8Array, file: string, wanted: (name: string) => boolean) {
  const bad = (message: string, byte: number): VeilganError =>
    new VeilganError('FILE', message, {
      where: `${file}, byte ${byte}`,
      fix: 'The file is damaged or not a safetensors file: take another copy of it',
    });
  if (bytes.length < 8) throw bad(`the file ends after ${bytes.length} bytes, before the header length`, bytes.length);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER)) throw bad(`header length ${declared} is above ${MAX_HEADER}`, 0);
  const length = Number(declared);
  const dataStart = 8 + length;
  if (dataStart > bytes.length) {
    throw bad(`header length ${length} goes beyond the end of the file (${bytes.length} bytes)`, 0);
  }
  if (bytes[8] !== 0x7b || length === 0) throw bad('the header does not start with {', 8);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart));
    header = JSON.parse(text);
  } catch (cause) {
    throw bad(`the header is not JSON (${(cause as Error).message})`, 8);
  }
  const encoder = new TextEncoder();
  /** Byte of the file where the header mentions a name. */
  const place = (name: string) =>
    8 + encoder.encode(text.slice(0, Math.max(0, text.indexOf(JSON.stringify(name))))).length;

  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name === METADATA) {
      if (!isRecord(value) || !Object.values(value).every((v) => typeof v === 'string')) {
        throw bad(`${METADATA} must map names to text`, place(name));
      }
      metadata = value as Record<string, string>;
      continue;
    }
    const problem = (what: string) => bad(`tensor ${JSON.stringify(name)}: ${what}`, place(name));
    if (!isRecord(value)) throw problem('its description is not an object');
    const { dtype, shape, data_offsets: offsets } = value;
    const read = wanted(name);
    if (read && (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype))) {
      throw problem(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(ARRAYS).join(', ')}`);
    }
    if (!Array.isArray(shape) || !shape.every(isCount)) throw problem('shape is not a list of whole numbers >= 0');
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
      throw problem('data_offsets is not a pair of whole numbers >= 0');
    }
    const [begin, end] = offsets as [number, number];
    const count = product(shape);
    const available = bytes.length - dataStart;
    if (begin > end || end > available) {
      throw problem(`data_offsets [${begin}, ${end}] lie outside the ${available} bytes of data`);
    }
    if (read && (count === undefined || count * sizeOf(dtype as Dtype) !== end - begin)) {
      throw problem(`shape [${shape.join(', ')}] of ${dtype} does not fill its ${end - begin} bytes`);
    }
    entries.push({ name, dtype: dtype as Dtype, shape, begin, end });
  }
  const byPlace = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  for (const entry of byPlace) {
    if (entry.begin !== reached) {
      const what = entry.begin < reached ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw bad(`tensor ${JSON.stringify(entry.name)} ${what}`, dataStart + entry.begin);
    }
    reached = entry.end;
  }
  if (dataStart + reached !== bytes.length) {
    throw bad(`${bytes.length - dataStart - reached} bytes after the last tensor`, dataStart + reached);
  }
  return { entries, metadata, dataStart };
}

function checkedDtype(name: string, { shape, data, dtype }: StoredTensor): Dtype {
  if (name === METADATA) throw new VeilganError('CONFIG', `a tensor cannot be called ${METADATA}`, { where: name });
  if (!shape.every(isCount) || product(shape) !== data.length) {
    throw new VeilganError('SHAPE', `shape [${shape.join(', ')}] does not hold ${data.length} elements`, {
      where: name,
    });
  }
  if (data instanceof Uint8Array) return dtype ?? 'U8';
  if (dtype) throw new VeilganError('CONFIG', 'BOOL needs bytes (Uint8Array)', { where: name });
  return dtypeOf(data);
}

/**
 * A copy in memory of its own: aligned whatever the offset of `bytes`, and not keeping the file alive. Goes around
 * `bytes.slice`, which is not a copy when `bytes` is a Node Buffer.
 */
export function copyBytes(bytes: Uint8Array, begin: number, end: number): ArrayBuffer {
  const copy = new Uint8Array(end - begin);
  copy.set(bytes.subarray(begin, end));
  return copy.buffer;
}

const view = (dtype: Dtype, raw: ArrayBuffer): TensorData =>
  dtype === 'F16' ? Float32Array.from(new Uint16Array(raw), halfToFloat) : new ARRAYS[dtype](raw);

/** IEEE 754 binary16 bits to a number, exactly: subnormals, infinities and NaN included. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Number of elements, or undefined where it is no longer an exact integer. */
function product(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let total = 1;
  for (const size of shape) {
    total *= size;
    if (!Number.isSafeInteger(total * 8)) return undefined;
  }
  return total;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
