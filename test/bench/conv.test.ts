/** What the convolution benchmark runs and holds results against; the timing itself is no test. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { operands, passes, presetLayers, validate } from '../../bench/conv.ts';
import { convLayers, layerFlop, layerName, reduced } from '../../bench/conv-layers.ts';
import { peerLayers } from '../../bench/conv-peers.ts';
import { CASES, entry64, permuted, toleranceOf } from '../../bench/peers/conv.mjs';
import { open } from '../../src/api/node.ts';
import { conv64, convFilter64, convInput64, geometry, grouped64 } from '../support/conv64.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

test('the layers of the presets are those of the specification (Appendix B), K = 5, at full batches', () => {
  assert.equal(presetLayers(gpu, true).map(layerName), [
    'mnist generator 7x7x256 > 7x7x128, 1 x 320',
    'mnist generator 7x7x128 > 14x14x64, 1 x 320',
    'mnist generator 14x14x64 > 28x28x1, 1 x 320',
    'mnist critic 28x28x1 > 14x14x64, 5 x 128',
    'mnist critic 14x14x64 > 7x7x128, 5 x 128',
    'cifar10 generator 4x4x256 > 4x4x256, 1 x 320',
    'cifar10 generator 4x4x256 > 8x8x128, 1 x 320',
    'cifar10 generator 8x8x128 > 16x16x64, 1 x 320',
    'cifar10 generator 16x16x64 > 32x32x3, 1 x 320',
    'cifar10 critic 32x32x3 > 16x16x64, 5 x 128',
    'cifar10 critic 16x16x64 > 8x8x128, 5 x 128',
    'cifar10 critic 8x8x128 > 4x4x256, 5 x 128',
  ]);
  const [first, , last] = convLayers(gpu, 'mnist-js');
  const same = { h: 7, w: 7, oh: 7, ow: 7, kh: 5, kw: 5, sh: 1, sw: 1, top: 2, left: 2 };
  assert.equal(first.geometry, same);
  assert.equal(last.geometry, { h: 28, w: 28, oh: 14, ow: 14, kh: 5, kw: 5, sh: 2, sw: 2, top: 1, left: 1 });
  assert.is(layerFlop(first), 2 * 320 * 49 * 25 * 256 * 128);
});

test('finding the layers runs nothing and leaves no memory', () => {
  gpu.trim();
  const { live, pooled, buffers } = gpu.memory();
  convLayers(gpu, 'cifar10-js');
  gpu.trim();
  const after = gpu.memory();
  assert.equal([after.live, after.pooled, after.buffers], [live, pooled, buffers]);
});

test('reduced: a power of two of samples within the operations, the least and the layer itself', () => {
  const [layer] = convLayers(gpu, 'mnist-js');
  const one = layerFlop({ ...layer, n: 1 });
  assert.is(reduced(layer, 6.5 * one, 1).n, 4);
  assert.is(reduced(layer, 6.5 * one, 8).n, 8);
  assert.is(reduced(layer, 1e12, 1).n, 320);
  assert.is(reduced(layer, 0, 1).n, 1);
});

test('the peers run the cases that we run', () => {
  for (const large of [false, true]) {
    const ours = peerLayers(gpu, large).flatMap((layer) => [
      { case: `${layerName(layer)}, forward`, passes: [passes(layer)[0][1]], layer },
      {
        case: `${layerName(layer)}, both gradients`,
        passes: passes(layer)
          .slice(1)
          .map(([, pass]) => pass),
        layer,
      },
    ]);
    const theirs = CASES.filter(({ layer }) => large || !layer.large);
    const sizes = (cases: typeof theirs | typeof ours) =>
      cases.map(({ case: name, passes: some, layer: { geometry: at, n, ci, co } }) => [name, some, at, n, ci, co]);
    assert.equal(sizes(theirs), sizes(ours));
  }
});

test('single entries in float64 are those of the reference, with uneven padding and groups', () => {
  const values = new Values(1);
  const s = geometry([6, 7, 3], [5, 4, 3, 2], { stride: [2, 3] });
  const { ci, co, ...at } = s;
  const [groups, n] = [2, 3];
  const size = { x: n * at.h * at.w * ci, y: n * at.oh * at.ow * co, k: at.kh * at.kw * ci * co };
  const draw = (length: number) => Float64Array.from(values.normal([groups * length]));
  const of = { x: draw(size.x), y: draw(size.y), k: draw(size.k) };
  const whole = {
    conv: grouped64(conv64, [of.x, groups], [of.k, groups], n, s),
    input: grouped64(convInput64, [of.y, groups], [of.k, groups], n, s),
    filter: grouped64(convFilter64, [of.x, groups], [of.y, groups], n, s),
  };
  for (const pass of ['conv', 'input', 'filter'] as const) {
    const sizes = { geometry: at, n, ci, co };
    const got = Float64Array.from(whole[pass], (_, i) => entry64(pass, sizes, of, i));
    near(got, whole[pass], { relative: 1e-12, absolute: 1e-12, what: pass });
    assert.ok(toleranceOf(pass, sizes) < 1e-3, 'a wrong tap is far beyond the tolerance');
  }
});

test('products of small layers pass the validation, and one of other operands does not', async () => {
  for (const layer of convLayers(gpu, 'mnist-js', 2).map((one) => ({ ...one, n: 1 }))) {
    const of = operands(gpu, layer);
    for (const [, pass] of passes(layer)) await validate(gpu, layer, pass, of, [undefined]);
    for (const t of Object.values(of)) t.dispose();
  }
  const [layer] = convLayers(gpu, 'mnist-js', 2).map((one) => ({ ...one, n: 1 }));
  const of = operands(gpu, layer);
  // What the float64 entries are made of is then not what the kernels saw.
  Object.assign(of.x, { read: () => of.y.read() });
  let said = '';
  await validate(gpu, layer, 'conv', of, []).catch((error: Error) => {
    said = error.message;
  });
  assert.match(said, /^mnist generator 7x7x256 > 7x7x128, 1 x 1, conv, naive: entry \d+ is /);
});

test('permuted: axes in another order, by hand', () => {
  const values = Float32Array.of(0, 1, 2, 3, 4, 5);
  assert.equal([...permuted(values, [1, 2, 3], [2, 0, 1])], [0, 3, 1, 4, 2, 5]);
  const there = permuted(values, [3, 2, 1], [1, 2, 0]);
  assert.equal([...permuted(there, [2, 1, 3], [2, 0, 1])], [...values]);
});

test.run();
