/** What every GAN here is: a generator and K critics with their optimisers, sampling, scoring, and a checkpoint. */
import { valueAndGrad } from '../autograd/grad.ts';
import { VeilganError } from '../base/errors.ts';
import type { Gpu, Replay } from '../gpu/index.ts';
import type { Parameters } from '../nn/network.ts';
import { oneHot } from '../ops/classes.ts';
import { add, scale, sigmoid } from '../ops/elementwise.ts';
import { type Block, harden } from '../ops/heads.ts';
import { concat, detach, reshape } from '../ops/movement.ts';
import { mean } from '../ops/reduce.ts';
import type { OptimizerConfig } from '../optim/optimizer.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import { callRows, inCalls } from '../train/batched-inference.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import { type LossRow, lossRows } from '../train/loop.ts';
import { type HostTensors, Player, restoreCount } from '../train/player.ts';
import { classesOf, type TrainingData } from '../train/rows.ts';
import { Snapshots } from '../train/snapshots.ts';
import { Anchor } from './anchor.ts';
import type { GanConfig } from './config.ts';
import { divergenceNames, divergences } from './divergences.ts';
import { latentLaws, uniformLabels } from './draws.ts';
import { criticNetwork, generatorNetwork, networks } from './networks/index.ts';
import { noiseWidth } from './networks/table.ts';

/** Classes that condition the networks, 0 where none do. @throws VeilganError CONFIG where the data have none */
export function conditioning(
  { labels, classes }: TrainingData,
  config: Pick<GanConfig, 'labels' | 'network' | 'divergence'>,
): number {
  if (config.labels === 'ignore') return 0;
  const refuse = (message: string, where: string, fix: string) => new VeilganError('CONFIG', message, { where, fix });
  if (!labels) {
    throw refuse('the data set has no labels to condition on', 'labels', 'Use `labels: ignore`, or labelled data');
  }
  if (!networks[config.network].labels) {
    throw refuse(`network ${config.network} takes no labels`, 'network', 'Use `network: conditional`');
  }
  if (divergences[config.divergence].penalty) {
    const others = divergenceNames.filter((name) => !divergences[name].penalty);
    throw refuse('a gradient penalty between records of unlike labels', 'divergence', `Use ${others.join(' or ')}`);
  }
  return classesOf(labels.train, classes);
}

export abstract class GanSystem implements GenerativeSystem {
  readonly gpu: Gpu;
  readonly config: GanConfig;
  readonly seed: number;
  /** values of a record, and its shape */
  readonly features: number;
  readonly shape: Shape;
  /** of the labels that condition the networks; 0 without */
  readonly classes: number;
  /** what the networks see of a record: its values, and one for each class */
  readonly width: number;
  /** dimensions of a latent vector, labels not counted */
  readonly noise: number;
  readonly generator: Player;
  readonly critics: Player;
  readonly snapshots: Snapshots;
  /** generator steps done or submitted */
  step = 0;
  readonly #ones: Tensor;
  readonly #blocks: readonly Block[] | undefined;
  /** of a generator that began with noisy shares */
  readonly #anchor: Anchor | undefined;

  abstract readonly maxChunk: number;
  /** The replays of the next steps, at most `most`; they must be submitted before anything else is asked. */
  abstract chunk(most: number): Replay[];
  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    return lossRows(logs, first);
  }
  /** The partition of each of the data set's training rows; rows that no critic sees have `partitions`. */
  abstract owners(): Uint32Array;

  get partitions(): number {
    return this.config.partitions;
  }

  /** Of what keeps a generator at the shares that it began with, beside what the critics say. */
  get anchorWeight(): number {
    return 1;
  }

  get unit(): string {
    return divergences[this.config.divergence].unit;
  }

  /** Chunks may end between two updates of the critics. */
  get done(): number {
    return this.step + this.critics.optimizer.updates;
  }

  planned(wanted: number): number {
    return wanted;
  }

  async prepare(_begun: boolean): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  stepsWithin(_updates: number): number {
    return Number.POSITIVE_INFINITY;
  }
  /** Whether a budget allows no further step. */
  get exhausted(): boolean {
    return false;
  }

  /** @throws VeilganError CONFIG where the networks cannot make such records */
  constructor(gpu: Gpu, config: GanConfig, data: TrainingData, seed: number) {
    const { features, shape = [features], blocks } = data;
    const { partitions: K, batch: B } = config;
    const classes = conditioning(data, config);
    this.gpu = gpu;
    this.config = config;
    this.seed = seed;
    this.features = features;
    this.shape = shape;
    this.classes = classes;
    this.width = features + classes;
    this.noise = noiseWidth(config, blocks);
    this.#blocks = blocks;
    if (blocks?.some(({ shares }) => shares !== undefined)) this.#anchor = new Anchor(gpu, blocks);
    const optimizer: OptimizerConfig =
      config.optimizer === 'adam'
        ? { kind: 'adam', rate: config.rate, beta1: config.beta1, beta2: config.beta2 }
        : { kind: config.optimizer, rate: config.rate, accumulator: config.accumulator };
    const clip = divergences[config.divergence].weightClip ? config.clip : undefined;
    this.generator = new Player(gpu, 'generator', generatorNetwork(config, shape, classes, blocks), 1, optimizer);
    this.critics = new Player(gpu, 'critics', criticNetwork(config, shape, classes), K, optimizer, clip);
    this.snapshots = new Snapshots(this.generator.model, config.snapshots, config.snapshotEvery);
    this.generator.initialise(seed, 1000);
    this.critics.initialise(seed, 2000);
    this.#ones = tensor(gpu, new Float32Array(K * B).fill(1), [K, B, 1]);
  }

  /** Latent vectors for `groups` sub-batches of `n`, by default of B; with labels of uniform law behind them. */
  latent(groups: number, n: number = this.config.batch): Tensor {
    const { gpu, seed, config, classes } = this;
    const z = latentLaws[config.latentLaw].draw(gpu, [groups, n, this.noise], { seed });
    return classes ? concat([z, uniformLabels(gpu, [groups, n], classes, seed)], 2) : z;
  }

  /** One update of the generator; gives its loss before it, and what the critics said: [K, B, 1]. */
  updateGenerator(): { loss: Tensor; scores: Tensor } {
    const { config, generator, critics, seed } = this;
    const z = this.latent(config.partitions);
    const [[loss, scores], gradient] = valueAndGrad((p: Parameters) => {
      const made = generator.train(z, seed, p);
      const scores = critics.train(made, seed);
      const loss = mean(divergences[config.divergence].generator(scores, this.#ones, config));
      if (!this.#anchor) return [loss, scores] as const;
      const held = scale(this.#anchor.of(made), this.anchorWeight);
      return [add(loss, reshape(held, loss.shape)), scores] as const;
    })(generator.parameters.parts);
    generator.optimizer.update(gradient);
    return { loss, scores };
  }

  /**
   * What the generator makes of latent vectors and labels [1, n, ...] after training; the moving averages stay as they are.
   * @param model instead of its own, such as a snapshot
   */
  make(z: Tensor, model = this.generator.model): Tensor {
    if (!networks[this.config.network].ownStatistics) return this.generator.infer(z, model);
    return this.generator.train(z, this.seed, model[0].parts, { frozen: true });
  }

  /** Labels of n sampled rows, where labels condition: each class in turn. */
  labelsOf(n: number): Uint32Array | undefined {
    return this.classes ? Uint32Array.from({ length: n }, (_, row) => row % this.classes) : undefined;
  }

  /**
   * Generated rows [n, features], drawn in turn from the snapshots of the generator (`config.snapshots`; the last one
   * is the current generator). Row i depends on the run, `stream` and i only; its label is that of `labelsOf`.
   * Of tables each choice is made: one-hot.
   * @param stream which of the seed's latent sequences
   */
  async sample(n: number, stream = 0): Promise<Float32Array> {
    const { gpu, seed, features: d, config, width, classes } = this;
    this.snapshots.take(this.step);
    const members = this.snapshots.members(this.step);
    const out = new Float32Array(n * d);
    const rows = Math.ceil(n / members.length);
    const call = callRows(d);
    const law = latentLaws[config.latentLaw].draw;
    for (const [m, model] of members.entries()) {
      const rowOf = (r: number) => r * members.length + m;
      const draw = (first: number) => {
        const at = 0x10000 * (64 * (stream + 1) + m) + first / call;
        const z = law(gpu, [1, call, this.noise], { seed, stream: at });
        if (!classes) return detach(this.make(z, model));
        const labels = Float32Array.from({ length: call * classes }, (_, i) =>
          i % classes === rowOf(first + Math.floor(i / classes)) % classes ? 1 : 0,
        );
        return detach(this.make(concat([z, tensor(gpu, labels, [1, call, classes])], 2), model));
      };
      await inCalls(rows, call, draw, (made, first, count) => {
        for (let r = 0; r < count; r++) {
          const row = rowOf(first + r);
          if (row < n) out.set(made.subarray(r * width, r * width + d), row * d);
        }
      });
    }
    return this.#blocks ? harden(out, this.#blocks) : out;
  }

  /**
   * Score of each row by each critic, [K, rows]: probabilities where the divergence gives them, else critic values.
   * @param x [rows, features]
   * @param labels [rows], where labels condition
   * @throws VeilganError SHAPE where they are missing then
   */
  async scores(x: Float32Array, labels?: Uint32Array): Promise<Float32Array> {
    const { features: d, config, classes } = this;
    const rows = x.length / d;
    if (classes && labels?.length !== rows) {
      throw new VeilganError(
        'SHAPE',
        `${rows} rows and ${labels?.length ?? 'no'} labels, which condition the critics`,
        {
          where: 'scores',
          fix: 'Give the label of each row',
        },
      );
    }
    const K = config.partitions;
    const out = new Float32Array(K * rows);
    const call = callRows(d);
    const score = (first: number) => {
      const some = x.subarray(first * d, Math.min(rows, first + call) * d);
      const values = tensor(this.gpu, some, [1, some.length / d, d]);
      const own = labels?.slice(first, first + call);
      const shown =
        classes && own ? concat([values, oneHot(tensor(this.gpu, own, [1, own.length]), classes)], 2) : values;
      const raw = this.critics.infer(shown);
      return divergences[config.divergence].output === 'probability' ? sigmoid(raw) : detach(raw);
    };
    await inCalls(rows, call, score, (part, first, n) => {
      for (let k = 0; k < K; k++) out.set(part.subarray(k * n, (k + 1) * n), k * rows + first);
    });
    return out;
  }

  /** Parameters, moments and counters: with the seed and the config, all that the rest of the run depends on. */
  async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    this.snapshots.take(this.step);
    const g = await this.generator.state();
    const d = await this.critics.state();
    return {
      tensors: { ...g.tensors, ...d.tensors, ...(await this.snapshots.state('generator.snapshot')) },
      meta: { step: String(this.step), generator_updates: String(g.updates), critic_updates: String(d.updates) },
    };
  }

  /** Goes on from what `state` gave. @throws VeilganError FILE where it belongs to another network */
  restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    this.generator.restore(tensors, restoreCount(meta, 'generator_updates'));
    this.critics.restore(tensors, restoreCount(meta, 'critic_updates'));
    this.snapshots.restore('generator.snapshot', tensors);
    this.step = restoreCount(meta, 'step');
  }

  dispose(): void {
    this.snapshots.dispose();
    this.generator.dispose();
    this.critics.dispose();
    this.#ones.dispose();
    this.#anchor?.dispose();
  }
}

/** Whether a system has critics, which can be asked. */
export const isGan = (system: GenerativeSystem): system is GanSystem => system instanceof GanSystem;
