/**
 * What features of images cost beside their products: the map of a batch and its gradient in the images, and a whole step
 * of a fit to noisy sums, each over a program of the same convolutions and matrix products and nothing else.
 */
import { grad } from '../src/autograd/grad.ts';
import { parseFeatures } from '../src/fit/features/config.ts';
import { FeaturesFit } from '../src/fit/features/features.ts';
import { type FeatureName, featureNames, featureRows } from '../src/fit/features/maps.ts';
import { FeaturesPlan } from '../src/fit/features/plan.ts';
import { FeatureMap } from '../src/fit/features/projection.ts';
import { featuresNetwork } from '../src/gan/networks/features.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Program } from '../src/gpu/program.ts';
import { matmul } from '../src/ops/contract.ts';
import { geometryOf } from '../src/ops/conv-geometry.ts';
import { mul } from '../src/ops/elementwise.ts';
import { normal } from '../src/ops/random.ts';
import { sum } from '../src/ops/reduce.ts';
import { keep, scope } from '../src/tensor/scope.ts';
import { type Shape, sizeOf } from '../src/tensor/shape.ts';
import type { Tensor } from '../src/tensor/tensor.ts';
import { operands, product } from './conv.ts';
import { type ConvLayer, type Convolution, convolutions, IMAGES } from './conv-layers.ts';
import { replaying } from './dpstep.ts';
import { alternate, median, type Result } from './measure.ts';
import type { Pass } from './peers/conv.mjs';

/** What is measured: features, images of a step, projections. */
export interface FeaturesCase {
  readonly features: FeatureName;
  readonly batch: number;
  readonly projections: number;
}

const SHAPE = IMAGES.mnist;
const CLASSES = 10;
/** Records that are fitted to, by their number alone. */
const ROWS = 60_000;
/** Side and channels of each of the two filters of strokes. */
const FILTER = [7, 7, 1, 8];

const configOf = (some: FeaturesCase) => parseFeatures({ ...some });

/** One product, recorded anew at each call. */
type Recorded = () => unknown;

/** What programs work on, made before they are recorded and freed with them. */
class Operands {
  readonly gpu: Gpu;
  readonly #own: Tensor[] = [];

  constructor(gpu: Gpu) {
    this.gpu = gpu;
  }

  hold<T extends Tensor>(t: T): T {
    this.#own.push(keep(t));
    return t;
  }

  values(shape: Shape): Tensor {
    return this.hold(normal(this.gpu, shape, { seed: this.#own.length + 1 }));
  }

  dispose(): void {
    for (const t of this.#own) t.dispose();
  }
}

/** Some products of a layer. */
function convProducts(own: Operands, layer: Convolution, n: number, wanted: readonly Pass[]): Recorded[] {
  const whole: ConvLayer = { ...layer, set: 'mnist', player: 'generator', groups: 1, n };
  const of = operands(own.gpu, whole);
  for (const t of Object.values(of)) own.hold(t);
  return wanted.map((pass) => () => product(whole, pass, of));
}

/** Products of the map of a batch: what is seen, the projections, and both ways back. */
function mapProducts(own: Operands, { features, batch, projections }: FeaturesCase): Recorded[] {
  const seen = featureRows[features].width(SHAPE);
  const [u, w, p] = [
    [batch, seen],
    [seen, projections],
    [batch, projections],
  ].map((shape) => own.values(shape));
  const geometry = geometryOf('bench', SHAPE, FILTER, { stride: 2 });
  const filters = { transposed: false, geometry, ci: 1, co: FILTER[3] };
  const strokes = () => convProducts(own, filters, batch * SHAPE[2], ['conv', 'input']);
  return [
    ...(features === 'strokes' ? [...strokes(), ...strokes()] : []),
    () => matmul(u, w),
    () => matmul(p, w, { transposeB: true }),
  ];
}

/** Products of the generator: its dense layer forward and in its weights, its convolutions in all three ways. */
function generatorProducts(own: Operands, some: FeaturesCase): Recorded[] {
  const config = configOf(some);
  const inputs = config.latent + CLASSES;
  const network = featuresNetwork(config, SHAPE, CLASSES);
  const [first] = Object.values(network.shapes(1));
  const [z, w, h] = [[1, some.batch, inputs], first, [1, some.batch, first[2]]].map((shape) => own.values(shape));
  const layers = convolutions(own.gpu, network, [1, 1, inputs]);
  return [
    () => matmul(z, w),
    () => matmul(z, h, { transposeA: true }),
    ...layers.flatMap((layer) => convProducts(own, layer, some.batch, ['input', 'conv', 'filter'])),
  ];
}

/** A program, and the same products without anything else; `dispose` frees both and what they work on. */
export interface Compared {
  readonly whole: Program;
  readonly products: Program;
  dispose(): void;
}

const compared = (
  gpu: Gpu,
  whole: Program,
  productsOf: (own: Operands) => Recorded[],
  others: readonly { dispose(): void }[],
): Compared => {
  const own = new Operands(gpu);
  const list = scope(() => productsOf(own));
  const products = gpu.capture(`${whole.name}.products`, () =>
    scope(() => {
      for (const record of list) record();
    }),
  );
  const dispose = () => {
    for (const each of [products, ...others, own]) each.dispose();
  };
  return { whole, products, dispose };
};

/** The map forward and its gradient in the images. */
export function mapOf(gpu: Gpu, some: FeaturesCase): Compared {
  const map = new FeatureMap(gpu, configOf(some), SHAPE);
  const own = new Operands(gpu);
  const [x, weights] = scope(() => [sizeOf(SHAPE), map.width].map((width) => own.values([some.batch, width])));
  const back = grad((images: Tensor) => sum(mul(map.apply(images), weights)));
  const whole = gpu.capture('features.map', () => scope(() => back(x)));
  return compared(gpu, whole, (own) => mapProducts(own, some), [whole, map, own]);
}

/** A whole step, as src/fit/features/features.ts records it. */
export function stepOf(gpu: Gpu, some: FeaturesCase): Compared {
  const plan = new FeaturesPlan(configOf(some), ROWS, CLASSES);
  const features = sizeOf(SHAPE);
  const fit = new FeaturesFit(gpu, { plan, seed: 1, shape: SHAPE, features, rows: ROWS, labelled: true, steps: 1 });
  const products = (own: Operands) => [...generatorProducts(own, some), ...mapProducts(own, some)];
  return compared(gpu, fit.program(), products, [fit]);
}

export async function featuresSuite(gpu: Gpu): Promise<Result[]> {
  const results: Result[] = [];
  for (const features of featureNames) {
    const some: FeaturesCase = { features, batch: 200, projections: 2000 };
    for (const [what, make] of [
      ['the map and its gradient', mapOf],
      ['a whole step', stepOf],
    ] as const) {
      const { whole, products, dispose } = make(gpu, some);
      const subjects = [
        { name: `its products alone, ${products.dispatches.length} dispatches`, program: products },
        { name: `${what}, ${whole.dispatches.length} dispatches`, program: whole },
      ].map(({ name, program }) => ({ name, run: replaying(gpu, [{ program, step: 0 }]) }));
      const times = await alternate(subjects, { rounds: 11 });
      // Round by round, because what slows one slows its neighbours.
      const ratio = median(times[1].map((ms, round) => ms / times[0][round]));
      subjects.forEach(({ name }, i) => {
        const of = { ratio, of: 'the products' };
        results.push({
          ...{
            suite: 'features',
            case: `${features} of 28 x 28, B = ${some.batch}, M = ${some.projections}`,
            impl: name,
          },
          ...{ median_ms: median(times[i]), best_ms: Math.min(...times[i]), ...(i ? of : {}) },
        });
      });
      dispose();
      gpu.trim();
    }
  }
  return results;
}
