/**
 * NumPy's .npy format. Source: `numpy/lib/_format_impl.py` (magic, version, little-endian header length, a
 * Python dict literal padded with spaces to a multiple of 64 and ended by a newline, then the elements in C order).
 * Writes version 1.0. Browser-safe, little-endian hosts.
 */
import { VeilganError } from '../base/errors.ts';
import { dtypeOf, type TensorData } from './safetensors.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const ALIGN = 64;

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

/** `<f4` for f32: byte order, kind, bytes of an element. */
const descr = (data: TensorData): string =>
  `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${dtypeOf(data)[0].toLowerCase()}${data.BYTES_PER_ELEMENT}`;
