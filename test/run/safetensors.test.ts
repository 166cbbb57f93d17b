import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { decodeSafetensors, encodeSafetensors, halfToFloat, safetensorsBlocks } from '../../src/run/safetensors.ts';

/** A file by hand: header length, header text, bytes. */
function file(header: string, data: number[] = [], length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + data.length);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  out.set(text, 8);
  out.set(data, 8 + text.length);
  return out;
}

function failure(bytes: Uint8Array): VeilganError {
  try {
    decodeSafetensors(bytes, 'x.safetensors');
  } catch (error) {
    assert.instance(error, VeilganError);
    const failed = error as VeilganError;
    assert.is(failed.code, 'FILE');
    assert.match(failed.where, /^x\.safetensors, byte \d+$/);
    return failed;
  }
  throw new Error('was accepted');
}

test('the bytes are those of the format definition', () => {
  const bytes = encodeSafetensors(
    { b: { shape: [], data: new Uint8Array([7]) }, a: { shape: [2], data: new Float32Array([1, -2]) } },
    { step: '3' },
  );
  const json =
    '{"__metadata__":{"step":"3"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
    '"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8, ' ');
  const expected = file(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 7]);
  assert.equal([...bytes], [...expected]);
  assert.is((bytes.length - 9) % 8, 0);
});

test('tensors that nobody wants may be of any type, but lie where they say', () => {
  const header = (end: number) =>
    `{"n":{"dtype":"I64","shape":[],"data_offsets":[0,${end}]},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`;
  const data = [...new Array(8).fill(9), 0, 0, 0x80, 0x3f];
  assert.match(failure(file(header(8), data)).message, /"I64" is not one of/);
  const read = decodeSafetensors(file(header(8), data), 'x', (name) => name === 'a');
  assert.equal(Object.keys(read.tensors), ['a']);
  assert.equal([...read.tensors.a.data], [1]);
  assert.throws(() => decodeSafetensors(file(header(7), data), 'x', (name) => name === 'a'), /leaves a hole/);
  assert.throws(() => decodeSafetensors(file(header(99), data), 'x', (name) => name === 'a'), /outside the 12 bytes/);
});

test('every dtype, shape and name survives a round trip', () => {
  const tensors = {
    scalar: { shape: [], data: new Float32Array([Number.NaN]) },
    empty: { shape: [3, 0, 2], data: new Float32Array(0) },
    matrix: { shape: [2, 3], data: new Float32Array([1e-45, -0, 3.4e38, Infinity, -1, 0.1]) },
    doubles: { shape: [2], data: new Float64Array([Math.PI, -1e300]) },
    ints: { shape: [2], data: new Int32Array([-(2 ** 31), 5]) },
    words: { shape: [1], data: new Uint32Array([0xffffffff]) },
    bytes: { shape: [3], data: new Uint8Array([0, 128, 255]) },
    truth: { shape: [2], data: new Uint8Array([0, 1]), dtype: 'BOOL' as const },
    'G/ü "quoted"\n\u{1f600}': { shape: [1], data: new Float32Array([2]) },
  };
  const own = Object.fromEntries([
    ...Object.entries(tensors),
    ['__proto__', { shape: [1], data: new Float32Array([3]) }],
  ]);
  // At an odd offset of a larger buffer, as a page may hand it over; Node's Buffer below is a piece of a pool.
  const bytes = encodeSafetensors(own, { a: 'ü', b: '' });
  const odd = new Uint8Array(bytes.length + 1);
  odd.set(bytes, 1);
  for (const input of [odd.subarray(1), Buffer.from(bytes)]) {
    const read = decodeSafetensors(input);
    assert.equal(read.metadata, { a: 'ü', b: '' });
    assert.equal(Object.keys(read.tensors).sort(), Object.keys(own).sort());
    for (const [name, { shape, data }] of Object.entries(own)) {
      assert.equal(read.tensors[name].shape, [...shape], name);
      assert.is(read.tensors[name].data.constructor, data.constructor, name);
      assert.ok(Buffer.from(read.tensors[name].data.buffer).equals(Buffer.from(data.buffer)), name);
    }
    assert.is(read.tensors.truth.dtype, 'BOOL');
  }
});

test('a view of a larger buffer is written as the view', () => {
  const whole = new Float32Array([9, 1, 2, 9]);
  const read = decodeSafetensors(encodeSafetensors({ v: { shape: [2], data: whole.subarray(1, 3) } }));
  assert.equal([...read.tensors.v.data], [1, 2]);
  assert.is(safetensorsBlocks({ v: { shape: [2], data: whole.subarray(1, 3) } })[1].buffer, whole.buffer);
});

test('no tensors at all, as in the reference', () => {
  assert.equal(decodeSafetensors(file('{}')), { tensors: {}, metadata: {} });
  assert.equal(decodeSafetensors(encodeSafetensors({})), { tensors: {}, metadata: {} });
});

test('half precision: every class of number', () => {
  const cases: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x83ff, -1023 * 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, Number.NaN],
  ];
  for (const [bits, value] of cases) assert.ok(Object.is(halfToFloat(bits), value), bits.toString(16));
  const read = decodeSafetensors(file('{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', [0, 0x3c, 0xff, 0x7b]));
  assert.equal(read.tensors.h.data, new Float32Array([1, 65504]));
});

const one = (fields: string) => `{"t":{${fields}}}`;
const bad: [string, Uint8Array, RegExp][] = [
  ['empty file', new Uint8Array(0), /ends after 0 bytes/],
  ['seven bytes', new Uint8Array(7), /ends after 7 bytes/],
  ['header of 2^64-1 bytes', file('{}', [], 2n ** 64n - 1n), /above 100000000/],
  ['header of 2^32 bytes', file('{}', [], 2n ** 32n), /above/],
  ['header longer than the file', file('{}', [], 3n), /beyond the end of the file/],
  ['header of zero bytes', file('', [1, 2, 3]), /does not start with \{/],
  ['array as header', file('[]'), /does not start with \{/],
  ['leading blank', file(' {}'), /does not start with \{/],
  ['broken JSON', file('{"a":'), /not JSON/],
  ['two documents', file('{}{}'), /not JSON/],
  ['bytes that are not UTF-8', file('{"\u0001"}').map((b) => (b === 1 ? 0xff : b)), /not JSON/],
  ['metadata not text', file('{"__metadata__":{"a":1}}'), /__metadata__/],
  ['metadata a list', file('{"__metadata__":["a"]}'), /__metadata__/],
  ['description null', file('{"t":null}'), /"t": its description/],
  ['unknown dtype', file(one('"dtype":"I64","shape":[1],"data_offsets":[0,8]'), Array(8).fill(0)), /dtype "I64"/],
  ['dtype of the prototype', file(one('"dtype":"toString","shape":[],"data_offsets":[0,0]')), /dtype "toString"/],
  ['dtype missing', file(one('"shape":[1],"data_offsets":[0,4]'), [0, 0, 0, 0]), /dtype undefined/],
  ['negative size', file(one('"dtype":"U8","shape":[-1],"data_offsets":[0,0]')), /shape is not/],
  ['fractional size', file(one('"dtype":"U8","shape":[0.5],"data_offsets":[0,0]')), /shape is not/],
  ['size beyond 2^53', file(one('"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,0]')), /shape is not/],
  ['shape a text', file(one('"dtype":"U8","shape":"1","data_offsets":[0,1]'), [0]), /shape is not/],
  [
    'product overflows',
    file(one('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]')),
    /does not fill/,
  ],
  [
    'product wraps in 64 bits',
    file(one(`"dtype":"U8","shape":[${2 ** 40},${2 ** 24}],"data_offsets":[0,0]`)),
    /does not fill/,
  ],
  [
    'too few bytes',
    file(one('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), [0, 0, 0, 0]),
    /does not fill its 4 bytes/,
  ],
  ['no offsets', file(one('"dtype":"U8","shape":[0]')), /data_offsets is not/],
  ['three offsets', file(one('"dtype":"U8","shape":[1],"data_offsets":[0,1,1]'), [0]), /data_offsets is not/],
  ['negative offset', file(one('"dtype":"U8","shape":[1],"data_offsets":[-1,0]'), [0]), /data_offsets is not/],
  ['offsets reversed', file(one('"dtype":"U8","shape":[0],"data_offsets":[1,0]'), [0]), /lie outside/],
  [
    'offset beyond the data',
    file(one('"dtype":"U8","shape":[9],"data_offsets":[0,9]'), [0]),
    /lie outside the 1 bytes/,
  ],
  ['hole at the start', file(one('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), [0, 0]), /leaves a hole/],
  ['bytes left over', file(one('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), [0, 0]), /1 bytes after the last/],
  [
    'overlap',
    file(
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
      [0, 0, 0],
    ),
    /"b" overlaps/,
  ],
  [
    'the same bytes twice',
    file(
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
      [0, 0],
    ),
    /overlaps/,
  ],
];
for (const [name, bytes, message] of bad) {
  test(`refused: ${name}`, () => assert.match(failure(bytes).message, message));
}

test('every shorter prefix of a sound file is refused', () => {
  const bytes = encodeSafetensors({
    a: { shape: [3], data: new Float32Array(3) },
    b: { shape: [1], data: new Uint8Array(1) },
  });
  for (let n = 0; n < bytes.length; n++) failure(bytes.subarray(0, n));
});

test('errors point at the byte', () => {
  const header =
    '{"ok":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"bad":{"dtype":"X","shape":[],"data_offsets":[1,2]}}';
  assert.is(failure(file(header, [0, 0])).where, `x.safetensors, byte ${8 + header.indexOf('"bad"')}`);
  const hole = one('"dtype":"U8","shape":[1],"data_offsets":[1,2]');
  assert.is(failure(file(hole, [0, 0])).where, `x.safetensors, byte ${8 + hole.length + 1}`);
});

test('what cannot be written is refused', () => {
  const data = new Float32Array(2);
  assert.throws(() => encodeSafetensors({ t: { shape: [3], data } }), /does not hold 2 elements/);
  assert.throws(() => encodeSafetensors({ t: { shape: [0.5, 4], data } }), /does not hold/);
  assert.throws(() => encodeSafetensors({ t: { shape: [2], data, dtype: 'BOOL' } }), /BOOL needs bytes/);
  assert.throws(() => encodeSafetensors({ __metadata__: { shape: [2], data } }), /cannot be called/);
  assert.throws(() => encodeSafetensors({}, { step: 3 as unknown as string }), /must be text/);
});

test.run();
