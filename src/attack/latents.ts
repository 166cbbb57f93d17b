/** What the attacks that choose z have in common: a generator, where a search begins, and what it minimises. */
import { spread } from '../base/rows.ts';
import { nearestNeighbours } from '../metrics/neighbours.ts';
import { add, scale, shift, square, sub } from '../ops/elementwise.ts';
import { concat, detach, reshape, slice } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import { scope } from '../tensor/scope.ts';
import { noGrad } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Attack, distanceScores, type Generator, NO_CRITICS, type Sides, type TrainedModel } from './target.ts';

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

/** Weight of the penalty that keeps |z|^2 near its expectation (GAN-Leaks). */
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

/**
 * For each record the latents whose generated records are nearest to it.
 * @param records [records, features]
 * @returns latents [restarts, records, latent], and squared distances of the nearest generated record [records]
 */
export async function startingLatents(
  g: Generator,
  records: Float32Array,
  { restarts = 2, pool = 4096, onProgress }: LatentSearchOptions = {},
): Promise<{ z: Float32Array; squared: Float64Array }> {
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

/**
 * Searches for the z of each record from each of its starting points, some records at a time.
 * @param records [records, features]
 * @param size records of one search
 * @param search from latents z [size, latent] for targets [size, features]: the squared distance of each target to the
 * nearest G(z) on its way, [size]; `stepped` is told of iterations that are done
 * @returns [records], the distance of each to the nearest that was seen, the generated ones that it started from included
 */
export async function searchEach(
  g: Generator,
  records: Float32Array,
  options: LatentSearchOptions & { readonly steps: number },
  size: number,
  search: (z: Float32Array, targets: Float32Array, stepped: (count: number) => void) => Promise<ArrayLike<number>>,
): Promise<Float64Array> {
  const { steps, restarts = 2, onProgress } = options;
  const count = records.length / g.features;
  const starts = await startingLatents(g, records, { ...options, onProgress: (share) => onProgress?.(0.1 * share) });
  const best = starts.squared.slice();
  const total = Math.ceil(count / size) * restarts * steps;
  let done = 0;
  const stepped = (some: number) => {
    done += some;
    onProgress?.(0.1 + (0.9 * done) / total);
  };
  for (let first = 0; first < count; first += size) {
    const live = Math.min(size, count - first);
    const targets = padded(records, g.features, first, live, size);
    for (let r = 0; r < restarts; r++) {
      const found = await search(padded(starts.z, g.latent, r * count + first, live, size), targets, stepped);
      for (let i = 0; i < live; i++) best[first + i] = Math.min(best[first + i], found[i]);
    }
  }
  return best.map(Math.sqrt);
}

/** Rows [first, first + count) of [rows, width], the last one repeated up to `size` rows. */
function padded(rows: Float32Array, width: number, first: number, count: number, size: number) {
  const out = new Float32Array(size * width);
  for (let i = 0; i < size; i++) {
    const from = (first + Math.min(i, count - 1)) * width;
    out.set(rows.subarray(from, from + width), i * width);
  }
  return out;
}

/** What the attacks that search for the z of each record have in common: they look at some records only. */
export const searching = (
  name: string,
  search: (g: Generator, records: Float32Array, options: LatentSearchOptions) => Promise<Float64Array>,
): Pick<Attack, 'family' | 'slow' | 'calibrated' | 'unfit' | 'run'> => ({
  family: 'search for the z of a record (GAN-Leaks, partial black-box and white-box)',
  slow: true,
  calibrated: true,
  unfit: ({ critics, conditional }) =>
    !critics
      ? NO_CRITICS
      : conditional
        ? 'labels condition the generator, which the search over z does not choose'
        : undefined,
  async run({ model, reference, members, others, records, seed, onProgress }) {
    const { features } = model;
    const distances = async (of: TrainedModel | undefined, part: number): Promise<Sides | undefined> => {
      const generator = of?.generator();
      if (!of || !generator) return undefined;
      const find = (rows: Float32Array, at: number) =>
        search(generator, spread(rows, features, records), {
          seed,
          onProgress: (share) => onProgress((2 * part + at + share) / (reference ? 4 : 2)),
        });
      return {
        members: await of.once(`${name} of members`, () => find(members.rows, 0)),
        nonMembers: await find(others.rows, 1),
      };
    };
    const own = await distances(model, 0);
    if (!own) return {};
    const other = await distances(reference, 1);
    const calibrated = other ? [distanceScores(`${name}-calibrated`, own, other)] : [];
    return { scored: [distanceScores(name, own), ...calibrated] };
  },
});
