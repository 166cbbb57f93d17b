/** The searches over z on a generator whose nearest point is known: G(z) = z A + b. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { invertBlackBox } from '../../src/attack/gan-leaks-partial.ts';
import { invertWhiteBox } from '../../src/attack/gan-leaks-white-box.ts';
import { objective, startingLatents } from '../../src/attack/latents.ts';
import type { Generator } from '../../src/attack/target.ts';
import { matmul } from '../../src/ops/contract.ts';
import { add } from '../../src/ops/elementwise.ts';
import { normal } from '../../src/ops/random.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const values = new Values(9);
const [latent, features] = [3, 8];
// Orthogonal rows, so that the nearest point is a projection.
const A = Float32Array.from({ length: latent * features }, (_, i) =>
  i % features === 2 * Math.floor(i / features) ? 2 : 0,
);
const b = values.normal([features]);
const [a, bias] = [tensor(gpu, A, [latent, features]), tensor(gpu, b, [1, 1, features])];
const g: Generator = {
  gpu,
  latent,
  features,
  energy: latent,
  rows: 16,
  draw: (n, stream) => normal(gpu, [1, n, latent], { seed: 5, stream }),
  generate: (z) => add(matmul(z, a), bias),
};

/** Records at z A + b plus something of length `off` outside of the generator's range. */
function records(count: number, off: number): { rows: Float32Array; z: Float32Array } {
  const z = values.normal([count, latent]);
  const rows = new Float32Array(count * features);
  for (let r = 0; r < count; r++) {
    for (let f = 0; f < features; f++) {
      rows[r * features + f] = b[f] + (f === 7 ? off : 0);
      for (let k = 0; k < latent; k++) rows[r * features + f] += z[r * latent + k] * A[k * features + f];
    }
  }
  return { rows, z };
}

test('the objective: mean squared difference and the penalty on |z|, record by record', async () => {
  const { rows } = records(5, 0.5);
  const z = values.normal([5, latent]);
  const { loss, squared } = objective(g, tensor(gpu, z, [1, 5, latent]), tensor(gpu, rows, [1, 5, features]));
  const want = Array.from({ length: 5 }, (_, r) => {
    let [d, norm] = [0, 0];
    for (let f = 0; f < features; f++) {
      let made = b[f];
      for (let k = 0; k < latent; k++) made += z[r * latent + k] * A[k * features + f];
      d += (made - rows[r * features + f]) ** 2;
    }
    for (let k = 0; k < latent; k++) norm += z[r * latent + k] ** 2;
    return [d, d / features + 1e-3 * (norm - latent) ** 2];
  });
  near(
    await squared.read(),
    want.map(([d]) => d),
    { relative: 1e-4 },
  );
  near(
    await loss.read(),
    want.map(([, l]) => l),
    { relative: 1e-4 },
  );
});

test('starts are the latents of the nearest generated records', async () => {
  const { rows } = records(6, 0);
  const { z, squared } = await startingLatents(g, rows, { restarts: 2, pool: 64 });
  assert.is(z.length, 2 * 6 * latent);
  for (let r = 0; r < 6; r++) {
    let d = 0;
    for (let f = 0; f < features; f++) {
      let made = b[f];
      for (let k = 0; k < latent; k++) made += z[r * latent + k] * A[k * features + f];
      d += (made - rows[r * features + f]) ** 2;
    }
    near([d], [squared[r]], { relative: 1e-4 });
  }
});

test('both searches come to the distance from the range, from starts that are far from it', async () => {
  // 35 records: more than two calls of 16.
  const { rows } = records(35, 0.5);
  const shares: number[] = [];
  const found = await invertWhiteBox(g, rows, { pool: 64, steps: 150, onProgress: (s) => shares.push(s) });
  // The penalty on |z| keeps it a little away.
  for (const d of found) near([d], [0.505], { absolute: 0.0051 });
  assert.ok(shares.every((s, i) => s <= 1 + 1e-9 && (i === 0 || s >= shares[i - 1])));

  // Eight tries of a record at a time, so three calls here too.
  const wide = { ...g, rows: 128 };
  const searched = await invertBlackBox(wide, rows, { pool: 64, steps: 40 });
  const start = await startingLatents(g, rows, { pool: 64 });
  for (const [i, d] of searched.entries()) {
    assert.ok(d >= 0.5 - 1e-4 && d <= Math.sqrt(start.squared[i]) + 1e-6);
    assert.ok(d < 0.75, `${d}`);
  }
  const mean = (x: Float64Array) => x.reduce((sum, v) => sum + v / x.length, 0);
  assert.ok(mean(searched) < 0.56 && mean(start.squared.map(Math.sqrt)) > 0.8);
  assert.equal(await invertBlackBox(wide, rows, { pool: 64, steps: 40 }), searched, 'the same again');
});

test('nothing is left behind', async () => {
  const { rows } = records(5, 0.5);
  await invertWhiteBox(g, rows, { pool: 16, steps: 20 });
  const { live } = gpu.memory();
  await invertWhiteBox(g, rows, { pool: 16, steps: 20 });
  await invertBlackBox(g, rows, { pool: 16, steps: 5 });
  assert.is(gpu.memory().live, live);
});

test('what is not searched stays as it was drawn: noise that could bring G to any record does not', async () => {
  // The last latent moves the last feature, which nothing else does.
  const B = new Float32Array((latent + 1) * features);
  B.set(A);
  B[latent * features + 7] = 1;
  const wide = tensor(gpu, B, [latent + 1, features]);
  const noisy: Generator = {
    ...g,
    latent: latent + 1,
    searched: latent,
    draw: (n, stream) => normal(gpu, [1, n, latent + 1], { seed: 6, stream }),
    generate: (z) => add(matmul(z, wide), bias),
  };
  // Further off than any noise of the pool.
  const { rows } = records(2, 30);
  for (const search of [invertWhiteBox, invertBlackBox]) {
    const [kept, free] = [noisy, { ...noisy, searched: latent + 1 }].map((of) =>
      search(of, rows, { pool: 64, steps: 40, restarts: 1 }),
    );
    const [near, far] = [Math.max(...(await free)), Math.min(...(await kept))];
    assert.ok(far > 26, `${search.name}: the noise was moved, ${far}`);
    assert.ok(near < far - 0.5, `${search.name}: ${near} ${far}`);
  }
  wide.dispose();
});

test.run();
