import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { compositesOnly } from '../../src/ops/fused.ts';
import { gramLoss } from '../../src/ops/gram.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { asHardware } from '../support/adapters.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';
import { agree } from './fused.ts';

const gpu = await open();
test.after(() => gpu.close());

/** A symmetric square; `make` gives the element of i <= j. */
function symmetric(side: number, make: (i: number, j: number) => number): Float32Array {
  const out = new Float32Array(side * side);
  for (let i = 0; i < side; i++) for (let j = i; j < side; j++) out[i * side + j] = out[j * side + i] = make(i, j);
  return out;
}

/** Loss and gradient in float64. @param fixed means that the pull to independence takes as constants */
function reference(p: ArrayLike<number>, B: number, W: number, y: Float32Array, w: Float32Array) {
  const side = W + 1;
  const q = (row: number, i: number) => (i === W ? 1 : p[row * W + i]);
  const s = (i: number, j: number) => {
    let sum = 0;
    for (let row = 0; row < B; row++) sum += q(row, i) * q(row, j);
    return sum / B;
  };
  let loss = 0;
  const errors = new Float64Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      if (i === W && j === W) continue;
      const weight = w[i * side + j];
      const goal = weight < 0 && i < W && j < W ? s(i, W) * s(j, W) : y[i * side + j];
      const off = s(i, j) - goal;
      loss += 0.5 * Math.abs(weight) * off * off;
      errors[i * side + j] = Math.abs(weight) * off;
    }
  }
  const gradient = Float64Array.from({ length: B * W }, (_, at) => {
    const [row, i] = [Math.floor(at / W), at % W];
    let sum = 0;
    for (let j = 0; j < side; j++) sum += errors[i * side + j] * q(row, j);
    return (2 * sum) / B;
  });
  return { loss, gradient };
}

const random = new Values(7);
const uniform = () => random.stream.uniform();

/** Probabilities of so many places, and weights of every sign: 0 where a third of the pairs lies, else drawn to a target or apart. */
function problem(B: number, W: number) {
  const p = Float32Array.from({ length: B * W }, uniform);
  const y = symmetric(W + 1, () => uniform());
  const w = symmetric(W + 1, (i, j) =>
    i === W && j === W ? 0 : j === W ? uniform() : [0, 1, -1][(i + j) % 3] * uniform(),
  );
  return { p, y, w };
}

test('the loss and its gradient, fused and composed, for odd shapes and weights of every sign', async () => {
  for (const [B, W] of [
    [1, 1],
    [5, 7],
    [37, 33],
    [3, 130],
    [5, 300],
  ]) {
    const { p, y, w } = problem(B, W);
    const [target, weight] = [y, w].map((values) => tensor(gpu, values, [W + 1, W + 1]));
    const want = reference(p, B, W, y, w);
    for (const [name, run] of [
      ['software', (fn: () => Tensor) => fn()],
      ['hardware', (fn: () => Tensor) => asHardware(gpu, fn)],
      ['composed', compositesOnly],
    ] as const) {
      const what = `[${B}, ${W}], ${name}`;
      poison(gpu, 1 << 19);
      const loss = await run(() => gramLoss(tensor(gpu, p, [B, W]), target, weight)).read();
      near(loss, [want.loss], { relative: 1e-5, what });
      const g = await run(() => grad((x: Tensor) => gramLoss(x, target, weight))(tensor(gpu, p, [B, W]))).read();
      near(g, want.gradient, { relative: 2e-5, absolute: 1e-6, what: `gradient of ${what}` });
    }
  }
});

test('places behind those that are weighed count for nothing, and the cotangent scales', async () => {
  const [B, W, more] = [6, 9, 3];
  const { p, y, w } = problem(B, W);
  const [target, weight] = [y, w].map((values) => tensor(gpu, values, [W + 1, W + 1]));
  const wide = Float32Array.from({ length: B * (W + more) }, (_, at) => {
    const [row, i] = [Math.floor(at / (W + more)), at % (W + more)];
    return i < W ? p[row * W + i] : 7;
  });
  const want = reference(p, B, W, y, w);
  const gradient = Array.from(wide, (_, at) => {
    const [row, i] = [Math.floor(at / (W + more)), at % (W + more)];
    return i < W ? 3 * want.gradient[row * W + i] : 0;
  });
  for (const run of [(fn: () => Tensor) => fn(), compositesOnly]) {
    const x = tensor(gpu, wide, [B, W + more]);
    poison(gpu);
    near(await run(() => gramLoss(x, target, weight)).read(), [want.loss], { relative: 1e-5 });
    const g = run(() => grad((t: Tensor) => gramLoss(t, target, weight).mul(3))(x));
    near(await g.read(), gradient, { relative: 2e-5, absolute: 3e-6 });
  }
});

test('gradients of both orders by finite differences', async () => {
  const [B, W] = [4, 6];
  const { p, y, w } = problem(B, W);
  const target = tensor(gpu, y, [W + 1, W + 1]);
  // A pull's target is no constant to finite differences.
  const weight = tensor(gpu, w.map(Math.abs), [W + 1, W + 1]);
  const f = (x: Tensor) => gramLoss(x, target, weight);
  await checkGrad(f, [tensor(gpu, p, [B, W])], { order: 2 });
  await agree(f, [tensor(gpu, p, [B, W])]);
});

test('what is not finite comes through, also where nothing is weighed', async () => {
  const [B, W] = [3, 4];
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const p = new Float32Array(B * W).fill(0.5);
    p[5] = bad;
    const zeros = tensor(gpu, new Float32Array((W + 1) ** 2), [W + 1, W + 1]);
    const [loss] = await gramLoss(tensor(gpu, p, [B, W]), zeros, zeros).read();
    assert.ok(Number.isNaN(loss), `${loss} of ${bad}`);
    const g = await grad((x: Tensor) => gramLoss(x, zeros, zeros))(tensor(gpu, p, [B, W])).read();
    assert.ok(g.some(Number.isNaN), `gradient at ${bad}`);
  }
});

test('shapes that do not fit are refused', async () => {
  const of = (...shape: number[]) => tensor(gpu, new Float32Array(shape.reduce((a, b) => a * b)), shape);
  assert.is(await codeOf(() => gramLoss(of(2, 3), of(3, 3), of(4, 4))), 'SHAPE');
  assert.is(await codeOf(() => gramLoss(of(2, 3), of(4, 4), of(4, 5))), 'SHAPE');
  assert.is(await codeOf(() => gramLoss(of(1, 2, 3), of(4, 4), of(4, 4))), 'SHAPE');
});

test.run();
