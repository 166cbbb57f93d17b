/**
 * DP-FEATURES: a generator matched to noisy sums of features. What is measured is bought once, and is data for ever: the
 * fit is post-processing, whose steps cost no privacy. After Harder, Adamczewski and Park 2021 (DP-MERF), with features
 * that see strokes; see README.md of this room.
 */
import { valueAndGrad } from '../../autograd/grad.ts';
import { featuresNetwork } from '../../gan/networks/features.ts';
import type { Gpu, Program, Replay } from '../../gpu/index.ts';
import type { Parameters } from '../../nn/network.ts';
import { log } from '../../ops/assign.ts';
import { add, mul, scale, shift, square, sub } from '../../ops/elementwise.ts';
import { concat, detach, reshape } from '../../ops/movement.ts';
import { normal } from '../../ops/random.ts';
import { mean, sum } from '../../ops/reduce.ts';
import { keep, scope } from '../../tensor/scope.ts';
import type { Shape } from '../../tensor/shape.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import { inCalls } from '../../train/batched-inference.ts';
import type { GenerativeSystem } from '../../train/generative.ts';
import type { LossRow } from '../../train/loop.ts';
import { type HostTensors, Player, restoreCount } from '../../train/player.ts';
import { CHUNK, cosine, lossesOf, replaysOf } from '../steps.ts';
import type { FeaturesConfig } from './config.ts';
import { type FeatureMeasurer, lost, type Released } from './measurer.ts';
import type { FeaturesPlan } from './plan.ts';
import { FeatureMap } from './projection.ts';

/** How a checkpoint calls what was released. */
const [SUMS, COUNTS] = ['released.sums', 'released.counts'];

export interface FeaturesParts {
  readonly plan: FeaturesPlan;
  readonly seed: number;
  /** of a record */
  readonly shape: Shape;
  readonly features: number;
  /** training rows, all of which are summed */
  readonly rows: number;
  /** whether classes condition: samples have labels then */
  readonly labelled: boolean;
  /** of the fit */
  readonly steps: number;
  /** measures what the run begins with; left out of one that goes on, or is only sampled from */
  readonly measurer?: FeatureMeasurer;
}

export class FeaturesFit implements GenerativeSystem {
  readonly gpu: Gpu;
  readonly config: FeaturesConfig;
  readonly seed: number;
  readonly features: number;
  readonly shape: Shape;
  readonly classes: number;
  readonly partitions = 1;
  readonly unit = 'squared distance of mean features (unbiased), over that of their noise';
  readonly maxChunk = CHUNK;
  readonly generator: Player;
  readonly map: FeatureMap;
  step = 0;
  readonly #parts: FeaturesParts;
  /** records of a step: as many of each class */
  readonly #batch: number;
  /** classes of a step's records, one class behind the other, [1, batch, classes]; null without labels */
  readonly #labels: Tensor | null;
  /** what mean features by class are to be, [classes, 2 M] */
  readonly #target: Tensor;
  /** 1 over the squared distance that noise alone makes */
  readonly #scale: Tensor;
  #released: Released | undefined;
  #program: Program | null = null;

  /** @throws VeilganError CONFIG where features or generator do not fit such records */
  constructor(gpu: Gpu, parts: FeaturesParts) {
    const { plan, seed, shape, features, labelled } = parts;
    const { config, classes: groups } = plan;
    [this.gpu, this.config, this.seed, this.#parts] = [gpu, config, seed, parts];
    [this.features, this.shape, this.classes] = [features, shape, labelled ? groups : 0];
    const network = featuresNetwork(config, shape, this.classes);
    this.map = new FeatureMap(gpu, config, shape);
    this.generator = new Player(gpu, 'generator', network, 1, { kind: 'adam', rate: config.rate, epsilon: 1e-8 });
    this.generator.initialise(seed, 1000);
    this.generator.optimizer.factor = (update) => cosine((update - 1) / parts.steps);
    const each = Math.max(2, Math.ceil(config.batch / groups));
    this.#batch = each * groups;
    this.#labels = this.classes ? this.#oneHot((i) => Math.floor(i / each)) : null;
    this.#target = tensor(gpu, new Float32Array(groups * this.map.width), [groups, this.map.width]);
    this.#scale = tensor(gpu, new Float32Array(1), [1]);
  }

  get done(): number {
    return this.step;
  }

  get exhausted(): boolean {
    return this.step >= this.#parts.steps;
  }

  stepsWithin(): number {
    return Number.POSITIVE_INFINITY;
  }

  planned(wanted: number): number {
    return wanted;
  }

  /** The class of each record of a batch as one-hot values, [1, batch, classes]. */
  #oneHot(classOf: (i: number) => number): Tensor {
    const { classes } = this;
    const values = new Float32Array(this.#batch * classes);
    for (let i = 0; i < this.#batch; i++) values[i * classes + classOf(i)] = 1;
    return tensor(this.gpu, values, [1, this.#batch, classes]);
  }

  /** Measures where nothing is measured yet. @throws VeilganError FILE for a run that lost what it paid for */
  async prepare(_begun: boolean): Promise<number> {
    const { measurer } = this.#parts;
    if (!this.#released) {
      if (!measurer) throw lost();
      this.#aim(await measurer.measure(this.map));
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Sends what was measured to the device: means by class, each class with the weight of its share of a step. */
  #aim(released: Released): void {
    this.#released = released;
    const { sums, counts } = released;
    const { plan } = this.#parts;
    const { width } = this.map;
    const groups = counts.length;
    const target = sums.map((sum, i) => sum / (groups * counts[Math.floor(i / width)]));
    const noise = counts.reduce((total, n) => total + width * (plan.sigma / (groups * n)) ** 2, 0);
    this.gpu.upload(this.#target, target);
    this.gpu.upload(this.#scale, Float32Array.of(1 / noise));
    for (const t of [this.#target, this.#scale]) t.storage.version++;
  }

  /** Latent vectors with their classes behind them. */
  #input(labels: Tensor | null, stream?: number): Tensor {
    const z = normal(this.gpu, [1, this.#batch, this.config.latent], { seed: this.seed, stream });
    return labels ? concat([z, labels], 2) : z;
  }

  #record(): void {
    const { generator, seed, map } = this;
    const input = this.#input(this.#labels);
    const groups = this.#target.shape[0];
    const each = this.#batch / groups;
    const [loss, gradient] = valueAndGrad((p: Parameters) => {
      const made = generator.train(input, seed, p, { frozen: true });
      const phi = map.apply(reshape(made, [this.#batch, this.features]));
      const means = mean(reshape(phi, [groups, each, map.width]), 1);
      const own = scale(means, 1 / groups);
      const distance = sum(square(sub(own, this.#target)));
      // Of few records the mean is longer than that of many, by a known amount as each is of norm 1: without this term the
      // generator would be drawn to make the records of a class alike.
      const excess = shift(scale(sum(square(own)), 1 / (each - 1)), -1 / (groups * (each - 1)));
      return mul(add(distance, excess), this.#scale);
    })(generator.parameters.parts);
    generator.optimizer.update(gradient);
    log('loss_g', reshape(loss, [1]));
  }

  program(): Program {
    this.#program ??= this.gpu.capture('features.step', () => scope(() => this.#record()));
    return this.#program;
  }

  chunk(most: number): Replay[] {
    const count = Math.min(most, CHUNK, this.#parts.steps - this.step);
    const replays = replaysOf(this.program(), this.step, count);
    this.step += count;
    return replays;
  }

  /** @throws VeilganError NAN naming the step */
  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    return lossesOf(logs, first);
  }

  owners(): Uint32Array {
    return new Uint32Array(this.#parts.rows);
  }

  /** Labels of n sampled rows, where labels condition: each class in turn. */
  labelsOf(n: number): Uint32Array | undefined {
    return this.classes ? Uint32Array.from({ length: n }, (_, row) => row % this.classes) : undefined;
  }

  /**
   * Generated rows [n, features], in batches as those of a step, whose own statistics normalise them as in training. Row i
   * depends on the run, `stream` and i only, as whole batches are made; its label is that of `labelsOf`.
   */
  async sample(n: number, stream = 0): Promise<Float32Array> {
    const { features: d, seed } = this;
    const out = new Float32Array(n * d);
    const labels = this.classes ? scope(() => keep(this.#oneHot((i) => i % this.classes))) : null;
    const made = (first: number) =>
      detach(
        this.generator.train(
          this.#input(labels, 0x400000 * (stream + 1) + first / this.#batch),
          seed,
          this.generator.parameters.parts,
          { frozen: true },
        ),
      );
    await inCalls(n, this.#batch, made, (values, first, count) => out.set(values.subarray(0, count * d), first * d));
    labels?.dispose();
    return out;
  }

  async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    const { tensors, updates } = await this.generator.state();
    if (!this.#released) throw lost();
    const { sums, counts } = this.#released;
    const groups = counts.length;
    const released = {
      [SUMS]: { shape: [groups, sums.length / groups], data: sums },
      [COUNTS]: { shape: [groups], data: counts },
    };
    return {
      tensors: { ...tensors, ...released },
      meta: { step: String(this.step), generator_updates: String(updates) },
    };
  }

  /** @throws VeilganError FILE for a state of another system, or without what was released */
  restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    this.generator.restore(tensors, restoreCount(meta, 'generator_updates'));
    this.step = restoreCount(meta, 'step');
    const [sums, counts] = [SUMS, COUNTS].map((name) =>
      Object.hasOwn(tensors, name) ? tensors[name].data : undefined,
    );
    if (sums?.length !== this.#target.length || counts?.length !== this.#target.shape[0]) throw lost();
    this.#aim({ sums, counts });
  }

  dispose(): void {
    this.#program?.dispose();
    this.generator.dispose();
    this.map.dispose();
    for (const t of [this.#labels, this.#target, this.#scale]) t?.dispose();
    this.#parts.measurer?.wipe();
  }
}
