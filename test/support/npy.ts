/** Reads what src/run/npy.ts writes, and what NumPy does: versions 1.0, 2.0 and 3.0. */
import { VeilganError } from '../../src/base/errors.ts';
import { copyBytes, type TensorData } from '../../src/run/safetensors.ts';

export interface NpyArray {
  shape: number[];
  data: TensorData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const TYPES: Record<string, { bytes: number; make: (raw: ArrayBuffer) => TensorData }> = {
  '<f4': { bytes: 4, make: (raw) => new Float32Array(raw) },
  '<f8': { bytes: 8, make: (raw) => new Float64Array(raw) },
  '<i4': { bytes: 4, make: (raw) => new Int32Array(raw) },
  '<u4': { bytes: 4, make: (raw) => new Uint32Array(raw) },
  '|u1': { bytes: 1, make: (raw) => new Uint8Array(raw) },
};

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
