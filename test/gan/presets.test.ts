/** The presets of the image notebooks at their full width: counts, and one step on a reduced batch against float64. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import { divergences, gradientPenalty } from '../../src/gan/divergences.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks/index.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { type Parameters, parameterCount } from '../../src/nn/network.ts';
import { concat, slice } from '../../src/ops/movement.ts';
import { sum } from '../../src/ops/reduce.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { train } from '../../src/train/loop.ts';
import { Player } from '../../src/train/player.ts';
import { near, Values } from '../support/values.ts';
import { Run } from './reference-images.ts';
import { normals64 } from './reference-images-draws.ts';
import { configOf, dataOf, SHAPES, Twin } from './reference-images-run.ts';

const gpu = await open();
test.after(() => gpu.close());

for (const preset of ['mnist-js', 'mnist-wgan-gp', 'cifar10-js', 'cifar10-wgan-gp']) {
  test(`${preset} is the notebook's setting, its networks to the last parameter`, () => {
    const config = makeConfig(preset, {});
    const [js, mnist] = [preset.endsWith('js'), preset.startsWith('mnist')];
    const { partitions, batch, latent, slope, dropout, criticSteps, optimizer, rate, beta1, beta2, penalty } = config;
    assert.equal([partitions, batch, latent, slope, dropout], [5, 64, 100, 0.3, 0.3]);
    assert.equal([criticSteps, optimizer, rate], js ? [2, 'adam', 1e-4] : [4, 'rmsprop', 1e-5]);
    assert.equal([config.divergence, config.rows], [js ? 'js' : 'wgan-gp', preset === 'cifar10-js' ? 6000 : 7000]);
    if (js) assert.equal([beta1, beta2], [0.5, 0.999]);
    else assert.is(penalty, 10);
    assert.is(config.steps, (js ? 1500 : 10_000) * Math.floor(config.rows / 5 / 64));
    const counts = [generatorNetwork, criticNetwork].map((f) => parameterCount(f(config, SHAPES[dataOf(preset)])));
    assert.equal(counts, mnist ? [2_305_472, 212_865] : [3_078_208, 1_033_345]);
  });
}

/** What a call outside of a program draws latent vectors by: the first sub-batch of `sample`. */
const SAMPLING = 0x10000 * 64;
const B = 2;

// Float64 takes seconds for each critic: all five without the penalty, two with it. That five at once are five alone is
// tested below.
for (const [preset, K, fields] of [
  ['mnist-js', 5, {}],
  ['mnist-wgan-gp', 2, { criticSteps: 2 }],
  ['cifar10-js', 5, { loss: 'tf21' }],
  ['cifar10-wgan-gp', 2, { criticSteps: 1 }],
] as const) {
  test(`${preset}: a step of K = ${K}, B = ${B} has the losses, gradients and moving averages of float64`, async () => {
    const twin = await Twin.of(gpu, preset, { partitions: K, batch: B, ...fields });
    const { gan, nets } = twin;
    const expected = twin.step();
    const seen: { loss_g: number; loss_d: readonly number[] }[] = [];
    await train(gan, { steps: 1, onRows: (rows) => seen.push(...rows) });
    near([seen[0].loss_g], [expected.g], { relative: 1e-4, absolute: 1e-6, what: 'L_G' });
    near(seen[0].loss_d, expected.d, { relative: 1e-4, absolute: 1e-6, what: 'L_D' });
    await twin.check(1e-3);

    // After training: moving averages instead of the batch's statistics, no dropout.
    const z = normals64(B * 100, { seed: gan.seed, site: SAMPLING, program: 0 });
    const { mean, variance } = twin.moving;
    const given = (name: string) => ({ mean: mean[name], variance: variance[name] });
    const images = Run.of(nets.generator.layers, twin.generator, z, B, { given }).y;
    const made = await gan.sample(B);
    near(made, images, { relative: 1e-3, absolute: 1e-4, what: 'samples' });
    const mask = (length: number) => new Float64Array(length).fill(1);
    const scores = twin.critics.flatMap((critic) =>
      Array.from(Run.of(nets.critic.layers, critic, Float64Array.from(made), B, { mask }).y, (score) =>
        gan.config.divergence === 'js' ? 1 / (1 + Math.exp(-score)) : score,
      ),
    );
    near(await gan.scores(made), scores, { relative: 1e-4, absolute: 1e-5, what: 'scores' });
    gan.dispose();
  });
}

/** |a - b| / |b| over all elements. */
const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((s, v, i) => s + (v - b[i]) ** 2, 0) / b.reduce((s, v) => s + v * v, 0));

for (const preset of ['mnist-wgan-gp', 'cifar10-wgan-gp']) {
  test(`${preset}: five critics in one grouped pass equal five passes, penalty and generator too`, async () => {
    const K = 5;
    // Masks follow the place in the whole batch, so without dropout.
    const config = configOf(preset, { dropout: 0 });
    const shape = SHAPES[dataOf(preset)];
    const features = shape[0] * shape[1] * shape[2];
    const values = new Values(5);
    const of = (f: (n: number) => Float32Array, ...dims: number[]) =>
      tensor(gpu, f(dims.reduce((a, b) => a * b, 1)), dims);
    const pixels = (n: number) => values.normal([n]).map(Math.tanh);
    const [real, fake] = [of(pixels, K, B, features), of(pixels, K, B, features)];
    const at = of((n) => values.uniform([n], 0, 1), K, B, 1);
    const target = of((n) => Float32Array.from({ length: n }, (_, i) => (i % (2 * B) < B ? 1 : 0)), K, 2 * B, 1);
    const z = of((n) => values.normal([n]), K, B, config.latent);

    const optimizer = { kind: 'sgd', rate: 0 } as const;
    const critics = new Player(gpu, 'critics', criticNetwork(config, shape), K, optimizer);
    const generator = new Player(gpu, 'generator', generatorNetwork(config, shape), 1, optimizer);
    critics.initialise(1, 2000);
    generator.initialise(1, 1000);
    const criticLoss = (p: Parameters, part: (t: Tensor) => Tensor) => {
      const critic = (x: Tensor) => critics.train(x, 1, p);
      const terms = divergences[config.divergence].critic(
        critic(concat([part(real), part(fake)], 1)),
        part(target),
        config,
      );
      return sum(terms).add(sum(gradientPenalty(critic, part(real), part(fake), part(at))).mul(config.penalty));
    };
    const generatorLoss = (p: Parameters, of: Parameters, part: (t: Tensor) => Tensor) => {
      const scores = critics.train(generator.train(part(z), 1, p), 1, of);
      return sum(divergences[config.divergence].generator(scores, part(at), config));
    };
    const whole = (t: Tensor) => t;
    const all = critics.parameters.parts;
    const together = grad((p: Parameters) => criticLoss(p, whole))(all);
    const generators = grad((p: Parameters) => generatorLoss(p, all, whole))(generator.parameters.parts);
    const sums: Record<string, Float32Array> = {};
    for (let k = 0; k < K; k++) {
      const part = (t: Tensor) => slice(t, 0, k, k + 1);
      const own = Object.fromEntries(Object.entries(all).map(([name, t]) => [name, part(t)]));
      const alone = grad((p: Parameters) => criticLoss(p, part))(own);
      for (const name of Object.keys(all)) {
        const [found, expected] = [await part(together[name]).read(), await alone[name].read()];
        // A last bias moves real and fake scores alike: its gradient is nothing but rounding.
        const off = found.length > 1 ? distance(found, expected) : Math.abs(found[0] - expected[0]);
        assert.ok(off < 1e-5, `critic ${k}, ${name}: off by ${off}`);
      }
      const share = grad((p: Parameters) => generatorLoss(p, own, part))(generator.parameters.parts);
      for (const [name, t] of Object.entries(share)) {
        const g = await t.read();
        sums[name] = sums[name]?.map((v, i) => v + g[i]) ?? g;
      }
    }
    for (const [name, t] of Object.entries(generators)) {
      const off = distance(await t.read(), sums[name]);
      assert.ok(off < 1e-5, `generator, ${name}: off by ${off}`);
    }
    critics.dispose();
    generator.dispose();
  });
}

test.run();
