/**
 * NumPy's .npy format. Source: `numpy/lib/_format_impl.py` (magic, version, little-endian header length, a
 * Python dict literal padded with spaces to a multiple of 64 and ended by a newline, then the elements in C order).
 * Writes version 1.0; reads 1.0, 2.0 and 3.0. Browser-safe, little-endian hosts.
 */
import { VeilganError } from '../base/errors.ts';
import { copyBytes, type TensorData } from './safetensors.ts';

export interface NpyArray {
  shape: number[];
  data: TensorData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ALIGN = 64;

const TYPES: Record<string, { bytes: number; make: (raw: ArrayBuffer) => TensorData }> = {
  '<f4': { bytes: 4, make: (raw) => new Float32Array(raw) },
  '<f8': { bytes: 8, make: (raw) => new Float64Array(raw) },
  '<i4': { bytes: 4, make: (raw) => new Int32Array(raw) },
  '<u4': { bytes: 4, make: (raw) => new Uint32Array(raw) },
  '|u1': { bytes: 1, make: (raw) => new Uint8Array(raw) },
};

/** An array of `shape` (C order) as the bytes of a .npy file. Throws SHAPE when shape and length disagree. */
export function encodeNpy(data: TensorData, shape: readonly number[]): Uint8Array {
  if (shape.reduce((a, b) => a * b, 1) !== data.length) {
    throw new VeilganError('SHAPE', `shape [${shape.join(', ')}] does not hold ${data.length} elements`, {
      where: 'npy',
    });
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr(data)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + dict.length + 1) / ALIGN) * ALIGN;
  const out = new Uint8Array(start + data.byteLength);
  out.set(MAGIC);
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, start - 10, true);
  out.set(new TextEncoder().encode(`${dict.padEnd(start - 11)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return out;
}

/** Reads a .npy file of f32, f64, i32, u32 or u8 in C order. Untrusted: throws FILE naming file and byte offset. */
export function decodeNpy(bytes: Uint8Array, file = 'npy file'): NpyArray {
  const bad = (message: string, byte: number, fix = 'The file is damaged: take another copy of it'): VeilganError =>
    new VeilganError('FILE', message, { where: `${file}, byte ${byte}`, fix });
  const resave = 'Save it again with numpy.save(file, numpy.ascontiguousarray(x, dtype="<f4"))';
  if (bytes.length < 10 || !MAGIC.every((byte, i) => bytes[i] === byte)) throw bad('not an npy file', 0, resave);
  const major = bytes[6];
  if (major < 1 || major > 3) throw bad(`npy version ${major} is not known`, 6, resave);
  const prefix = major === 1 ? 10 : 12;
  if (bytes.length < prefix) throw bad('the file ends inside the header', bytes.length);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = major === 1 ? header.getUint16(8, true) : header.getUint32(8, true);
  const start = prefix + length;
  if (start > bytes.length) throw bad(`header length ${length} goes beyond the end of the file`, 8);
  const text = new TextDecoder().decode(bytes.subarray(prefix, start));

  const type = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (type === undefined || order === undefined || tuple === undefined) {
    throw bad('the header lacks descr, fortran_order or shape, or describes records', prefix, resave);
  }
  if (!Object.hasOwn(TYPES, type)) throw bad(`type '${type}' is not one of ${Object.keys(TYPES)}`, prefix, resave);
  if (order === 'True') throw bad('the array is in Fortran order', prefix, resave);
  const shape = tuple
    .split(',')
    .filter((s) => s.trim() !== '')
    .map(Number);
  const { bytes: size, make } = TYPES[type];
  const wanted = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, size);
  // A product too large to be exact can never equal the length of a real file, so this also catches overflow.
  if (wanted !== bytes.length - start) {
    throw bad(`shape (${tuple}) of ${type} needs ${wanted} bytes, the file has ${bytes.length - start}`, start);
  }
  return { shape, data: make(copyBytes(bytes, start, bytes.length)) };
}

function descr(data: TensorData): string {
  if (data instanceof Float32Array) return '<f4';
  if (data instanceof Float64Array) return '<f8';
  if (data instanceof Int32Array) return '<i4';
  return data instanceof Uint32Array ? '<u4' : '|u1';
}
