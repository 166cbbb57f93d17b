/** jax-js on its WebGPU device. Prints one JSON document; flags in harness.mjs. */
import { readFileSync } from 'node:fs';
import { CASES, checkConv, convFlop, convOperands, permuted } from './conv.mjs';
import { runPeer } from './harness.mjs';
import { BLOBS, blobs, checkProduct, drawRows, generator, initialWeights, MATMUL, matrices } from './problems.mjs';
import { checkBlobs } from './reference.mjs';
import { timeBothWays } from './timing.mjs';

const { critics: K, batch: B, criticSteps, latent, features, slope, beta1, beta2, epsilon } = BLOBS;

async function open() {
  const jax = await import('@jax-js/jax');
  if (!(await jax.init('webgpu')).includes('webgpu')) throw new Error('jax-js did not open its WebGPU device');
  jax.defaultDevice('webgpu');
  const manifest = new URL('node_modules/@jax-js/jax/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return { version, device: jax.getWebGPUDevice(), context: jax };
}

async function matmul({ numpy: np }, n) {
  const host = matrices(n);
  const a = np.array(host.a).reshape([n, n]);
  const b = np.array(host.b).reshape([n, n]);
  checkProduct(n, host.a, host.b, await np.matmul(a.ref, b.ref).data());
  let last = null;
  const rows = await timeBothWays({
    flop: 2 * n ** 3,
    submit: async () => {
      last?.dispose();
      last = np.matmul(a.ref, b.ref);
      // Arrays are lazy; asking for the buffer submits the work and waits for no more than the pipeline.
      await last.ref.gpuBuffer();
    },
    wait: () => last.blockUntilReady(),
  });
  for (const x of [a, b, last]) x.dispose();
  return rows;
}

/**
 * The products as jax-js makes them, channels first and jitted: `lax.conv` and its own gradients. A generator's forward
 * is the gradient in the image, as Keras defines a transposed convolution.
 */
async function convolution({ numpy: np, lax, jit, vjp }, { layer, passes }) {
  const { geometry: at, n, ci, co } = layer;
  const host = convOperands(layer);
  const shapes = { x: [n, at.h, at.w, ci], y: [n, at.oh, at.ow, co], k: [at.kh, at.kw, ci, co] };
  // Channels first, and the same back; weights as [co, ci, kh, kw].
  const orders = { x: [0, 3, 1, 2], y: [0, 3, 1, 2], k: [3, 2, 0, 1] };
  const backs = { conv: [0, 2, 3, 1], input: [0, 2, 3, 1], filter: [2, 3, 1, 0] };
  const sizes = (name) => orders[name].map((i) => shapes[name][i]);
  const load = (name) => np.array(permuted(host[name], shapes[name], orders[name])).reshape(sizes(name));
  const [x, y, k] = ['x', 'y', 'k'].map(load);

  const conv = (x, k) => lax.conv(x, k, [at.sh, at.sw], 'SAME');
  // Convolutions are linear, so the traced function keeps nothing of the forward: its jaxpr has two convolutions.
  const pulled = (x, k, y, ...wanted) => {
    const [out, pull] = vjp(conv, [x, k]);
    out.dispose();
    const both = pull(y);
    pull.dispose?.();
    return both.filter((g, i) => {
      if (!wanted.includes(i)) g.dispose();
      return wanted.includes(i);
    });
  };
  const of = { conv: 'y', input: 'x', filter: 'k' };
  const forward = jit((x, k, y) => [y.dispose(), conv(x, k)].slice(1));
  const input = jit((x, k, y) => pulled(x, k, y, 0));
  const filter = jit((x, k, y) => pulled(x, k, y, 1));
  const both = jit((x, k, y) => pulled(x, k, y, 0, 1));
  const programs = { conv: forward, input, filter };
  // One vjp where it gives both of what is asked for.
  const chosen = passes.join() === 'input,filter' ? [both] : passes.map((pass) => programs[pass]);
  const run = () => chosen.flatMap((program) => program(x.ref, k.ref, y.ref));

  let last = run();
  for (const [i, pass] of passes.entries()) {
    const shape = sizes(of[pass]);
    checkConv(pass, layer, host, permuted(await last[i].ref.data(), shape, backs[pass]));
  }
  const rows = await timeBothWays({
    flop: passes.length * convFlop(layer),
    round: 300,
    budget: 6000,
    submit: async () => {
      for (const t of last) t.dispose();
      last = run();
      for (const t of last) await t.ref.gpuBuffer();
    },
    wait: () => last.at(-1).blockUntilReady(),
  });
  for (const t of [x, y, k, ...last]) t.dispose();
  for (const program of [forward, input, filter, both]) program.dispose();
  return rows;
}

/**
 * The whole step as one jitted function: the critics with a leading axis of K, one generator call for all sub-batches
 * of a phase, Adam by hand (the package has none). jax-js functions own and release their arguments; `.ref` keeps one.
 */
function blobsProgram({ numpy: np, nn, random, jit, valueAndGrad, tree }) {
  const dense = (x, { w, b }) => np.matmul(x, w).add(b);
  const mlp = (layers, x) =>
    layers.reduce((h, layer, i) => {
      const y = dense(h, layer);
      return i === layers.length - 1 ? y : nn.leakyRelu(y, slope);
    }, x);
  const sign = () => np.concatenate([np.full([1, B, 1], -1), np.full([1, B, 1], 1)], 1);

  const criticLoss = (d, both) => {
    const each = nn.softplus(mlp(d, both).mul(sign())).sum([1, 2]).div(B);
    return [each.ref.sum(), each];
  };
  const generatorLoss = (g, d, z) => {
    const fakes = mlp(g, z).reshape([K, B, features]);
    return nn.softplus(mlp(d, fakes).mul(-1)).mean();
  };

  /** `rate` carries the bias correction of this update. */
  const adam = ({ p, m, v }, grads, rate) => {
    const m1 = tree.map((m, g) => m.mul(beta1).add(g.mul(1 - beta1)), m, tree.ref(grads));
    const v1 = tree.map((v, g) => v.mul(beta2).add(np.square(g).mul(1 - beta2)), v, grads);
    const p1 = tree.map(
      (p, m, v) => p.sub(m.mul(rate.ref).div(np.sqrt(v).add(epsilon))),
      p,
      tree.ref(m1),
      tree.ref(v1),
    );
    rate.dispose();
    return { p: p1, m: m1, v: v1 };
  };

  /** x [K, B, 2]; z [n_D + 1, K * B, 2]; rates [n_D + 1], the last one the generator's. */
  const step = ({ g, d }, x, z, rates) => {
    let losses = null;
    for (let r = 0; r < criticSteps; r++) {
      const fake = mlp(tree.ref(g.p), z.ref.slice(r)).reshape([K, B, features]);
      const both = np.concatenate([x.ref, fake], 1);
      const [[sum, each], grads] = valueAndGrad(criticLoss, { hasAux: true })(tree.ref(d.p), both);
      sum.dispose();
      losses?.dispose();
      losses = each;
      d = adam(d, grads, rates.ref.slice(r));
    }
    x.dispose();
    const [loss, grads] = valueAndGrad(generatorLoss)(tree.ref(g.p), tree.ref(d.p), z.slice(criticSteps));
    g = adam(g, grads, rates.slice(criticSteps));
    return [{ g, d }, loss, losses];
  };

  return {
    /** With given data and noise. */
    given: jit(step),
    /** With rows gathered from the data and noise drawn on the device. */
    whole: jit((state, data, rows, key, rates) => {
      const x = data.slice(rows).reshape([K, B, features]);
      return step(state, x, random.normal(key, [criticSteps + 1, K * B, latent]), rates);
    }),
  };
}

/** Parameters with Adam's moments, as `blobsProgram` takes them. */
function initialState({ numpy: np }, weights) {
  const player = (layers, shapes) => {
    const arrays = (make) => layers.map((l) => ({ w: make(l.w, shapes(l)[0]), b: make(l.b, shapes(l)[1]) }));
    const zeros = () => arrays((values, shape) => np.array(new Float32Array(values.length)).reshape(shape));
    return { p: arrays((values, shape) => np.array(values).reshape(shape)), m: zeros(), v: zeros() };
  };
  return {
    g: player(weights.g, (l) => [[l.in, l.out], [1, l.out]]),
    d: player(weights.d, (l) => [[K, l.in, l.out], [K, 1, l.out]]),
  };
}

/** Adam's rates with bias correction for the updates of step `t` (from 0). */
function ratesAt(np, t, rate) {
  const at = (n) => (rate * Math.sqrt(1 - beta2 ** n)) / (1 - beta1 ** n);
  const critic = Array.from({ length: criticSteps }, (_, r) => at(t * criticSteps + r + 1));
  return np.array(new Float32Array([...critic, at(t + 1)]));
}

/** Checks the jitted step against float64, then times it. */
async function blobsStep(jax) {
  const { numpy: np, random, tree } = jax;
  const program = blobsProgram(jax);
  await checkBlobs('keras', async (weights, rate) => {
    let state = initialState(jax, weights);
    let t = 0;
    return {
      step: async (xs, zs) => {
        const x = np.array(xs).reshape([K, B, features]);
        const z = np.array(zs).reshape([criticSteps + 1, K * B, latent]);
        const [next, g, d] = program.given(state, x, z, ratesAt(np, t++, rate));
        state = next;
        return { g: (await g.data())[0], d: await d.data() };
      },
      dispose: () => tree.dispose(state),
    };
  });
  program.given.dispose();

  const data = np.array(blobs()).reshape([BLOBS.rows, features]);
  const next = generator(5);
  let state = initialState(jax, initialWeights());
  let loss = null;
  let t = 0;
  const rows = await timeBothWays({
    impl: 'one jit, critics batched',
    units: 5,
    budget: 12000,
    submit: async () => {
      loss?.dispose();
      const index = np.array(drawRows(next));
      const result = program.whole(state, data.ref, index, random.key(t), ratesAt(np, t, BLOBS.rate));
      t++;
      result[2].dispose();
      [state, loss] = result;
      await loss.ref.gpuBuffer();
    },
    wait: async () => {
      const [value] = await loss.ref.data();
      if (!(value > 0.3 && value < 1.5)) throw new Error(`the generator's loss is ${value}`);
    },
  });
  tree.dispose(state);
  data.dispose();
  loss.dispose();
  program.whole.dispose();
  return rows;
}

await runPeer({
  peer: 'jax-js',
  open,
  cases: [
    ...MATMUL.map(({ n, large }) => ({ suite: 'matmul', case: `${n}x${n}x${n}`, large, run: (c) => matmul(c, n) })),
    { suite: 'blobs', case: 'js K=10 step', run: blobsStep },
    ...CASES.map((c) => ({ suite: 'conv', case: c.case, large: c.layer.large, run: (jax) => convolution(jax, c) })),
  ],
});
