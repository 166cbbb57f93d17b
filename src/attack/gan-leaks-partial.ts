/**
 * GAN-Leaks where only what G makes of chosen z is seen (Chen et al. 2020): how near can a z bring G to a record? Here by
 * an evolution strategy (the original: Powell's method).
 */
import { PhiloxStream } from '../base/philox.ts';
import { pickRows } from '../base/rows.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { type LatentSearchOptions, objective, searchEach, searchedOf, searching } from './latents.ts';
import type { Attack, Generator } from './target.ts';

/** Offspring of an iteration of the evolution strategy. */
const OFFSPRING = 8;

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
  const { steps = 40, seed = 0 } = options;
  const { latent, features } = g;
  const searched = searchedOf(g);
  const size = Math.max(1, Math.min(Math.floor(g.rows / OFFSPRING), records.length / features));
  const stream = new PhiloxStream(seed, 'attack/evolution');
  return searchEach(g, records, { ...options, steps }, size, async (z, targets, stepped) => {
    const repeated = pickRows(
      targets,
      features,
      Array.from({ length: size * OFFSPRING }, (_, i) => Math.floor(i / OFFSPRING)),
    );
    const target = tensor(g.gpu, repeated, [1, size * OFFSPRING, features]);
    const [nearest, loss] = [1, 2].map(() => new Float64Array(size).fill(Number.POSITIVE_INFINITY));
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
          nearest[i] = Math.min(nearest[i], found.squared[o]);
          if (found.loss[o] < loss[i]) {
            loss[i] = found.loss[o];
            winner = o;
          }
        }
        if (winner >= 0) z.set(tries.subarray(winner * latent, (winner + 1) * latent), i * latent);
        reach[i] *= winner >= 0 ? 1.5 : 0.875;
      }
      stepped(1);
    }
    target.dispose();
    return nearest;
  });
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

export const ganLeaksPartial: Attack = {
  title: 'search over z',
  score:
    'Score: how closely the generator can be made to reproduce a record, by trying values of z (GAN-Leaks, partial black-box).',
  ...searching('gan-leaks-partial', invertBlackBox),
};
