/**
 * GAN-Leaks with G in the attacker's hands (Chen et al. 2020): how near can a z bring G to a record? White-box:
 * gradients through G, here by Adam for many records at once (the original: L-BFGS, one by one). Partial black-box:
 * only what G makes of chosen z is seen, here by an evolution strategy (the original: Powell's method).
 */
import { valueAndGrad } from '../autograd/grad.ts';
import { PhiloxStream } from '../base/philox.ts';
import { assign } from '../ops/assign.ts';
import { minimum } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { disposeFlat, flat, writeFlat } from '../optim/flat.ts';
import { Optimizer } from '../optim/optimizer.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { type Generator, type LatentSearchOptions, objective, searchedOf, startingLatents } from './latents.ts';

/** Adam's rate for z, whose coordinates are of size 1. */
const RATE = 0.05;
/** Replays of a submit. */
const CHUNK = 10;
/** Offspring of an iteration of the evolution strategy. */
const OFFSPRING = 8;

/** Pieces of a list of records, [first, count] each. */
const pieces = (count: number, size: number): [number, number][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min(size, count - i * size)]);

/** Rows [first, first + count) of [rows, width], the last one repeated up to `size` rows. */
function padded(rows: Float32Array, width: number, [first, count]: readonly [number, number], size: number) {
  const out = new Float32Array(size * width);
  for (let i = 0; i < size; i++) {
    const from = (first + Math.min(i, count - 1)) * width;
    out.set(rows.subarray(from, from + width), i * width);
  }
  return out;
}

/**
 * The white-box search: distance |G(z) - x| of each record to the nearest that it saw on its way, of all restarts and
 * of the generated records that it started from.
 * @param records [records, features]
 * @param options steps: default 150
 * @returns [records]
 * @throws whatever the device throws
 */
export async function invertWhiteBox(
  g: Generator,
  records: Float32Array,
  options: LatentSearchOptions = {},
): Promise<Float64Array> {
  const { steps = 150, restarts = 2, onProgress } = options;
  const { gpu, latent, features } = g;
  const count = records.length / features;
  const starts = await startingLatents(g, records, { ...options, onProgress: (share) => onProgress?.(0.1 * share) });
  const best = starts.squared.slice();
  const size = Math.min(g.rows, count);
  const z = flat(gpu, { z: [1, size, latent] });
  const optimizer = new Optimizer({ kind: 'adam', rate: RATE }, z);
  const target = tensor(gpu, new Float32Array(size * features), [1, size, features]);
  const nearest = tensor(gpu, new Float32Array(size));
  const program = gpu.capture('attack.invert', () =>
    scope(() => {
      const [[, squared], gradient] = valueAndGrad((p: { z: Tensor }) => {
        const { loss, squared } = objective(g, p.z, target);
        return [sum(loss), squared] as const;
      })(z.parts as { z: Tensor });
      assign(nearest, minimum(nearest, squared));
      optimizer.update(gradient);
    }),
  );
  const parts = pieces(count, size);
  const total = parts.length * restarts * steps;
  let done = 0;
  try {
    for (const [first, live] of parts) {
      gpu.upload(target, padded(records, features, [first, live], size));
      for (let r = 0; r < restarts; r++) {
        writeFlat(z, { z: padded(starts.z, latent, [r * count + first, live], size) });
        gpu.upload(nearest, new Float32Array(size).fill(3e38));
        for (const moment of Object.values(optimizer.moments))
          gpu.upload(moment.whole, new Float32Array(moment.whole.length));
        optimizer.updates = 0;
        for (let step = 0; step < steps; step += CHUNK) {
          const some = Math.min(CHUNK, steps - step);
          await gpu.replay(Array.from({ length: some }, (_, i) => ({ program, step: step + i }))).done();
          done += some;
          onProgress?.(0.1 + (0.9 * done) / total);
        }
        const found = await nearest.read();
        for (let i = 0; i < live; i++) best[first + i] = Math.min(best[first + i], found[i]);
      }
    }
  } finally {
    program.dispose();
    optimizer.dispose();
    disposeFlat(z);
    target.dispose();
    nearest.dispose();
  }
  return best.map(Math.sqrt);
}

/**
 * The partial black-box search, (1 + 8) evolution a record: eight steps of size s from the best z, the best of the nine
 * stays, and s grows by half where that was a step and shrinks by an eighth where it was none (the one-fifth rule).
 * @param records [records, features]
 * @param options steps: iterations, default 40; so 320 queries a record and restart
 * @returns [records], as `invertWhiteBox`
 */
export async function invertBlackBox(
  g: Generator,
  records: Float32Array,
  options: LatentSearchOptions = {},
): Promise<Float64Array> {
  const { steps = 40, restarts = 2, seed = 0, onProgress } = options;
  const { latent, features } = g;
  const searched = searchedOf(g);
  const count = records.length / features;
  const starts = await startingLatents(g, records, { ...options, onProgress: (share) => onProgress?.(0.1 * share) });
  const best = starts.squared.slice();
  const size = Math.max(1, Math.min(Math.floor(g.rows / OFFSPRING), count));
  const stream = new PhiloxStream(seed, 'attack/evolution');
  const parts = pieces(count, size);
  let done = 0;
  for (const [first, live] of parts) {
    const of = padded(records, features, [first, live], size);
    const repeated = new Float32Array(size * OFFSPRING * features);
    for (let i = 0; i < size * OFFSPRING; i++) {
      const from = Math.floor(i / OFFSPRING) * features;
      repeated.set(of.subarray(from, from + features), i * features);
    }
    const target = tensor(g.gpu, repeated, [1, size * OFFSPRING, features]);
    for (let r = 0; r < restarts; r++) {
      const z = padded(starts.z, latent, [r * count + first, live], size);
      const loss = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
      const reach = new Float64Array(size).fill(0.3);
      for (let step = 0; step < steps; step++) {
        const tries = new Float32Array(size * OFFSPRING * latent);
        for (let i = 0; i < tries.length; i++) {
          const record = Math.floor(i / (OFFSPRING * latent));
          // The first offspring of the first iteration is the start itself.
          const still = step === 0 && i - record * OFFSPRING * latent < latent;
          const free = !still && i % latent < searched;
          tries[i] = z[record * latent + (i % latent)] + (free ? reach[record] * stream.normal() : 0);
        }
        const found = await evaluate(g, tries, target);
        for (let i = 0; i < size; i++) {
          let winner = -1;
          for (let o = i * OFFSPRING; o < (i + 1) * OFFSPRING; o++) {
            if (i < live) best[first + i] = Math.min(best[first + i], found.squared[o]);
            if (found.loss[o] < loss[i]) {
              loss[i] = found.loss[o];
              winner = o;
            }
          }
          if (winner >= 0) z.set(tries.subarray(winner * latent, (winner + 1) * latent), i * latent);
          reach[i] *= winner >= 0 ? 1.5 : 0.875;
        }
        done++;
        onProgress?.(0.1 + (0.9 * done) / (parts.length * restarts * steps));
      }
    }
    target.dispose();
  }
  return best.map(Math.sqrt);
}

/** Objective and squared distance of each row of z. */
async function evaluate(
  g: Generator,
  z: Float32Array,
  target: Tensor,
): Promise<{ loss: Float32Array; squared: Float32Array }> {
  const latents = tensor(g.gpu, z, [1, z.length / g.latent, g.latent]);
  const found = noGrad(() => scope(() => objective(g, latents, target)));
  const [loss, squared] = await g.gpu.read(found.loss, found.squared);
  for (const t of [latents, found.loss, found.squared]) t.dispose();
  return { loss: new Float32Array(loss), squared: new Float32Array(squared) };
}
