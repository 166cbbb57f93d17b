/** Flat buffers: where parameters lie, and how they get there and back. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { disposeFlat, flat, flatten, layout, readFlat, writeFlat } from '../../src/optim/flat.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { near, poison, sameBits, Values } from '../support/values.ts';
import { names, shapes } from './reference.ts';

const gpu = await open();
test.after(() => gpu.close());

const values = new Values(18);
const initial = Object.fromEntries(names.map((name) => [name, values.normal(shapes[name])]));

test('a flat buffer: ranges of 256 bytes in order, zeroed, written and read by name', async () => {
  assert.equal(layout([[1], [64], [65], [3, 5, 13], [], [0, 4], [2]]), {
    at: [0, 64, 128, 256, 512, 576, 576],
    length: 640,
  });
  poison(gpu, 1 << 17);
  const f = flat(gpu, shapes);
  assert.ok((await f.whole.read()).every((x) => x === 0));
  f.at.forEach((at, p) => {
    const part = f.parts[names[p]];
    assert.is(part.offset, 4 * at);
    assert.is(part.offset % 256, 0);
    assert.is(part.storage, f.whole.storage);
    assert.equal(part.shape, shapes[names[p]]);
  });
  gpu.upload(f.whole, new Float32Array(f.whole.length).fill(7));
  writeFlat(f, initial);
  const back = await readFlat(f);
  assert.equal(Object.keys(back), names);
  for (const name of names) {
    sameBits(back[name].data, initial[name], name);
    sameBits(await f.parts[name].read(), initial[name], name);
  }
  const sum = (x: Float32Array) => x.reduce((s, v) => s + Math.abs(v), 0);
  const expected = names.reduce((s, name) => s + sum(initial[name]), 0);
  near([sum(await f.whole.read())], [expected], { relative: 1e-6 });
  disposeFlat(f);
});

test('tensors flattened keep their values and names, and their originals', async () => {
  const tensors = Object.fromEntries(names.map((name) => [name, tensor(gpu, initial[name], shapes[name])]));
  const f = flatten(tensors);
  for (const name of names) {
    sameBits(await f.parts[name].read(), initial[name], name);
    assert.equal(f.parts[name].shape, tensors[name].shape);
    assert.is.not(f.parts[name].storage, tensors[name].storage);
  }
  disposeFlat(f);
});

test.run();
