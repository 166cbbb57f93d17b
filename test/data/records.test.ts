/** Bytes as values. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { byteValue, floats } from '../../src/data/records.ts';
import { BYTE_UNIT } from '../../src/ops/gather.ts';

test('bytes stand for b / 127.5 - 1, symmetric, with the ends exact', () => {
  const values = floats(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  assert.equal([values[0], values[255]], [-1, 1]);
  for (let byte = 0; byte < 256; byte++) {
    assert.ok(Math.abs(values[byte] - (byte / 127.5 - 1)) <= 2 ** -23, `${byte}: ${values[byte]}`);
    assert.is(values[byte], -values[255 - byte]);
    assert.is(values[byte], byteValue(byte));
    // As a kernel computes it: an exact first factor, one rounding.
    assert.is(values[byte], Math.fround(Math.fround(2 * byte - 255) * BYTE_UNIT));
  }
});

test('floats are handed on, windows of bytes count from their start', () => {
  const own = Float32Array.of(1, 2);
  assert.is(floats(own), own);
  assert.equal([...floats(Uint8Array.of(9, 9, 0, 255).subarray(2))], [-1, 1]);
});

test.run();
