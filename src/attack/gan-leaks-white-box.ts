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
import { type LatentSearchOptions, objective, searchEach, searching } from './latents.ts';
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
  const { steps = 150 } = options;
  const { gpu, latent, features } = g;
  const size = Math.min(g.rows, records.length / features);
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
  try {
    return await searchEach(g, records, { ...options, steps }, size, async (start, targets, stepped) => {
      gpu.upload(target, targets);
      writeFlat(z, { z: start });
      gpu.upload(nearest, new Float32Array(size).fill(3e38));
      for (const { whole } of Object.values(optimizer.moments)) gpu.upload(whole, new Float32Array(whole.length));
      optimizer.updates = 0;
      for (let step = 0; step < steps; step += CHUNK) {
        const some = Math.min(CHUNK, steps - step);
        await gpu.replay(Array.from({ length: some }, (_, i) => ({ program, step: step + i }))).done();
        stepped(some);
      }
      return nearest.read();
    });
  } finally {
    program.dispose();
    optimizer.dispose();
    disposeFlat(z);
    target.dispose();
    nearest.dispose();
  }
}

export const ganLeaksWhiteBox: Attack = {
  title: 'gradients over z',
  score:
    'Score: how closely the generator can be made to reproduce a record, by gradients through it (GAN-Leaks, white-box).',
  ...searching('gan-leaks-white-box', invertWhiteBox),
};
