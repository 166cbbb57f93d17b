/**
 * The random draws of a captured training step on the host, in float64: Philox by seed, step, draw site, program and
 * element (the layout of src/ops/random.ts). Sites count in the order in which a step draws.
 */
import { philoxInto } from '../../src/base/philox.ts';
import type { Draws64 } from './reference-images-step.ts';

/** Elements `first` to `first + n` of the uniform draws of a site: 24 bits of each word. */
export function uniforms64(
  n: number,
  { seed, step = 0, site, program }: { seed: number; step?: number; site: number; program: number },
  first = 0,
): Float64Array {
  const [out, words] = [new Float64Array(n), new Uint32Array(4)];
  let loaded = -1;
  for (let i = 0; i < n; i++) {
    const quad = Math.floor((first + i) / 4);
    if (quad !== loaded) philoxInto(words, quad, step, site, program, seed >>> 0, Math.floor(seed / 2 ** 32));
    loaded = quad;
    out[i] = (words[(first + i) % 4] >>> 8) / 2 ** 24;
  }
  return out;
}

/** The same as standard normal draws: Box-Muller over pairs. `first` is even. */
export function normals64(n: number, place: Parameters<typeof uniforms64>[1], first = 0): Float64Array {
  const u = uniforms64(n + (n % 2), place, first);
  return Float64Array.from({ length: n }, (_, i) => {
    const pair = i - (i % 2);
    const r = Math.sqrt(-2 * Math.log(1 - u[pair]));
    const angle = 2 * Math.PI * u[pair + 1];
    return r * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  });
}

/**
 * The draws of PAR-GAN's step: latent rows of all fakes; then in each repeat the places between real and fake
 * (WGAN-GP), the masks of the critics' loss, layer by layer, and those of the penalty; at last the generator's.
 */
export function drawsOf(run: {
  seed: number;
  program: number;
  step: number;
  K: number;
  B: number;
  latent: number;
  criticSteps: number;
  penalty: boolean;
  /** dropout layers of a critic, and the share that they drop */
  layers: number;
  dropout: number;
}): Draws64 {
  const { seed, program, step, K, B, latent, criticSteps, penalty, layers } = run;
  const at = (site: number) => ({ seed, program, step, site });
  const each = penalty ? 1 + 2 * layers : layers;
  const repeat = (r: number) => 1 + r * each;
  const generator = repeat(criticSteps);
  const rate = Math.fround(run.dropout);
  return {
    z: (r, k) => normals64(B * latent, at(0), (r * K + k) * B * latent),
    zGenerator: (k) => normals64(B * latent, at(generator), k * B * latent),
    alpha: (r, k) => uniforms64(B, at(repeat(r)), k * B),
    mask: (use, r, k, layer, length) => {
      const first = { loss: repeat(r) + (penalty ? 1 : 0), penalty: repeat(r) + 1 + layers, generator: generator + 1 }[
        use
      ];
      return uniforms64(length, at(first + layer), k * length).map((u) => (u < rate ? 0 : 1 / (1 - run.dropout)));
    },
  };
}
