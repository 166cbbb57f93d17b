/** The PAR-GAN Blobs step in plain float64, against which a peer's step is held before it is timed. */
import { BLOBS, blobs, drawRows, generator, initialWeights, normals } from './problems.mjs';

const { critics: K, batch: B, criticSteps, latent, features, slope, beta1, beta2, epsilon } = BLOBS;

/** Layers of one network in float64, with Adam's moments; block `k` of the critics' layers. */
function network(layers, k, rate, form) {
  const part = (values, size) => Float64Array.from(values.subarray(k * size, (k + 1) * size));
  const cells = layers.map((l) => ({ in: l.in, out: l.out, w: part(l.w, l.in * l.out), b: part(l.b, l.out) }));
  const moments = new Map();
  let t = 0;
  return {
    /** x [n, in] to the list of activations, the last one the output. */
    forward(x, n) {
      const out = [x];
      for (const [i, { in: I, out: O, w, b }] of cells.entries()) {
        const input = out[i];
        const y = new Float64Array(n * O);
        for (let r = 0; r < n; r++) {
          for (let o = 0; o < O; o++) y[r * O + o] = b[o];
          for (let j = 0; j < I; j++) {
            const v = input[r * I + j];
            for (let o = 0; o < O; o++) y[r * O + o] += v * w[j * O + o];
          }
        }
        if (i < cells.length - 1) for (let q = 0; q < y.length; q++) if (y[q] < 0) y[q] *= slope;
        out.push(y);
      }
      return out;
    },
    /** Gradients of the layers and of the input, from that of the output. The sign of an activation is its input's. */
    backward(activations, n, dy) {
      const grads = [];
      let e = dy;
      for (let i = cells.length - 1; i >= 0; i--) {
        const { in: I, out: O, w } = cells[i];
        const x = activations[i];
        if (i < cells.length - 1) {
          const y = activations[i + 1];
          e = e.map((v, q) => (y[q] < 0 ? slope * v : v));
        }
        const dw = new Float64Array(I * O);
        const db = new Float64Array(O);
        const dx = new Float64Array(n * I);
        for (let r = 0; r < n; r++) {
          for (let o = 0; o < O; o++) db[o] += e[r * O + o];
          for (let j = 0; j < I; j++) {
            const v = x[r * I + j];
            let sum = 0;
            for (let o = 0; o < O; o++) {
              dw[j * O + o] += v * e[r * O + o];
              sum += w[j * O + o] * e[r * O + o];
            }
            dx[r * I + j] = sum;
          }
        }
        grads[i] = { w: dw, b: db };
        e = dx;
      }
      return { grads, dx: e };
    },
    adam(grads) {
      t++;
      const root = Math.sqrt(1 - beta2 ** t);
      const step = (rate * root) / (1 - beta1 ** t);
      const floor = form === 'kingma' ? epsilon * root : epsilon;
      for (const [i, cell] of cells.entries()) {
        for (const name of ['w', 'b']) {
          const p = cell[name];
          const g = grads[i][name];
          const key = `${i}${name}`;
          if (!moments.has(key)) moments.set(key, { m: new Float64Array(p.length), v: new Float64Array(p.length) });
          const { m, v } = moments.get(key);
          for (let q = 0; q < p.length; q++) {
            m[q] = beta1 * m[q] + (1 - beta1) * g[q];
            v[q] = beta2 * v[q] + (1 - beta2) * g[q] ** 2;
            p[q] -= (step * m[q]) / (Math.sqrt(v[q]) + floor);
          }
        }
      }
    },
  };
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** Mean softplus(sign * logit) and its gradient times `weight`, both with respect to the logits. */
function bce(logits, sign, weight = 1) {
  let loss = 0;
  const grad = logits.map((x) => {
    loss += softplus(sign * x) / logits.length;
    return (weight * sign * sigmoid(sign * x)) / logits.length;
  });
  return { loss, grad };
}

/** Trains `inputs.length` steps. @returns {Array<{ g: number, d: number[] }>} the losses of each step */
function train(inputs, weights, rate, form) {
  const g = network(weights.g, 0, rate, form);
  const d = Array.from({ length: K }, (_, k) => network(weights.d, k, rate, form));
  const add = (a, b) => a.map((l, i) => ({ w: l.w.map((v, q) => v + b[i].w[q]), b: l.b.map((v, q) => v + b[i].b[q]) }));
  return inputs.map(({ x, z }) => {
    const noise = (r, k) => z.subarray((r * K + k) * B * latent, (r * K + k + 1) * B * latent);
    const losses = new Array(K);
    for (let r = 0; r < criticSteps; r++) {
      for (let k = 0; k < K; k++) {
        const real = d[k].forward(x.subarray(k * B * features, (k + 1) * B * features), B);
        const fake = d[k].forward(g.forward(noise(r, k), B).at(-1), B);
        const one = bce(real.at(-1), -1);
        const zero = bce(fake.at(-1), 1);
        losses[k] = one.loss + zero.loss;
        d[k].adam(add(d[k].backward(real, B, one.grad).grads, d[k].backward(fake, B, zero.grad).grads));
      }
    }
    let total = null;
    let loss = 0;
    for (let k = 0; k < K; k++) {
      const acts = g.forward(noise(criticSteps, k), B);
      const scores = d[k].forward(acts.at(-1), B);
      const term = bce(scores.at(-1), -1, 1 / K);
      loss += term.loss / K;
      const { grads } = g.backward(acts, B, d[k].backward(scores, B, term.grad).dx);
      total = total ? add(total, grads) : grads;
    }
    g.adam(total);
    return { g: loss, d: losses };
  });
}

/** Steps and learning rate of the check: the rate is large, so that a wrong update shows in the losses at once. */
const STEPS = 3;
const RATE = 2e-3;
const TOLERANCE = 5e-5;

/**
 * Holds a peer's step against float64, with given data and noise.
 * @param {'kingma' | 'keras'} form where the peer's Adam adds its epsilon: beside the corrected root of the second
 *   moment (Kingma and Ba, algorithm 1) or beside the plain one (Keras)
 * @param {(weights: object, rate: number) => Promise<{
 *   step: (x: Float32Array, z: Float32Array) => Promise<{ g: number, d: ArrayLike<number> }>,
 *   dispose: () => void }>} make
 *   a training whose step takes the real batch [K, B, 2] and the noise [(n_D + 1) K, B, 2] and gives the generator's
 *   loss and the K critic losses of the last repeat
 * @throws Error naming the step and the loss that is off
 */
export async function checkBlobs(form, make) {
  const next = generator(3);
  const data = blobs();
  const inputs = Array.from({ length: STEPS }, () => {
    const rows = drawRows(next);
    const x = Float32Array.from({ length: rows.length * 2 }, (_, i) => data[2 * rows[i >> 1] + (i & 1)]);
    return { x, z: normals(next, (criticSteps + 1) * K * B * latent) };
  });
  const weights = initialWeights();
  const wanted = train(inputs, weights, RATE, form);
  const spread = Math.abs(wanted[0].d[0] - wanted[STEPS - 1].d[0]);
  if (!(spread > 20 * TOLERANCE)) throw new Error(`the check would not notice a wrong update: ${spread}`);
  const peer = await make(weights, RATE);
  for (const [i, { x, z }] of inputs.entries()) {
    const got = await peer.step(x, z);
    const pairs = [['generator', got.g, wanted[i].g], ...wanted[i].d.map((v, k) => [`critic ${k}`, got.d[k], v])];
    for (const [name, value, want] of pairs) {
      if (process.env.DEBUG) console.error(`step ${i} ${name}: ${value} ${want} ${(value - want).toExponential(1)}`);
      if (Math.abs(value - want) <= TOLERANCE) continue;
      throw new Error(`step ${i}: the loss of the ${name} is ${value}, not ${want}`);
    }
  }
  peer.dispose();
}
