/**
 * Random Fourier features (Rahimi and Recht 2007): of u(x) the M products with fixed normal vectors, their cosines and
 * sines, divided by sqrt(M). As cos^2 + sin^2 = 1, a record's features have norm 1 whatever it is, up to the rounding of
 * f32; what enforces the bound is the mechanism's clipping, not this.
 */
import type { Gpu } from '../../gpu/index.ts';
import { matmul } from '../../ops/contract.ts';
import { cos, scale, sin } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { normal } from '../../ops/random.ts';
import { keep, scope } from '../../tensor/scope.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { FeaturesConfig } from './config.ts';
import { featureRow } from './maps.ts';

/** Apart from the seed's streams that networks and latent vectors draw from. */
const STREAM = 0x7000;

/** How many projections each lengthscale has: evenly, the first ones one more. */
const shared = (projections: number, scales: number): number[] =>
  Array.from({ length: scales }, (_, i) => Math.ceil((projections - i) / scales)).filter((n) => n > 0);

export class FeatureMap {
  /** features of a record, 2 M */
  readonly width: number;
  /** [width of what is seen, M] */
  readonly projections: Tensor;
  readonly #see: (x: Tensor) => Tensor;
  readonly #own: readonly Tensor[];

  /**
   * @param shape of a record
   * @throws VeilganError CONFIG where the features take no such records
   */
  constructor(gpu: Gpu, config: Pick<FeaturesConfig, FeatureSettings>, shape: Shape) {
    const { projections: m, projectionSeed: seed } = config;
    const row = featureRow(config.features, shape);
    const inputs = row.width(shape);
    // Distances grow with the root of how many numbers are compared.
    const usual = row.lengthscales.map((length) => length * Math.sqrt(inputs / row.usual));
    const scales = config.lengthscales.length > 0 ? config.lengthscales : usual;
    const own: Tensor[] = [];
    this.width = 2 * m;
    this.#see = scope(() =>
      row.make(gpu, shape, (constant) => {
        own.push(keep(constant));
        return constant;
      }),
    );
    this.projections = scope(() => {
      const parts = shared(m, scales.length).map((columns, i) =>
        scale(normal(gpu, [inputs, columns], { seed, stream: STREAM + i }), 1 / scales[i]),
      );
      return keep(parts.length > 1 ? concat(parts, 1) : parts[0]);
    });
    this.#own = [...own, this.projections];
  }

  /** Records with values in [-1, 1], [n, values] -> features [n, 2 M]: all cosines, then all sines. */
  apply(x: Tensor): Tensor {
    const p = matmul(this.#see(x), this.projections);
    return scale(concat([cos(p), sin(p)], 1), 1 / Math.sqrt(this.width / 2));
  }

  dispose(): void {
    for (const t of this.#own) t.dispose();
  }
}

type FeatureSettings = 'features' | 'lengthscales' | 'projections' | 'projectionSeed';
