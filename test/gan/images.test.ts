/** The float64 reference of image training itself: its convolutions by definition, its gradients by finite differences. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blockOf, conv64, convFilter64, convInput64, type Geometry, geometry, sumGroups64 } from '../support/conv64.ts';
import { near, Values } from '../support/values.ts';
import type { Params64 } from './reference-images.ts';
import { imageNets } from './reference-images-nets.ts';
import {
  crossEntropy,
  type Draws64,
  Moving64,
  Optimizer64,
  type Step64,
  step64,
  type Term,
  wasserstein,
} from './reference-images-step.ts';

const normal = (values: Values, shape: readonly number[]) => Float64Array.from(values.normal(shape));

/** <y, conv(x, w)> and its three derivatives, every index in turn and nothing clever. */
function byDefinition(x: Float64Array, w: Float64Array, y: Float64Array, n: number, s: Geometry) {
  const at = (sizes: number[], index: number[]) => index.reduce((sum, v, i) => sum * sizes[i] + v, 0);
  const out = { y: y.map(() => 0), x: x.map(() => 0), w: w.map(() => 0) };
  for (let b = 0; b < n; b++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let o = 0; o < s.co; o++)
          for (let r = 0; r < s.h; r++)
            for (let q = 0; q < s.w; q++)
              for (let c = 0; c < s.ci; c++) {
                const [ti, tj] = [r + s.top - i * s.sh, q + s.left - j * s.sw];
                if (ti < 0 || ti >= s.kh || tj < 0 || tj >= s.kw) continue;
                const [xi, wi] = [at([n, s.h, s.w, s.ci], [b, r, q, c]), at([s.kh, s.kw, s.ci, s.co], [ti, tj, c, o])];
                const yi = at([n, s.oh, s.ow, s.co], [b, i, j, o]);
                out.y[yi] += x[xi] * w[wi];
                out.x[xi] += y[yi] * w[wi];
                out.w[wi] += x[xi] * y[yi];
              }
  return out;
}

test('geometry: "same", "valid" and explicit padding as TensorFlow has them', () => {
  const sides = (g: Geometry) => [g.oh, g.ow, g.top, g.left];
  // Appendix B: 5 x 5, stride 2, 2n -> n, one row before; stride 1, two before. TF1's 4 x 4, stride 2: one before.
  assert.equal(sides(geometry([28, 28, 1], [5, 5, 1, 1], { stride: 2 })), [14, 14, 1, 1]);
  assert.equal(sides(geometry([7, 7, 1], [5, 5, 1, 1])), [7, 7, 2, 2]);
  assert.equal(sides(geometry([28, 14, 1], [4, 4, 1, 1], { stride: 2 })), [14, 7, 1, 1]);
  assert.equal(sides(geometry([7, 8, 1], [2, 1, 1, 1], { stride: [3, 2] })), [3, 4, 0, 0]);
  assert.equal(sides(geometry([7, 8, 1], [3, 4, 1, 1], { stride: [2, 3], padding: 'valid' })), [3, 2, 0, 0]);
  const padding = [
    [2, 0],
    [1, 3],
  ] as const;
  assert.equal(sides(geometry([7, 8, 1], [3, 4, 1, 1], { stride: 2, padding })), [4, 5, 2, 1]);
});

test('the three convolutions by definition, on random shapes', () => {
  const values = new Values(1);
  for (let trial = 0; trial < 60; trial++) {
    const [n, h, w, ci, co] = [
      values.int(1, 2),
      values.int(3, 7),
      values.int(3, 7),
      values.int(1, 9),
      values.int(1, 5),
    ];
    const [kh, kw, sh, sw] = [values.int(1, 5), values.int(1, 5), values.int(1, 3), values.int(1, 3)];
    const padding = (
      [
        'same',
        'valid',
        [
          [1, 3],
          [2, 2],
        ],
      ] as const
    )[trial % 3];
    if (padding === 'valid' && (kh > h || kw > w)) continue;
    const s = geometry([h, w, ci], [kh, kw, ci, co], { stride: [sh, sw], padding });
    const [x, f] = [normal(values, [n, h, w, ci]), normal(values, [kh, kw, ci, co])];
    const y = normal(values, [n, s.oh, s.ow, co]);
    const expected = byDefinition(x, f, y, n, s);
    const options = { relative: 1e-12, absolute: 1e-12, what: JSON.stringify(s) };
    near(conv64(x, f, n, s), expected.y, options);
    near(convInput64(y, f, n, s), expected.x, options);
    near(convFilter64(x, y, n, s), expected.w, options);
  }
});

test('groups: the block of a group, and the sum over those that share one', () => {
  const six = Float64Array.from([0, 1, 2, 3, 4, 5]);
  assert.equal([...blockOf(six, 3, 3, 6)], [2, 3]);
  assert.equal([...blockOf(six, 1, 5, 6)], [...six]);
  assert.equal([...sumGroups64(six, 6, 3)], [1, 5, 9]);
  assert.equal([...sumGroups64(six, 3, 1)], [6, 9]);
});

test('the full networks have the parameters that src/gan/README.md states', () => {
  const count = (shapes: Readonly<Record<string, readonly number[]>>) =>
    Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const counts = (data: 'mnist' | 'cifar10') => {
    const { generator, critic } = imageNets(data);
    return [count(generator.shapes), count(critic.shapes)];
  };
  assert.equal(counts('mnist'), [2_305_472, 212_865]);
  assert.equal(counts('cifar10'), [3_078_208, 1_033_345]);
});

/** A step of narrow networks whose draws depend on their place alone. Rate 0: losses are functions of the parameters. */
function setting(data: 'mnist' | 'cifar10', term: Term, lambda: number): Step64 {
  const [K, B, width] = [2, 2, 1 / 64];
  const nets = imageNets(data, width);
  const values = new Values(lambda + 1);
  const make = (shapes: Readonly<Record<string, readonly number[]>>): Params64 =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const fan = shape.length > 1 ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : 4;
        const base = name.endsWith('gamma') ? 1 : 0;
        return [name, normal(values, shape).map((v) => base + v / Math.sqrt(fan))];
      }),
    );
  const [generator, critics] = [make(nets.generator.shapes), Array.from({ length: K }, () => make(nets.critic.shapes))];
  const drawn = new Map<string, Float64Array>();
  const once = (key: string, draw: () => Float64Array) => {
    const found = drawn.get(key) ?? draw();
    drawn.set(key, found);
    return found;
  };
  const draws: Draws64 = {
    z: (r, k) => once(`z${r}${k}`, () => normal(values, [B, 100])),
    zGenerator: (k) => once(`zg${k}`, () => normal(values, [B, 100])),
    alpha: (r, k) => once(`a${r}${k}`, () => Float64Array.from(values.uniform([B], 0, 1))),
    mask: (use, r, k, layer, length) =>
      once(`${use}${r}${k}${layer}`, () =>
        Float64Array.from(values.uniform([length], 0, 1), (v) => (v < 0.3 ? 0 : 1 / 0.7)),
      ),
  };
  const pixels = data === 'mnist' ? 784 : 3072;
  return {
    nets,
    generator,
    critics,
    generatorOptimizer: new Optimizer64(generator, 0, [0, 0.999]),
    criticOptimizers: critics.map((c) => new Optimizer64(c, 0, [0, 0.999])),
    moving: new Moving64(nets.generator.norms),
    term,
    lambda,
    B,
    criticSteps: 1,
    real: critics.map(() => normal(values, [B, pixels]).map(Math.tanh)),
    draws,
  };
}

const losses: [string, Term, number][] = [
  ['JS on logits', crossEntropy('standard'), 0],
  ['JS as in the notebooks', crossEntropy('tf21'), 0],
  ['WGAN-GP', wasserstein, 10],
];
for (const data of ['mnist', 'cifar10'] as const) {
  for (const [title, term, lambda] of losses) {
    test(`a step on ${data}, ${title}: gradients equal central differences of the losses`, () => {
      const s = setting(data, term, lambda);
      step64(s);
      const picks = new Values(9);
      const check = (p: Params64, g: Params64, loss: () => number, who: string) => {
        for (const name of Object.keys(p)) {
          const scale = Math.max(...g[name].map(Math.abs));
          for (let trial = 0; trial < 2; trial++) {
            const i = picks.int(0, p[name].length - 1);
            const [kept, expected, h] = [p[name][i], g[name][i], 1e-6];
            const at = (v: number) => {
              p[name][i] = v;
              return loss();
            };
            const slope = (at(kept + h) - at(kept - h)) / (2 * h);
            p[name][i] = kept;
            near([slope], [expected], { relative: 1e-5, absolute: 1e-5 * scale + 1e-8, what: `${who} ${name} ${i}` });
          }
        }
      };
      const gradients = [s.generatorOptimizer.m, ...s.criticOptimizers.map(({ m }) => m)].map((m) =>
        Object.fromEntries(Object.entries(m).map(([name, v]) => [name, v.slice()])),
      );
      check(s.generator, gradients[0], () => step64(s).g, 'generator');
      s.critics.forEach((critic, k) => {
        check(critic, gradients[1 + k], () => step64(s).d[k], `critic ${k}`);
      });
    });
  }
}

test('a generator before its first update starts at the losses that src/gan/README.md states', () => {
  const term = crossEntropy('tf21');
  near([term(0, true)[0] + term(0, false)[0], term(0, true)[0]], [1.4482, 0.4741], { absolute: 5e-5 });
  const [dead, live] = [-1e3, 1e3];
  near([term(dead, true)[0] + term(dead, false)[0], term(dead, true)[0]], [1.3863, Math.LN2], { absolute: 5e-5 });
  near([term(live, true)[0] + term(live, false)[0], term(live, true)[0]], [1.6265, 0.3133], { absolute: 5e-5 });
  near([term(live, true)[0] + term(dead, false)[0]], [1.0064], { absolute: 5e-5 });
});

test('Adam and RMSProp by hand: two updates of one number', () => {
  const run = (betas?: readonly [number, number]) => {
    const p = { w: Float64Array.of(1) };
    const optimizer = new Optimizer64(p, 0.1, betas);
    for (const g of [2, -4]) optimizer.step(p, { w: Float64Array.of(g) });
    return p.w;
  };
  // m = 1, then -1.5; v = 0.004, then 0.019996; rates 0.1 sqrt(0.001) / 0.5 and 0.1 sqrt(0.001999) / 0.75.
  const first = 1 - ((0.1 * Math.sqrt(0.001)) / 0.5) * (1 / (Math.sqrt(0.004) + 1e-7));
  const second = ((0.1 * Math.sqrt(0.001999)) / 0.75) * (1.5 / (Math.sqrt(0.019996) + 1e-7));
  near(run([0.5, 0.999]), [first + second], { relative: 1e-12, absolute: 0 });
  // acc = 0.4, then 1.96
  near(run(), [1 - (0.1 * 2) / (Math.sqrt(0.4) + 1e-7) + 0.4 / (1.4 + 1e-7)], { relative: 1e-12, absolute: 0 });
});

test('moving averages: biased variance over flat features, unbiased over images', () => {
  const moving = new Moving64({ flat: { channels: 1, images: false }, images: { channels: 1, images: true } });
  for (const name of ['flat', 'images']) moving.update(name, Float64Array.of(2), Float64Array.of(3), 4);
  near([...moving.mean.flat, ...moving.mean.images], [0.02, 0.02], { relative: 1e-12 });
  near([...moving.variance.flat, ...moving.variance.images], [1.02, 1.03], { relative: 1e-12 });
});

test.run();
