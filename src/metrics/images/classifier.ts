/**
 * A classifier of images, trained with the same engine: what generated images are judged by. The network is that of the
 * DPGAN papers' evaluations: 3 x 3 convolutions and ReLU, max pooling, dropout, two dense layers.
 */
import '../../base/schema.ts';
import * as z from 'zod';
import { valueAndGrad } from '../../autograd/grad.ts';
import { VeilganError } from '../../base/errors.ts';
import type { Gpu, Program, Replay } from '../../gpu/index.ts';
import { convLayer, dense, dropoutLayer, maxPoolLayer, reshapeLayer } from '../../nn/layers.ts';
import { type Network, type Parameters, sequential } from '../../nn/network.ts';
import { log } from '../../ops/assign.ts';
import { crossEntropy, softmax } from '../../ops/classes.ts';
import { reshape } from '../../ops/movement.ts';
import { mean } from '../../ops/reduce.ts';
import { scope } from '../../tensor/scope.ts';
import type { Shape } from '../../tensor/shape.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';
import { callRows, inCalls } from '../../train/batched-inference.ts';
import { Batches } from '../../train/batches.ts';
import { notFinite, type StepRow, type System } from '../../train/loop.ts';
import { Player } from '../../train/player.ts';
import { Rows } from '../../train/rows.ts';

const whole = (most: number) => z.int().min(1).max(most);

/** Settings of a classifier; the defaults are the paper's. */
export const classifierConfig = z.strictObject({
  channels: z.array(whole(4096)).min(1).max(8).default([32, 64]).describe('of the convolutions'),
  kernel: whole(31).default(3).describe('side of their windows, pixels'),
  padding: z.enum(['valid', 'same']).default('valid').describe('same: images keep their size'),
  pool: z.enum(['last', 'each']).default('last').describe('which convolutions the largest of 2 x 2 is taken behind'),
  hidden: whole(8192).default(128).describe('units of the dense layer'),
  dropout: z.number().min(0).max(0.95).default(0.25).describe('share dropped behind the pooling'),
  denseDropout: z.number().min(0).max(0.95).default(0.5).describe('share dropped behind the dense layer'),
  batch: whole(65_536).default(64).describe('rows of a step'),
  rate: z.number().positive().max(10).default(1e-3).describe("Adam's learning rate"),
  epochs: whole(100_000).default(10).describe('passes over the training rows'),
});
export type ClassifierConfig = z.output<typeof classifierConfig>;

/** Behind each convolution and its pooling, how much is left of a side. */
function sides({ channels, kernel, padding, pool }: ClassifierConfig, side: number): number[] {
  const left: number[] = [];
  for (let i = 0, size = side; i < channels.length; i++) {
    if (padding === 'valid') size -= kernel - 1;
    if (pool === 'each' || i === channels.length - 1) size = Math.floor(size / 2);
    left.push(size);
  }
  return left;
}

/** Whether images [height, width, channels] are large enough for the convolutions. */
export const fitsImages = (config: ClassifierConfig, [h, w]: Shape): boolean =>
  [...sides(config, h), ...sides(config, w)].every((side) => side >= 1);

/** The network's layers, without convolutions dense ones alone; all but the last give the features of an image. */
function classifierLayers(config: ClassifierConfig, shape: Shape, classes: number): Network[] {
  const { channels, kernel, padding, pool } = config;
  const [h, w, c] = shape;
  const [high, wide] = [sides(config, h), sides(config, w)];
  if (shape.length !== 3 || !fitsImages(config, shape)) {
    throw new VeilganError('CONFIG', `${channels.length} convolutions do not fit records [${shape}]`, {
      where: 'channels',
      fix: 'Use fewer, or larger images',
    });
  }
  const widths = [c, ...channels];
  const last = channels.length - 1;
  const flat = (high[last] ?? h) * (wide[last] ?? w) * widths[channels.length];
  return [
    reshapeLayer(shape),
    ...channels.flatMap((n, i) => [
      convLayer(widths[i], n, kernel, { padding, activation: 'leaky', slope: 0 }),
      ...(pool === 'each' || i === last ? [maxPoolLayer(2)] : []),
    ]),
    dropoutLayer(config.dropout),
    reshapeLayer([flat]),
    dense(flat, config.hidden, { activation: 'leaky', slope: 0 }),
    dropoutLayer(config.denseDropout),
    dense(config.hidden, classes),
  ];
}

/** [1, n, values of an image] -> logits [1, n, classes]. @throws VeilganError CONFIG where the image is too small */
export const classifierNetwork = (config: ClassifierConfig, shape: Shape, classes: number): Network =>
  sequential(classifierLayers(config, shape, classes));

export interface Labelled {
  /** [rows, features]; bytes stand for (2 b - 255) / 255 */
  readonly train: Float32Array | Uint8Array;
  /** [rows], below `classes` */
  readonly labels: Uint32Array;
  /** [height, width, channels] */
  readonly shape: Shape;
  readonly classes: number;
}

export interface ClassifierRow extends StepRow {
  /** mean cross-entropy of the step's rows, nats */
  readonly loss: number;
}

/** One network, Adam, a mean cross-entropy. A `System`, so `train` drives it. */
export class Classifier implements System<ClassifierRow> {
  readonly gpu: Gpu;
  readonly player: Player;
  readonly shape: Shape;
  readonly classes: number;
  readonly batches: Batches;
  readonly maxChunk: number;
  step = 0;
  readonly #config: ClassifierConfig;
  readonly #seed: number;
  readonly #images: Rows;
  readonly #targets: Rows;
  #program: Program | null = null;

  /** @throws VeilganError CONFIG where rows or images are too few or too small */
  constructor(gpu: Gpu, config: ClassifierConfig, { train, labels, shape, classes }: Labelled, seed: number) {
    this.gpu = gpu;
    this.shape = shape;
    this.classes = classes;
    this.#config = config;
    this.#seed = seed;
    const network = classifierNetwork(config, shape, classes);
    this.batches = new Batches(labels.length, { partitions: 1, batch: config.batch, partitionOrder: 'file' }, seed);
    this.player = new Player(gpu, 'classifier', network, 1, { kind: 'adam', rate: config.rate });
    this.player.initialise(seed, 3000);
    const oneHot = new Float32Array(labels.length * classes);
    labels.forEach((label, row) => {
      oneHot[row * classes + label] = 1;
    });
    const common = { perStep: config.batch, chunk: 64 };
    this.#images = new Rows(gpu, train, { width: train.length / labels.length, ...common });
    this.#targets = new Rows(gpu, oneHot, { width: classes, ...common });
    this.maxChunk = Math.min(this.#images.chunk, this.#targets.chunk);
  }

  /** Steps of the configured epochs. */
  get steps(): number {
    return this.#config.epochs * this.batches.stepsPerEpoch;
  }

  #record(): void {
    const { player } = this;
    const { batch } = this.#config;
    const x = reshape(this.#images.gather(), [1, batch, this.#images.width]);
    const target = reshape(this.#targets.gather(), [1, batch, this.classes]);
    const [loss, gradient] = valueAndGrad((p: Parameters) =>
      mean(crossEntropy(player.train(x, this.#seed, p), target)),
    )(player.parameters.parts);
    player.optimizer.update(gradient);
    log('loss', loss);
  }

  chunk(most: number): Replay[] {
    this.#program ??= this.gpu.capture('classifier.step', () => scope(() => this.#record()));
    const program = this.#program;
    const count = Math.min(most, this.maxChunk);
    const first = this.step;
    const fill = (list: Uint32Array, at: number, i: number) => this.batches.fill(list, at, first + i);
    const places = this.#images.send(count, fill);
    this.#targets.send(count, fill);
    this.step += count;
    return places.map((index, i) => ({ program, step: first + i, index }));
  }

  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): ClassifierRow[] {
    return (logs.get('loss') ?? []).map(([loss], i) => {
      if (!Number.isFinite(loss)) throw notFinite('the loss', first + i + 1);
      return { step: first + i + 1, loss };
    });
  }

  /** Probability of each class for each image, [rows, classes]. @param x [rows, values of an image] */
  predict(x: Float32Array): Promise<Float32Array> {
    return this.#infer(x, this.classes, (images) => softmax(this.player.infer(images)));
  }

  /**
   * What the last layer sees of each image, [rows, hidden units]: features to compare sets of images by, of this
   * classifier alone. @param x [rows, values of an image]
   */
  features(x: Float32Array): Promise<Float32Array> {
    const { parameters } = this.player;
    const body = sequential(classifierLayers(this.#config, this.shape, this.classes).slice(0, -1));
    const pass = { training: false, seed: 0, statistics: {} };
    return this.#infer(x, this.#config.hidden, (images) => body.apply(parameters.parts, images, pass));
  }

  /** One call's images after another. @param width values that `apply` makes of an image */
  async #infer(x: Float32Array, width: number, apply: (images: Tensor) => Tensor): Promise<Float32Array> {
    const values = this.#images.width;
    const rows = x.length / values;
    const call = callRows(values);
    const out = new Float32Array(rows * width);
    const make = (first: number) => {
      const some = x.subarray(first * values, Math.min(rows, first + call) * values);
      return apply(tensor(this.gpu, some, [1, some.length / values, values]));
    };
    await inCalls(rows, call, make, (part, first, n) => {
      out.set(part.subarray(0, n * width), first * width);
    });
    return out;
  }

  dispose(): void {
    this.#program?.dispose();
    for (const part of [this.player, this.#images, this.#targets]) part.dispose();
  }
}

/** A trained classifier, how it was trained, and the share of test rows that it gets right. */
export interface Judge {
  readonly classifier: Classifier;
  readonly config: ClassifierConfig;
  readonly accuracy: number | null;
}
