/**
 * The autoencoder of DPGAN's records of zeros and ones (Xie et al. 2018, after medGAN), trained before
 * the GAN, whose generator takes its decoder. It learns from the records without noise: nothing that is private may.
 */
import { valueAndGrad } from '../../autograd/grad.ts';
import { VeilganError } from '../../base/errors.ts';
import type { Gpu, Program, Replay } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { sequential } from '../../nn/network.ts';
import { assign, log } from '../../ops/assign.ts';
import { bceWithLogits } from '../../ops/elementwise.ts';
import { reshape } from '../../ops/movement.ts';
import { sum } from '../../ops/reduce.ts';
import { scope } from '../../tensor/scope.ts';
import { Batches } from '../../train/batches.ts';
import { notFinite, type StepRow, type System, train } from '../../train/loop.ts';
import { Player } from '../../train/player.ts';
import { Rows, type TrainingData } from '../../train/rows.ts';
import { DECODER, ehrDecoder, ehrEncoder } from './xie.ts';

const [BATCH, EPOCHS, RATE] = [100, 100, 1e-3];

export class Autoencoder implements System<StepRow> {
  readonly gpu: Gpu;
  readonly maxChunk: number;
  step = 0;
  readonly #generator: Player;
  readonly #seed: number;
  readonly #player: Player;
  readonly #batches: Batches;
  readonly #rows: Rows;
  #program: Program | null = null;

  /**
   * @param rows how many of the data's rows to train on
   * @throws VeilganError DATA where a value is outside of [0, 1]
   */
  constructor(
    { gpu, generator, seed }: { gpu: Gpu; generator: Player; seed: number },
    data: TrainingData,
    rows: number,
  ) {
    const { features } = data;
    const train = data.train.subarray(0, rows * features);
    const bad = train instanceof Uint8Array ? 0 : train.findIndex((v) => !(v >= 0 && v <= 1));
    if (bad >= 0) {
      throw new VeilganError('DATA', 'network ehr needs a table of values from 0 to 1', {
        where: `row ${Math.floor(bad / features) + 1}, column ${(bad % features) + 1}`,
        fix: 'Use another network, or import a table of zeros and ones',
      });
    }
    this.gpu = gpu;
    this.#generator = generator;
    this.#seed = seed;
    const network = sequential([ehrEncoder(features), ehrDecoder(features)]);
    this.#player = new Player(gpu, 'autoencoder', network, 1, { kind: 'adam', rate: RATE });
    this.#player.initialise(seed, 4000);
    const batch = Math.min(BATCH, rows);
    this.#batches = new Batches(rows, { partitions: 1, batch, partitionOrder: 'file' }, seed);
    this.#rows = new Rows(gpu, train, { width: features, perStep: batch, chunk: 64 });
    this.maxChunk = this.#rows.chunk;
  }

  #record(): void {
    const { batch } = this.#batches;
    const x = reshape(this.#rows.gather(), [1, batch, this.#rows.width]);
    const [loss, gradient] = valueAndGrad((p: Parameters) =>
      sum(bceWithLogits(this.#player.train(x, this.#seed, p), x), undefined, { scale: 1 / batch }),
    )(this.#player.parameters.parts);
    this.#player.optimizer.update(gradient);
    log('loss', loss);
  }

  chunk(most: number): Replay[] {
    this.#program ??= this.gpu.capture('autoencoder.step', () => scope(() => this.#record()));
    const program = this.#program;
    const count = Math.min(most, this.maxChunk);
    const first = this.step;
    const places = this.#rows.send(count, (list, at, i) => this.#batches.fill(list, at, first + i));
    this.step += count;
    return places.map((index, i) => ({ program, step: first + i, index }));
  }

  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): StepRow[] {
    return (logs.get('loss') ?? []).map(([loss], i) => {
      if (!Number.isFinite(loss)) throw notFinite("the autoencoder's loss", first + i + 1);
      return { step: first + i + 1 };
    });
  }

  /** All epochs; then the generator has the decoder. Frees what it used. @throws VeilganError NAN */
  async train(): Promise<void> {
    try {
      await train(this, { steps: EPOCHS * this.#batches.stepsPerEpoch });
      for (const name of ['weight', 'bias']) {
        assign(this.#generator.parameters.parts[DECODER + name], this.#player.parameters.parts[`1.${name}`]);
      }
    } finally {
      this.#program?.dispose();
      for (const part of [this.#player, this.#rows]) part.dispose();
    }
  }
}
