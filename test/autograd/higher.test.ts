/** Gradients inside losses: the gradient penalty of WGAN-GP (Gulrajani et al. 2017) for grouped dense critics. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { grad } from '../../src/autograd/grad.ts';
import { linear } from '../../src/ops/contract.ts';
import { mix } from '../../src/ops/elementwise.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const [N, H, SLOPE, LAMBDA] = [4, 5, 0.2, 5];

/** w1 [G, 2, H], b1 [G, H], w2 [G, H, 1], b2 [G, 1] */
type Critic = readonly Tensor[];

const critic = ([w1, b1, w2, b2]: Critic, x: Tensor, activation: 'leaky' | 'tanh' = 'leaky') =>
  linear(linear(x, w1, b1, { activation, slope: SLOPE }), w2, b2);

/** The loss of all critics together: each sample's scores, and the penalty at points between real and fake ones. */
function loss(p: Critic, real: Tensor, fake: Tensor, at: Tensor, activation?: 'leaky' | 'tanh'): Tensor {
  const between = mix(real, fake, at);
  const slope = grad((x: Tensor) => critic(p, x, activation).sum())(between);
  const penalty = slope.square().sum(-1).sqrt().sub(1).square();
  const scores = critic(p, fake, activation).sub(critic(p, real, activation));
  return scores.mean(1).sum().add(penalty.mean(1).sum().mul(LAMBDA));
}

/** Data, and parameters that keep every unit at least 0.5 away from its kink. */
function setting(groups: number, seed: number) {
  const values = new Values(seed);
  const small = (shape: Shape, by: number) => values.normal(shape).map((v) => by * v);
  const data = {
    real: small([groups, N, 2], 0.5),
    fake: small([groups, N, 2], 0.5),
    at: values.uniform([groups, N, 1], 0, 1),
    p: [
      values.uniform([groups, 2, H], -0.4, 0.4),
      Float32Array.from({ length: groups * H }, (_, i) => (i % 2 ? 1.5 : -1.5)),
      small([groups, H, 1], 0.8),
      small([groups, 1], 1),
    ],
  };
  const shapes = [
    [groups, 2, H],
    [groups, H],
    [groups, H, 1],
    [groups, 1],
  ];
  return {
    data,
    p: data.p.map((x, i) => tensor(gpu, x, shapes[i])),
    real: tensor(gpu, data.real, [groups, N, 2]),
    fake: tensor(gpu, data.fake, [groups, N, 2]),
    at: tensor(gpu, data.at, [groups, N, 1]),
  };
}

/** The same loss in float64, with the slope worked out by hand. */
function lossInF64(p: readonly ArrayLike<number>[], d: ReturnType<typeof setting>['data'], groups: number): number {
  let sum = 0;
  for (let g = 0; g < groups; g++) {
    for (let n = 0; n < N; n++) {
      const point = (x: ArrayLike<number>) => [0, 1].map((k) => x[(g * N + n) * 2 + k]);
      const score = (x: readonly number[]) => {
        let [y, dx0, dx1] = [p[3][g], 0, 0];
        for (let h = 0; h < H; h++) {
          const [a, b] = [p[0][(g * 2 + 0) * H + h], p[0][(g * 2 + 1) * H + h]];
          const v = x[0] * a + x[1] * b + p[1][g * H + h];
          const s = v > 0 ? 1 : SLOPE;
          const w = p[2][g * H + h];
          y += s * v * w;
          dx0 += s * a * w;
          dx1 += s * b * w;
        }
        return { y, norm: Math.hypot(dx0, dx1) };
      };
      const [r, f, t] = [point(d.real), point(d.fake), d.at[g * N + n]];
      const { norm } = score(r.map((v, k) => v + t * (f[k] - v)));
      sum += (score(f).y - score(r).y + LAMBDA * (norm - 1) ** 2) / N;
    }
  }
  return sum;
}

for (const groups of [1, 3, 10]) {
  test(`WGAN-GP, ${groups} critics: the loss and every derivative agree with float64`, async () => {
    const { p, real, fake, at, data } = setting(groups, groups);
    near(await loss(p, real, fake, at).read(), [lossInF64(data.p, data, groups)], { relative: 1e-5 });
    const gradients = grad((q: Critic) => loss(q, real, fake, at))(p);
    for (const [k, g] of gradients.entries()) {
      const f64 = data.p.map((x) => Float64Array.from(x));
      const expected = f64[k].map((value, i) => {
        const moved = (by: number) => {
          f64[k][i] = value + by;
          const y = lossInF64(f64, data, groups);
          f64[k][i] = value;
          return y;
        };
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      near(await g.read(), expected, { absolute: 3e-5, relative: 3e-5, what: `parameter ${k}` });
    }
  });
}

for (const activation of ['leaky', 'tanh'] as const) {
  for (const groups of [1, 3]) {
    test(`WGAN-GP with ${activation}, ${groups} critics: derivatives of order 1 to 3`, async () => {
      const { p, real, fake, at } = setting(groups, 7);
      const f = (...q: Tensor[]) => loss(q.slice(0, 4), real, q[4], at, activation);
      const worst = await checkGrad(f, [...p, fake], { order: 3, tolerance: 2e-3 });
      assert.ok(worst <= 1);
    });
  }
}

test('a critic that sees one group only has the gradients of that group', async () => {
  const { p, real, fake, at } = setting(3, 9);
  const all = grad((q: Critic) => loss(q, real, fake, at))(p);
  for (let g = 0; g < 3; g++) {
    const part = (t: Tensor) => t.slice(0, g, g + 1);
    const alone = grad((q: Critic) => loss(q, part(real), part(fake), part(at)))(p.map(part));
    for (const [k, t] of alone.entries()) near(await t.read(), await part(all[k]).read(), { absolute: 1e-6 });
  }
});

test('the slope inside a loss is the same tensor of numbers as outside', async () => {
  const { p, real } = setting(3, 11);
  const outside = grad((x: Tensor) => critic(p, x).sum())(real);
  const inside = grad((q: Critic) =>
    grad((x: Tensor) => critic(q, x).sum())(real)
      .mul(0.5)
      .square()
      .sum(),
  )(p);
  assert.equal(outside.shape, [3, N, 2]);
  assert.equal(
    inside.map((t) => t.shape),
    p.map((t) => t.shape),
  );
  // The penalty does not depend on the last bias, nor (away from kinks) on the first.
  near(await inside[3].read(), [0, 0, 0]);
  near(await inside[1].read(), new Float32Array(3 * H));
});

test.run();
