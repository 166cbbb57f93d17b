/** InceptionV3: its table of tensors, each block and the whole network against float64, resizing, and bad files. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { applyPart, foldUnit, Inception, linearWeights, resizer } from '../../src/metrics/images/inception.ts';
import { channelsOf, inceptionParts, type Part, tensorsOf, unitsOf } from '../../src/metrics/images/inception-parts.ts';
import { openInception } from '../../src/run/inception.ts';
import { encodeSafetensors, type StoredTensor } from '../../src/run/safetensors.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, Values } from '../support/values.ts';
import { forward, type Image, type Stored, unitOf } from './inception-net.ts';

const gpu = await open();
const folder = fs.mkdtempSync(join(tmpdir(), 'veilgan-inception-'));
test.after(() => {
  gpu.close();
  fs.rmSync(folder, { recursive: true });
});
const values = new Values(23);

/** Random weights that keep activations near 1, and moments that matter when they are mistaken for one another. */
function stored(parts: readonly Part[]): Stored {
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const fill = (shape: readonly number[], make: () => number) => ({
    shape: [...shape],
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, make),
  });
  const out: Stored = {};
  for (const [name, shape] of parts.flatMap(unitsOf).flatMap((unit) => Object.entries(tensorsOf(unit)))) {
    const fan = shape.slice(1).reduce((a, b) => a * b, 1);
    if (name.endsWith('conv.weight')) out[name] = fill(shape, () => (uniform() - 0.5) * Math.sqrt(20 / fan));
    else if (name.endsWith('running_var') || name.endsWith('bn.weight')) out[name] = fill(shape, () => 0.5 + uniform());
    else out[name] = fill(shape, () => 0.6 * (uniform() - 0.5));
  }
  return out;
}
const raw = (all: Stored) => Object.fromEntries(Object.entries(all).map(([name, { data }]) => [name, data]));

test('the tensors of the network, by name and shape', () => {
  const units = inceptionParts().flatMap(([, part]) => unitsOf(part));
  assert.is(units.length, 94);
  const tensors = Object.fromEntries(units.flatMap((unit) => Object.entries(tensorsOf(unit))));
  const known: Record<string, number[]> = {
    'Conv2d_1a_3x3.conv.weight': [32, 3, 3, 3],
    'Conv2d_4a_3x3.conv.weight': [192, 80, 3, 3],
    'Mixed_5b.branch_pool.conv.weight': [32, 192, 1, 1],
    'Mixed_5c.branch5x5_1.conv.weight': [48, 256, 1, 1],
    'Mixed_5d.branch3x3dbl_3.conv.weight': [96, 96, 3, 3],
    'Mixed_6a.branch3x3.conv.weight': [384, 288, 3, 3],
    'Mixed_6b.branch7x7_2.conv.weight': [128, 128, 1, 7],
    'Mixed_6c.branch7x7dbl_2.conv.weight': [160, 160, 7, 1],
    'Mixed_6e.branch7x7_3.bn.running_var': [192],
    'Mixed_7a.branch3x3_2.conv.weight': [320, 192, 3, 3],
    'Mixed_7b.branch3x3_2a.conv.weight': [384, 384, 1, 3],
    'Mixed_7c.branch3x3dbl_1.conv.weight': [448, 2048, 1, 1],
    'Mixed_7c.branch_pool.bn.bias': [192],
  };
  for (const [name, shape] of Object.entries(known)) assert.equal(tensors[name], shape, name);
  // torchvision: 21,785,568 parameters without the classifier; the two moving moments come to them.
  const count = (wanted: (name: string) => boolean) =>
    Object.entries(tensors).reduce((sum, [name, shape]) => sum + (wanted(name) ? shape.reduce((a, b) => a * b) : 0), 0);
  assert.is(
    count((name) => !name.includes('running')),
    21_785_568,
  );
  const widths: number[] = [];
  let c = 3;
  for (const [, part] of inceptionParts()) {
    c = channelsOf(part, c);
    widths.push(c);
  }
  assert.equal(widths, [32, 32, 64, 64, 80, 192, 192, 256, 288, 288, 768, 768, 768, 768, 768, 1280, 2048, 2048]);
});

test('each part against float64, on odd sizes and few channels', async () => {
  const parts = inceptionParts(1 / 16);
  const all = stored(parts.map(([, part]) => part));
  const unit = unitOf(all);
  let channels = 3;
  for (const [name, part] of parts) {
    const shape = [2, 9, 7, channels] as const;
    const x = values.normal(shape);
    const want = forward(name, { shape, data: Float64Array.from(x) }, unit);
    const folded = new Map(unitsOf(part).map((u) => [u.name, foldUnit(gpu, u, raw(all))]));
    const y = applyPart(part, tensor(gpu, x, [1, ...shape]), folded);
    assert.equal(y.shape, [1, ...want.shape], name);
    near(await y.read(), want.data, { relative: 2e-5, absolute: 2e-5, what: name });
    assert.ok(
      want.data.some((v) => v > 0.1),
      name,
    );
    y.dispose();
    channels = channelsOf(part, channels);
  }
});

test('the whole network at full width, 75 pixels: all parts in a row, and the features', async () => {
  const parts = inceptionParts();
  const all = stored(parts.map(([, part]) => part));
  const network = new Inception(gpu, raw(all));
  assert.is(network.width, 2048);
  const shape = [1, 75, 75, 3] as const;
  const x = values.uniform(shape, -1, 1);
  let want: Image = { shape, data: Float64Array.from(x) };
  const unit = unitOf(all);
  for (const [name] of parts) want = forward(name, want, unit);
  const [, h, w, c] = want.shape;
  assert.equal([h, w, c], [1, 1, 2048]);
  const y = network.apply(tensor(gpu, x, [1, ...shape]));
  assert.equal(y.shape, [1, 1, 2048]);
  const scale = Math.sqrt(want.data.reduce((s, v) => s + v * v, 0) / 2048);
  assert.ok(scale > 0.05 && want.data.filter((v) => v > 0).length > 500, `${scale}`);
  near(await y.read(), want.data, { relative: 1e-4, absolute: 1e-4 * scale, what: 'features' });
  y.dispose();
  network.dispose();
});

test('resizing: the interpolation of PyTorch, up, down, grey and in colour', async () => {
  // torch.nn.functional.interpolate([[1, 2, 4]], size 6, mode linear): edges repeat.
  const weights = linearWeights(3, 6);
  const line = Array.from({ length: 6 }, (_, i) => [1, 2, 4].reduce((s, v, j) => s + v * weights[i * 3 + j], 0));
  near(line, [1, 1.25, 1.75, 2.5, 3.5, 4], { absolute: 1e-7 });
  // Size 2: at 0.25 and 1.75, no antialiasing.
  const half = linearWeights(3, 2);
  near(
    [0, 1].map((i) => [1, 2, 4].reduce((s, v, j) => s + v * half[i * 3 + j], 0)),
    [1.25, 3.5],
    { absolute: 1e-7 },
  );
  for (const [h, w, c, side] of [
    [5, 7, 3, 11],
    [9, 6, 1, 4],
    [4, 4, 3, 4],
  ]) {
    const x = values.normal([3, h, w, c]);
    const at = (from: number, i: number) => {
      const place = Math.max(0, ((i + 0.5) * from) / side - 0.5);
      const left = Math.min(from - 1, Math.floor(place));
      return { left, right: Math.min(from - 1, left + 1), part: place - left };
    };
    const want = Float64Array.from({ length: 3 * side * side * 3 }, (_, i) => {
      const [ch, px, py, n] = [
        i % 3,
        Math.floor(i / 3) % side,
        Math.floor(i / (3 * side)) % side,
        Math.floor(i / (3 * side * side)),
      ];
      const pixel = (r: number, q: number) => x[((n * h + r) * w + q) * c + (c === 1 ? 0 : ch)];
      const [v, u] = [at(h, py), at(w, px)];
      const row = (r: number) => pixel(r, u.left) * (1 - u.part) + pixel(r, u.right) * u.part;
      return row(v.left) * (1 - v.part) + row(v.right) * v.part;
    });
    const resize = resizer(gpu, [h, w, c], side);
    const y = resize.apply(tensor(gpu, x, [1, 3, h * w * c]));
    assert.equal(y.shape, [1, 3, side, side, 3]);
    near(await y.read(), want, { relative: 1e-5, absolute: 1e-5 });
    y.dispose();
    resize.dispose();
  }
});

const SHARE = 1 / 32;
const small = stored(inceptionParts(SHARE).map(([, part]) => part));
function write(name: string, tensors: Record<string, StoredTensor>): string {
  const path = join(folder, name);
  fs.writeFileSync(path, encodeSafetensors(tensors));
  return path;
}

test('features of images from a file: all of a row, whatever the batch, and nothing leaks', async () => {
  const file = write('whole.safetensors', { ...small, 'fc.weight': { shape: [1], data: new Float32Array(1) } });
  const network = openInception(gpu, file, SHARE);
  const images = values.uniform([9, 6, 5, 1], -1, 1);
  const before = gpu.memory().live;
  const seen: number[] = [];
  const found = await network.features(images, [6, 5, 1], { side: 75, onProgress: (n) => seen.push(n) });
  assert.is(gpu.memory().live, before);
  assert.is(found.length, 9 * network.width);
  assert.is(seen[seen.length - 1], 9);
  const last = await network.features(images.slice(8 * 30), [6, 5, 1], { side: 75 });
  near(last, found.slice(8 * network.width), { relative: 1e-5, absolute: 1e-6 });
  // The same by the reference: grey in three channels, resized.
  const resize = resizer(gpu, [6, 5, 1], 75);
  const wide = resize.apply(tensor(gpu, images.slice(0, 30), [1, 1, 30]));
  let want: Image = { shape: [1, 75, 75, 3], data: Float64Array.from(await wide.read()) };
  for (const [name] of inceptionParts(SHARE)) want = forward(name, want, unitOf(small));
  near(found.slice(0, network.width), want.data, { relative: 1e-4, absolute: 1e-4 });
  assert.is(await codeOf(() => network.features(images, [9, 30])), 'USAGE');
  assert.is(await codeOf(() => network.features(images, [9, 15, 2])), 'USAGE');
  network.dispose();
  resize.dispose();
});

test('files that are not the weights: the tensor is named', () => {
  const says = (tensors: Record<string, StoredTensor>, pattern: RegExp) => {
    try {
      openInception(gpu, write('bad.safetensors', tensors), SHARE).dispose();
    } catch (error) {
      assert.match((error as { line(): string }).line(), pattern);
      return;
    }
    assert.unreachable(`accepted, not ${pattern}`);
  };
  const name = 'Mixed_6b.branch7x7_2.bn.running_var';
  const { [name]: one, ...rest } = small;
  says(rest, /bad\.safetensors: tensor Mixed_6b\.branch7x7_2\.bn\.running_var is missing\. Convert .*--help/);
  says(
    { ...small, [name]: { shape: [1, one.data.length], data: one.data } },
    /running_var has shape \[1,\d+\], not \[\d+\]/,
  );
  says(
    { ...small, [name]: { shape: one.shape, data: one.data.map(() => -1) } },
    /running_var holds a negative variance/,
  );
  says({ ...small, [name]: { shape: one.shape, data: one.data.map(() => Number.NaN) } }, /holds NaN \(element 0\)/);
  says({ ...small, [name]: { shape: one.shape, data: Uint8Array.from(one.data) } }, /does not hold floating-point/);
  assert.throws(() => openInception(gpu, join(folder, 'none')), /none/);
});

test.run();
