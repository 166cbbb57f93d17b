/** What the attacks that choose z have in common: a generator, where a search begins, and what it minimises. */
import type { Gpu } from '../gpu/index.ts';
import { nearestNeighbours } from '../metrics/neighbours.ts';
import { add, scale, shift, square, sub } from '../ops/elementwise.ts';
import { concat, detach, reshape, slice } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A generator whose latent vectors the attacker chooses. */
export interface Generator {
  readonly gpu: Gpu;
  /** dimensions of a latent vector */
  readonly latent: number;
  /**
   * the first of them, z, that are searched; the others stay as they were drawn. Left out: all. The noise by which a
   * generator of tables chooses values is not searched: it would bring G to any record
   */
  readonly searched?: number;
  /** what |z|^2 of the searched ones is on average */
  readonly energy: number;
  /** latents as training drew them, [1, n, latent] */
  readonly draw: (n: number, stream: number) => Tensor;
  readonly features: number;
  /** most rows of one call */
  readonly rows: number;
  /** [1, n, latent] -> [1, n, features], in inference mode */
  readonly generate: (z: Tensor) => Tensor;
}

export interface LatentSearchOptions {
  /** starting points a record: the latents of its nearest among the generated ones; default 2 */
  readonly restarts?: number;
  /** latents that starting points are taken from; default 4096 */
  readonly pool?: number;
  /** iterations a restart */
  readonly steps?: number;
  readonly seed?: number;
  readonly onProgress?: (share: number) => void;
}

/** Weight of the penalty that keeps |z|^2 near its expectation (GAN-Leaks, spec/systems.md section 10). */
const PENALTY = 1e-3;

/** Dimensions that a search may change. */
export const searchedOf = ({ latent, searched = latent }: Generator): number => searched;

/**
 * GAN-Leaks' objective without its perceptual term (LPIPS needs the weights of a network trained elsewhere):
 * mean over the features of (G(z) - x)^2 + 0.001 (|z|^2 - E |z|^2)^2.
 * @param z [1, n, latent] @param x [1, n, features]
 * @returns the objective and the squared distances |G(z) - x|^2, [n] each
 */
export function objective(g: Generator, z: Tensor, x: Tensor): { loss: Tensor; squared: Tensor } {
  const n = z.shape[1];
  const searched = searchedOf(g);
  const own = slice(z, 2, 0, searched);
  const kept = searched < g.latent ? [detach(slice(z, 2, searched, g.latent))] : [];
  const squared = reshape(sum(square(sub(g.generate(kept.length ? concat([own, ...kept], 2) : z), x)), 2), [n]);
  const penalty = square(shift(reshape(sum(square(own), 2), [n]), -g.energy));
  return { loss: add(scale(squared, 1 / g.features), scale(penalty, PENALTY)), squared };
}

/** Where a search for each of some records begins. */
export interface Starts {
  /** latents [restarts, records, latent] */
  readonly z: Float32Array;
  /** squared distances of the nearest generated record [records] */
  readonly squared: Float64Array;
}

/**
 * For each record the latents whose generated records are nearest to it.
 * @param records [records, features]
 */
export async function startingLatents(
  g: Generator,
  records: Float32Array,
  { restarts = 2, pool = 4096, onProgress }: LatentSearchOptions = {},
): Promise<Starts> {
  const count = records.length / g.features;
  const calls = Math.ceil(pool / g.rows);
  const latents = new Float32Array(calls * g.rows * g.latent);
  const made = new Float32Array(calls * g.rows * g.features);
  for (let call = 0; call < calls; call++) {
    const [z, x] = scope(() =>
      noGrad(() => {
        const z = g.draw(g.rows, call);
        return [z, detach(g.generate(z))];
      }),
    );
    latents.set(await z.read(), call * g.rows * g.latent);
    made.set(await x.read(), call * g.rows * g.features);
    z.dispose();
    x.dispose();
    onProgress?.((0.5 * (call + 1)) / calls);
  }
  const { k, squared, indices } = await nearestNeighbours(g.gpu, records, made, {
    features: g.features,
    k: restarts,
    onProgress: (share) => onProgress?.(0.5 + share / 2),
  });
  const z = new Float32Array(restarts * count * g.latent);
  for (let r = 0; r < restarts; r++) {
    for (let i = 0; i < count; i++) {
      const from = indices[i * k + Math.min(r, k - 1)] * g.latent;
      z.set(latents.subarray(from, from + g.latent), (r * count + i) * g.latent);
    }
  }
  return { z, squared: Float64Array.from({ length: count }, (_, i) => squared[i * k]) };
}
