import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { encodeNpy } from '../../src/run/npy.ts';
import { decodeNpy } from '../support/npy.ts';

/** A version 1.0 file by hand. */
function file(dict: string, data: number[], version = 1): Uint8Array {
  const text = new TextEncoder().encode(dict);
  const long = version > 1;
  const out = new Uint8Array((long ? 12 : 10) + text.length + data.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  if (long) new DataView(out.buffer).setUint32(8, text.length, true);
  else new DataView(out.buffer).setUint16(8, text.length, true);
  out.set(text, long ? 12 : 10);
  out.set(data, out.length - data.length);
  return out;
}

test('the bytes are those that numpy.save writes', () => {
  const bytes = encodeNpy(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
  const dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  const expected = file(`${dict.padEnd(117)}\n`, [...new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer)]);
  assert.equal([...bytes], [...expected]);
  assert.is(bytes.length - 24, 128);
});

test('round trips', () => {
  const arrays: [Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array, number[]][] = [
    [new Float32Array([Number.NaN, -0, 1e-45]), [3]],
    [new Float64Array([Math.PI]), []],
    [new Int32Array([-1, 2]), [2, 1]],
    [new Uint32Array([4294967295]), [1, 1, 1]],
    [new Uint8Array(24), [2, 3, 4]],
    [new Float32Array(0), [0, 2]],
    [new Float32Array(3).subarray(1, 2), [1]],
  ];
  for (const [data, shape] of arrays) {
    const bytes = encodeNpy(data, shape);
    assert.is((bytes.length - data.byteLength) % 64, 0);
    // A small Buffer is a piece of Node's pool, at any offset.
    for (const input of [bytes, Buffer.from(bytes)]) {
      const read = decodeNpy(input);
      assert.equal(read.shape, shape);
      assert.is(read.data.constructor, data.constructor);
      assert.equal([...read.data].map(String), [...data].map(String));
    }
  }
});

test('versions 2 and 3 have a longer header length', () => {
  const dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
  for (const version of [2, 3]) {
    assert.equal(decodeNpy(file(dict, [0, 0, 0x80, 0x3f], version)), { shape: [1], data: new Float32Array([1]) });
  }
});

const dict = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
const bad: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /not an npy file/],
  ['other magic', new Uint8Array(64), /not an npy file/],
  ['version 9', file(dict('<f4', '()'), [], 9), /version 9/],
  ['big-endian', file(dict('>f4', '()'), [0, 0, 0, 0]), /'>f4' is not one of/],
  ['object array', file(dict('|O', '()'), []), /'\|O' is not one of/],
  ['name of the prototype', file(dict('toString', '()'), []), /'toString' is not one of/],
  ['records', file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", []), /records/],
  ['Fortran order', file(dict('<f4', '(1, 1)', 'True'), [0, 0, 0, 0]), /Fortran/],
  ['negative size', file(dict('<f4', '(-1,)'), []), /lacks/],
  ['too short', file(dict('<f4', '(2,)'), [0, 0, 0, 0]), /needs 8 bytes, the file has 4/],
  ['too long', file(dict('<f4', '()'), [0, 0, 0, 0, 0]), /needs 4 bytes, the file has 5/],
  ['overflowing shape', file(dict('<f4', '(99999999999, 99999999999)'), []), /needs/],
  ['header beyond the end', file(dict('<f4', '()'), []).subarray(0, 30), /beyond the end/],
  ['version 2 cut in its header length', file(dict('<f4', '()'), [], 2).subarray(0, 11), /inside the header/],
];
for (const [name, bytes, message] of bad) {
  test(`refused: ${name}`, () => {
    try {
      decodeNpy(bytes, 'x.npy');
    } catch (error) {
      assert.instance(error, VeilganError);
      assert.match((error as VeilganError).message, message);
      assert.match((error as VeilganError).where, /^x\.npy, byte \d+$/);
      return;
    }
    assert.unreachable();
  });
}

test('a shape that does not fit is not written', () => {
  assert.throws(() => encodeNpy(new Float32Array(3), [2]), /does not hold 3/);
});

test.run();
