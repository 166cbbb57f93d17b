/** TensorFlow.js on its WebGPU backend. Prints one JSON document; flags in harness.mjs. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CASES, checkConv, convFlop, convOperands } from './conv.mjs';
import { runPeer } from './harness.mjs';
import { BLOBS, blobs, checkProduct, drawRows, generator, initialWeights, MATMUL, matrices } from './problems.mjs';
import { checkBlobs } from './reference.mjs';
import { timeBothWays } from './timing.mjs';

const { critics: K, batch: B, criticSteps, latent, features, slope, beta1, beta2, epsilon } = BLOBS;

async function open() {
  const { build } = await import('esbuild');
  const outfile = fileURLToPath(new URL('node_modules/.cache/tfjs.cjs', import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL('tfjs-entry.mjs', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    outfile,
    logLevel: 'error',
  });
  const tf = createRequire(import.meta.url)(outfile);
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs did not open its WebGPU backend');
  await tf.ready();
  const backend = tf.backend();
  return { version: tf.version_core, device: backend.device, context: { tf, flush: () => flush(backend) } };
}

/** Submits the dispatches that the backend holds back, without waiting for them. */
function flush(backend) {
  if (!backend.commandEncoder) return;
  backend.endComputePassEncoder();
  backend.submitQueue();
}

async function matmul({ tf, flush }, n) {
  const host = matrices(n);
  const a = tf.tensor2d(host.a, [n, n]);
  const b = tf.tensor2d(host.b, [n, n]);
  const first = tf.matMul(a, b);
  checkProduct(n, host.a, host.b, await first.data());
  let last = first;
  const rows = await timeBothWays({
    flop: 2 * n ** 3,
    submit: () => {
      last.dispose();
      last = tf.matMul(a, b);
    },
    flush,
    // One entry: what is timed is the product and not the copy of it.
    wait: async () => {
      const entry = tf.slice(last, [0, 0], [1, 1]);
      await entry.data();
      entry.dispose();
    },
  });
  for (const t of [a, b, last]) t.dispose();
  return rows;
}

/** The products as tfjs' own gradients call them: the kernels, without a forward around them. */
async function convolution({ tf, flush }, { layer, passes }) {
  const { geometry: at, n, ci, co } = layer;
  const host = convOperands(layer);
  const shapes = { x: [n, at.h, at.w, ci], y: [n, at.oh, at.ow, co], k: [at.kh, at.kw, ci, co] };
  const [x, y, k] = ['x', 'y', 'k'].map((name) => tf.tensor(host[name], shapes[name]));
  const attrs = { strides: [at.sh, at.sw], pad: 'same', dataFormat: 'NHWC', dimRoundingMode: undefined };
  const run = {
    conv: () => tf.conv2d(x, k, attrs.strides, 'same'),
    input: () =>
      tf.engine().runKernel('Conv2DBackpropInput', { dy: y, filter: k }, { ...attrs, inputShape: shapes.x }),
    filter: () => tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: y }, { ...attrs, filterShape: shapes.k }),
  };
  let last = passes.map((pass) => run[pass]());
  for (const [i, pass] of passes.entries()) checkConv(pass, layer, host, await last[i].data());
  const rows = await timeBothWays({
    flop: passes.length * convFlop(layer),
    round: 300,
    budget: 6000,
    submit: () => {
      tf.dispose(last);
      last = passes.map((pass) => run[pass]());
    },
    flush,
    // One entry of the last product: the queue runs in order.
    wait: async () => {
      const entry = tf.slice(last.at(-1), [0, 0, 0, 0], [1, 1, 1, 1]);
      await entry.data();
      entry.dispose();
    },
  });
  tf.dispose([x, y, k, ...last]);
  return rows;
}

/** A row of variables w, b a layer; `shapes(layer)` says how each is laid out. */
function variables(tf, layers, shapes) {
  return layers.map((l) => {
    const [w, b] = shapes(l);
    return { w: tf.variable(tf.tensor(l.w, w)), b: tf.variable(tf.tensor(l.b, b)) };
  });
}

const list = (layers) => layers.flatMap(({ w, b }) => [w, b]);

/** Glue of both ways to write the step: generator, optimisers, generator's gradient. */
function common(tf, weights, rate) {
  const g = variables(tf, weights.g, (l) => [[l.in, l.out], [l.out]]);
  const adam = () => tf.train.adam(rate, beta1, beta2, epsilon);
  // The fused kernel takes bias and activation with it; where a gradient is wanted tfjs unfuses by itself.
  const dense = (x, { w, b }, last) =>
    tf.fused.matMul({ a: x, b: w, bias: b, activation: last ? 'linear' : 'leakyrelu', leakyreluAlpha: slope });
  const generate = (z) => g.reduce((x, layer, i) => dense(x, layer, i === g.length - 1), z);
  return { g, adam, dense, generate };
}

/** The step as the notebook writes it: critics one after the other, a call of the generator for each. */
function stepByStep(tf, weights, rate) {
  const { g, adam, dense, generate } = common(tf, weights, rate);
  const slices = (l, k) => ({
    ...l,
    w: l.w.subarray(k * l.in * l.out, (k + 1) * l.in * l.out),
    b: l.b.subarray(k * l.out, (k + 1) * l.out),
  });
  const d = Array.from({ length: K }, (_, k) =>
    variables(tf, weights.d.map((l) => slices(l, k)), (l) => [[l.in, l.out], [l.out]]),
  );
  // tfjs keeps moments by position in the list of gradients, so one optimiser cannot serve several critics.
  const optimizers = d.map(adam);
  const optimizer = adam();
  const critic = (k, x) => d[k].reduce((h, layer, i) => dense(h, layer, i === d[k].length - 1), x);
  const real = (logits) => tf.mean(tf.softplus(tf.neg(logits)));
  const fake = (logits) => tf.mean(tf.softplus(logits));

  /** x: K tensors [B, 2]; noise(r, k) [B, 2]. The caller owns the losses. */
  const step = (x, noise) => {
    const losses = [];
    for (let r = 0; r < criticSteps; r++) {
      for (let k = 0; k < K; k++) {
        const loss = tf.tidy(() => {
          const made = generate(noise(r, k));
          const objective = () => tf.add(real(critic(k, x[k])), fake(critic(k, made)));
          const { value, grads } = tf.variableGrads(objective, list(d[k]));
          optimizers[k].applyGradients(grads);
          return value;
        });
        losses[k]?.dispose();
        losses[k] = loss;
      }
    }
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        // Added in pairs: addN of ten inputs binds more storage buffers than WebGPU grants by default.
        let sum = real(critic(0, generate(noise(criticSteps, 0))));
        for (let k = 1; k < K; k++) sum = tf.add(sum, real(critic(k, generate(noise(criticSteps, k)))));
        return tf.div(sum, K);
      }, list(g));
      optimizer.applyGradients(grads);
      return value;
    });
    return { g: loss, d: losses };
  };
  const dispose = () => {
    for (const v of [...list(g), ...d.flatMap(list)]) v.dispose();
    for (const o of [optimizer, ...optimizers]) o.dispose();
  };
  return { step, batch: (x) => tf.unstack(tf.reshape(x, [K, B, features])), dispose };
}

/** The same step with the K critics batched by hand: one generator call a phase, critics with a leading axis of K. */
function stepBatched(tf, weights, rate) {
  const { g, adam, generate } = common(tf, weights, rate);
  const d = variables(tf, weights.d, (l) => [[K, l.in, l.out], [K, 1, l.out]]);
  const [dOptimizer, gOptimizer] = [adam(), adam()];
  const linear = (x, { w, b }) => tf.add(tf.matMul(x, w), b);
  const critic = (x) => linear(tf.leakyRelu(linear(x, d[0]), slope), d[1]);
  const sign = tf.tensor3d(Float32Array.from({ length: 2 * B }, (_, i) => (i < B ? -1 : 1)), [1, 2 * B, 1]);

  /** x [K, B, 2]; noise(r) [K * B, 2]. */
  const step = (x, noise) => {
    let losses = null;
    for (let r = 0; r < criticSteps; r++) {
      losses?.dispose();
      losses = tf.tidy(() => {
        const both = tf.concat([x, tf.reshape(generate(noise(r)), [K, B, features])], 1);
        let each = null;
        const { grads } = tf.variableGrads(() => {
          // Kept from the tape's own tidy: variableGrads gives the sum only.
          each = tf.keep(tf.div(tf.sum(tf.softplus(tf.mul(critic(both), sign)), [1, 2]), B));
          return tf.sum(each);
        }, list(d));
        dOptimizer.applyGradients(grads);
        return each;
      });
    }
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const fakes = tf.reshape(generate(noise(criticSteps)), [K, B, features]);
        return tf.mean(tf.softplus(tf.neg(critic(fakes))));
      }, list(g));
      gOptimizer.applyGradients(grads);
      return value;
    });
    return { g: loss, d: losses };
  };
  const dispose = () => {
    for (const v of [...list(g), ...list(d), sign]) v.dispose();
    for (const o of [dOptimizer, gOptimizer]) o.dispose();
  };
  return { step, batch: (x) => tf.reshape(x, [K, B, features]), dispose };
}

/** Checks a way to write the step against float64, then times it. */
async function blobsStep({ tf, flush }, impl, build, perCall, units) {
  await checkBlobs('kingma', async (weights, rate) => {
    const training = build(tf, weights, rate);
    return {
      step: async (xs, zs) => {
        const size = perCall * latent;
        const result = tf.tidy(() => {
          const noise = (r, k = 0) => {
            const first = r * K * B * latent + k * B * latent;
            return tf.tensor2d(zs.slice(first, first + size), [perCall, latent]);
          };
          const { g, d } = training.step(training.batch(tf.tensor2d(xs, [K * B, features])), noise);
          return { g, d: Array.isArray(d) ? tf.stack(d) : d };
        });
        const out = { g: (await result.g.data())[0], d: await result.d.data() };
        tf.dispose(result);
        return out;
      },
      dispose: training.dispose,
    };
  });

  const training = build(tf, initialWeights(), BLOBS.rate);
  const data = tf.tensor2d(blobs(), [BLOBS.rows, features]);
  const next = generator(5);
  let last = null;
  const submit = () => {
    if (last) tf.dispose(last);
    last = tf.tidy(() => {
      const x = training.batch(tf.gather(data, tf.tensor1d(drawRows(next), 'int32')));
      return training.step(x, () => tf.randomNormal([perCall, latent]));
    });
  };
  const wait = async () => {
    const loss = (await last.g.data())[0];
    if (!(loss > 0.3 && loss < 1.5)) throw new Error(`the generator's loss is ${loss}`);
  };
  const before = tf.memory().numTensors;
  const rows = await timeBothWays({ impl, submit, flush, wait, units, budget: 12000 });
  if (process.env.DEBUG) console.error(`${impl}: tensors ${before} -> ${tf.memory().numTensors}`);
  tf.dispose(last);
  data.dispose();
  training.dispose();
  return rows;
}

await runPeer({
  peer: 'tfjs-webgpu',
  open,
  cases: [
    ...MATMUL.map(({ n, large }) => ({ suite: 'matmul', case: `${n}x${n}x${n}`, large, run: (c) => matmul(c, n) })),
    ...[
      ['critics one by one', stepByStep, B, 3],
      ['critics batched by hand', stepBatched, K * B, 5],
    ].map(([impl, build, perCall, units]) => ({
      suite: 'blobs',
      case: 'js K=10 step',
      impl,
      run: (c) => blobsStep(c, impl, build, perCall, units),
    })),
    ...CASES.map((c) => ({ suite: 'conv', case: c.case, large: c.layer.large, run: (context) => convolution(context, c) })),
  ],
});
