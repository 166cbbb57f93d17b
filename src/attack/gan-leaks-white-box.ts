/**
 * GAN-Leaks with G in the attacker's hands (Chen et al. 2020): how near can a z bring G to a record? By gradients through
 * G, here by Adam for many records at once (the original: L-BFGS, one by one).
 */
import { valueAndGrad } from '../autograd/grad.ts';
import { assign } from '../ops/assign.ts';
import { minimum } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { disposeFlat, flat, writeFlat } from '../optim/flat.ts';
import { Optimizer } from '../optim/optimizer.ts';
import { scope } from '../tensor/scope.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { type LatentSearchOptions, objective, padded, pieces, searching, startingLatents } from './latents.ts';
import type { Attack, Generator } from './target.ts';

/** Adam's rate for z, whose coordinates are of size 1. */
const RATE = 0.05;
/** Replays of a submit. */
const CHUNK = 10;

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

export const ganLeaksWhiteBox: Attack = {
  title: 'gradients over z',
  score:
    'Score: how closely the generator can be made to reproduce a record, by gradients through it (GAN-Leaks, white-box).',
  ...searching('gan-leaks-white-box', invertWhiteBox),
};
