/**
 * What a step of a fit to noisy tables costs beside its matrix products: one recorded program of the generator, its
 * choices, gramLoss, the way back and Adam, over a program of the same products and nothing else.
 */
import { valueAndGrad } from '../src/autograd/grad.ts';
import { parseFit } from '../src/fit/config.ts';
import { biasOf, placesNetwork } from '../src/fit/network.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Program } from '../src/gpu/program.ts';
import type { Parameters } from '../src/nn/network.ts';
import { matmul } from '../src/ops/contract.ts';
import { gramLoss } from '../src/ops/gram.ts';
import type { Block } from '../src/ops/heads.ts';
import { reshape } from '../src/ops/movement.ts';
import { normal } from '../src/ops/random.ts';
import { keep, scope } from '../src/tensor/scope.ts';
import { tensor } from '../src/tensor/tensor.ts';
import { Player } from '../src/train/player.ts';
import { replaying } from './dpstep.ts';
import { alternate, median, type Result } from './measure.ts';

export interface FitCase {
  readonly columns: number;
  /** places of each column */
  readonly places: number;
}

/** Tables as wide as Adult's at a small budget and at a large one, and one whose width is no multiple of four. */
export const FIT_CASES: readonly FitCase[] = [
  { columns: 20, places: 13 },
  { columns: 14, places: 42 },
  { columns: 15, places: 39 },
];

/** Time over that of the products. */
const BUDGET = 1.5;
const config = parseFit({ batch: 512, latent: 24, generatorHidden: [128, 128] });

/** The products of a step: of each layer forward and both gradients (one of the first), and the two of the loss. */
export function productsOf(gpu: Gpu, width: number): Program {
  const { batch: B, latent, generatorHidden } = config;
  const sizes = [latent, ...generatorHidden, width];
  return scope(() => {
    const values = (rows: number, columns: number) => keep(normal(gpu, [rows, columns], { seed: rows + columns }));
    const activations = sizes.map((n) => values(B, n));
    const weights = sizes.slice(1).map((n, i) => values(sizes[i], n));
    const square = values(width, width);
    return gpu.capture('fit.products', () =>
      scope(() => {
        for (const [i, w] of weights.entries()) {
          matmul(activations[i], w);
          matmul(activations[i], activations[i + 1], { transposeA: true });
          if (i) matmul(activations[i + 1], w, { transposeB: true });
        }
        const p = activations[sizes.length - 1];
        matmul(p, p, { transposeA: true });
        matmul(p, square);
      }),
    );
  });
}

/** The whole step, as src/fit/marginals.ts records it. */
export function stepOf(gpu: Gpu, { columns, places }: FitCase): { program: Program; player: Player } {
  const width = columns * places;
  const blocks = Array.from({ length: columns }, (_, i): Block => ({ kind: 'choice', at: i * places, width: places }));
  const player = new Player(gpu, 'generator', placesNetwork(config, blocks), 1, { kind: 'adam', rate: config.rate });
  player.initialise(1, 1000);
  const side = width + 1;
  const column = (i: number) => (i === width ? -1 : Math.floor(i / places));
  const of = (value: (i: number, j: number) => number) =>
    tensor(
      gpu,
      Float32Array.from({ length: side * side }, (_, at) => value(Math.floor(at / side), at % side)),
      [side, side],
    );
  return scope(() => {
    const target = keep(of((i, j) => (i === width || j === width ? 1 / places : 1 / places ** 2)));
    const weight = keep(of((i, j) => (column(i) === column(j) ? 0 : (column(i) + column(j)) % 3 ? 1 : -0.1)));
    const z = keep(normal(gpu, [1, config.batch, config.latent], { seed: 1 }));
    const program = gpu.capture('fit.step', () =>
      scope(() => {
        const [, gradient] = valueAndGrad((p: Parameters) => {
          const made = player.train(z, 1, p);
          return gramLoss(reshape(made, made.shape.slice(1)), target, weight);
        })(player.parameters.parts);
        player.optimizer.update(gradient);
      }),
    );
    return { program, player };
  });
}

export async function fitSuite(gpu: Gpu): Promise<Result[]> {
  const results: Result[] = [];
  for (const some of FIT_CASES) {
    const { program, player } = stepOf(gpu, some);
    // As wide as the step makes them.
    const width = player.parameters.parts[biasOf(config)].length;
    const products = productsOf(gpu, width);
    const subjects = [
      { name: `its products alone, ${products.dispatches.length} dispatches`, program: products },
      { name: `the whole step, ${program.dispatches.length} dispatches`, program },
    ].map(({ name, program }) => ({ name, run: replaying(gpu, [{ program, step: 0 }]) }));
    const times = await alternate(subjects, { rounds: 25 });
    // Round by round, because what slows one slows its neighbours.
    const ratio = median(times[1].map((ms, round) => ms / times[0][round]));
    subjects.forEach(({ name }, i) => {
      const ms = median(times[i]);
      const of = { ratio: ratio / BUDGET, of: `budget ${BUDGET}x the products (${ratio.toFixed(2)}x)` };
      results.push({
        ...{ suite: 'fit', case: `${some.columns} columns of ${some.places} places, B = ${config.batch}`, impl: name },
        ...{ median_ms: ms, best_ms: Math.min(...times[i]), ...(i ? of : {}) },
      });
    });
    for (const each of [program, products]) each.dispose();
    player.dispose();
  }
  return results;
}
