/** What convolutions refuse, naming the shapes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { conv, convFilter, convTranspose } from '../../src/ops/conv.ts';
import { codeOf, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const make = (...shape: number[]) => new Values(1).tensor(gpu, shape);
const refused = async (fn: () => unknown) => assert.is(await codeOf(fn), 'SHAPE');
const around = (top: number, bottom: number, left: number, right: number) =>
  ({
    padding: [
      [top, bottom],
      [left, right],
    ],
  }) as const;
const [x, k] = [make(1, 2, 5, 5, 3), make(1, 3, 3, 3, 4)];

test('operands that do not fit each other, with their shapes in the message', async () => {
  await refused(() => conv(make(1, 2, 5, 5, 2), k));
  await refused(() => conv(make(2, 5, 5, 3), k));
  await refused(() => conv(x, make(3, 3, 3, 4)));
  await refused(() => conv(make(2, 2, 5, 5, 3), make(3, 3, 3, 3, 4)));
  await refused(() => convTranspose(make(1, 2, 5, 5, 3), k));
  await refused(() => convFilter(x, make(1, 2, 4, 5, 4), [3, 3]));
  await refused(() => convFilter(x, make(1, 3, 5, 5, 4), [3, 3]));
  await refused(() => convFilter(x, make(2, 2, 5, 5, 4), [3, 3]));
  await refused(() => convFilter(make(4, 2, 5, 5, 3), make(4, 2, 5, 5, 4), [3, 3], { blocks: 3 }));
  const bias = make(3);
  await refused(() => conv(x, k, { epilogue: { kind: 'bias', bias } }));
  assert.throws(() => conv(make(1, 2, 5, 5, 2), k), /\[1, 2, 5, 5, 2\].*\[1, 3, 3, 3, 4\]/);
});

test('kernels larger than the padded image, and sizes that no image has', async () => {
  await refused(() => conv(make(1, 2, 2, 5, 3), k, { padding: 'valid' }));
  await refused(() => conv(make(1, 2, 5, 1, 3), k, around(0, 0, 1, 0)));
  await refused(() => convTranspose(make(1, 2, 5, 5, 4), k, { stride: 2, output: [11, 10] }));
  await refused(() => convTranspose(make(1, 2, 1, 1, 4), k, around(2, 2, 2, 2)));
});

test('strides and paddings that are no counts', async () => {
  for (const stride of [0, -1, 1.5, Number.NaN]) {
    await refused(() => conv(x, k, { stride }));
    await refused(() => convTranspose(make(1, 2, 5, 5, 4), k, { stride }));
  }
  await refused(() => conv(x, k, around(-1, 0, 0, 0)));
  await refused(() => conv(x, k, around(0.5, 0, 0, 0)));
});

test('a padding of another name', async () => {
  await refused(() => conv(x, k, { padding: 'full' as 'same' }));
});

test.run();
