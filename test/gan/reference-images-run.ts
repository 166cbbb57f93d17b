/** A PAR-GAN on random images and its float64 twin: the same start, batches and draws, step by step. */
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import type { GanConfig } from '../../src/gan/config.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { HostTensors } from '../../src/train/player.ts';
import { near } from '../support/values.ts';
import type { Params64 } from './reference-images.ts';
import { drawsOf } from './reference-images-draws.ts';
import { imageNets, type Net64 } from './reference-images-nets.ts';
import { crossEntropy, type Losses64, Moving64, Optimizer64, step64, wasserstein } from './reference-images-step.ts';

export const SHAPES = { mnist: [28, 28, 1], cifar10: [32, 32, 3] } as const;
export const dataOf = (preset: string): 'mnist' | 'cifar10' => (preset.startsWith('mnist') ? 'mnist' : 'cifar10');

/** A preset with hidden layers of `width` times its channels. */
export function configOf(preset: string, fields: Partial<GanConfig>, width = 1): GanConfig {
  const full = makeConfig(preset, {});
  const narrow = (channels: number[]) => channels.map((n) => n * width);
  const [generatorChannels, criticChannels] = [narrow(full.generatorChannels), narrow(full.criticChannels)];
  return makeConfig(preset, { rows: 0, generatorChannels, criticChannels, ...fields });
}

/** The tensors called `prefix` and a layer's number, in order; block k of `blocks`, under the names of `like`. */
function pick<T extends object>(tensors: HostTensors, prefix: string, like: T, k = 0, blocks = 1): Params64 {
  const found = Object.entries(tensors).flatMap(([name, { data }]) => {
    if (!name.startsWith(prefix) || !/^\d/.test(name.slice(prefix.length))) return [];
    const size = data.length / blocks;
    return [Float64Array.from(data.subarray(k * size, (k + 1) * size))];
  });
  const names = Object.keys(like);
  assert.is(found.length, names.length, `${prefix}: ${found.length} tensors`);
  return Object.fromEntries(names.map((name, i) => [name, found[i]]));
}

function parameters(tensors: HostTensors, prefix: string, net: Net64, k = 0, blocks = 1): Params64 {
  const p = pick(tensors, prefix, net.shapes, k, blocks);
  for (const [name, shape] of Object.entries(net.shapes)) {
    assert.is(
      p[name].length,
      shape.reduce((a, b) => a * b, 1),
      `${prefix}${name}`,
    );
  }
  return p;
}

/** Asserts |a - b| <= relative |b - from| + floor over a tensor. */
function close(
  a: Float64Array,
  b: Float64Array,
  from: Float64Array | null,
  relative: number,
  floor: number,
  what: string,
) {
  let [off, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    off += (a[i] - b[i]) ** 2;
    size += (b[i] - (from ? from[i] : 0)) ** 2;
  }
  [off, size] = [Math.sqrt(off), Math.sqrt(size)];
  if (!(a.length === b.length && off <= relative * size + floor))
    assert.unreachable(`${what} is off by ${off}, its norm being ${size}`);
}

export class Twin {
  readonly gan: ParGan;
  readonly config: GanConfig;
  readonly nets: { readonly generator: Net64; readonly critic: Net64 };
  readonly generator: Params64;
  readonly critics: readonly Params64[];
  readonly moving: Moving64;
  readonly #bytes: Uint8Array;
  readonly #optimizers: { readonly generator: Optimizer64; readonly critics: readonly Optimizer64[] };
  readonly #start: HostTensors;
  #step = 0;

  private constructor(gan: ParGan, bytes: Uint8Array, start: HostTensors, width: number) {
    const { config } = gan;
    [this.gan, this.config, this.#bytes, this.#start] = [gan, config, bytes, start];
    this.nets = imageNets(gan.shape[0] === 28 ? 'mnist' : 'cifar10', width);
    const K = config.partitions;
    this.generator = parameters(start, 'generator.', this.nets.generator);
    this.critics = Array.from({ length: K }, (_, k) => parameters(start, 'critics.', this.nets.critic, k, K));
    this.moving = new Moving64(this.nets.generator.norms);
    const betas = config.optimizer === 'adam' ? ([config.beta1, config.beta2] as const) : undefined;
    const optimizer = (p: Params64) => new Optimizer64(p, config.rate, betas, config.optimizer === 'sgd');
    this.#optimizers = { generator: optimizer(this.generator), critics: this.critics.map(optimizer) };
  }

  /** @param rows images of each partition */
  static async of(gpu: Gpu, preset: string, fields: Partial<GanConfig>, { seed = 21, width = 1, rows = 4 } = {}) {
    const config = configOf(preset, fields, width);
    const shape = SHAPES[dataOf(preset)];
    const features = shape[0] * shape[1] * shape[2];
    const random = new PhiloxStream(seed, 'images');
    const train = Uint8Array.from({ length: rows * config.partitions * features }, () => random.below(256));
    const gan = new ParGan(gpu, config, { train, features, shape }, seed);
    return new Twin(gan, train, (await gan.state()).tensors, width);
  }

  /** One step further in float64. */
  step(): Losses64 {
    const { gan, config, nets, generator, critics, moving } = this;
    const { partitions: K, batch: B, criticSteps } = config;
    const penalty = config.divergence === 'wgan-gp';
    const list = new Uint32Array(K * B);
    gan.batches.fill(list, 0, this.#step);
    const pixels = (row: number) => this.#bytes.subarray(row * gan.features, (row + 1) * gan.features);
    return step64({
      nets,
      generator,
      critics,
      generatorOptimizer: this.#optimizers.generator,
      criticOptimizers: this.#optimizers.critics,
      moving,
      term: penalty ? wasserstein : crossEntropy(config.loss),
      lambda: penalty ? config.penalty : 0,
      B,
      criticSteps,
      real: critics.map((_, k) => {
        const rows = Array.from(list.subarray(k * B, (k + 1) * B), pixels);
        return Float64Array.from({ length: B * gan.features }, (_, i) => {
          return rows[Math.floor(i / gan.features)][i % gan.features] / 127.5 - 1;
        });
      }),
      draws: drawsOf({
        seed: gan.seed,
        program: gan.program().hash,
        step: this.#step++,
        K,
        B,
        latent: config.latent,
        criticSteps,
        penalty,
        // Without dropout nothing is drawn for it.
        layers: config.dropout ? config.criticChannels.length : 0,
        dropout: config.dropout,
      }),
    });
  }

  /**
   * Compares all that a step changes: moments (after a first step, sums of the gradients or of their squares), where
   * the parameters moved to, moving averages.
   * @param relative allowed of each tensor's norm, beside the rounding of f32 parameters
   */
  async check(relative: number): Promise<void> {
    const { tensors } = await this.gan.state();
    const { config, nets, moving } = this;
    const K = config.partitions;
    const moments = ({ adam: ['m', 'v'], rmsprop: ['v'], sgd: [] } as const)[config.optimizer];
    const player = (who: string, net: Net64, p: Params64, o: Optimizer64, k: number, blocks: number) => {
      for (const moment of moments) {
        const found = parameters(tensors, `${who}.${config.optimizer}.${moment}.`, net, k, blocks);
        for (const name of Object.keys(p)) {
          close(found[name], o[moment][name], null, relative, 1e-20, `${moment} of ${who} ${k} ${name}`);
        }
      }
      const found = parameters(tensors, `${who}.`, net, k, blocks);
      const start = parameters(this.#start, `${who}.`, net, k, blocks);
      for (const name of Object.keys(p)) {
        const rounding = 2 ** -24 * Math.sqrt(p[name].reduce((sum, v) => sum + v * v, 0)) * Math.sqrt(1 + this.#step);
        close(found[name], p[name], start[name], relative, 2 * rounding + 5e-8, `the way of ${who} ${k} ${name}`);
      }
    };
    player('generator', nets.generator, this.generator, this.#optimizers.generator, 0, 1);
    for (const [k, critic] of this.critics.entries()) {
      player('critics', nets.critic, critic, this.#optimizers.critics[k], k, K);
    }
    const averages = Object.entries(tensors).flatMap(([name, { data }]) =>
      name.startsWith('generator.moving.') ? [data] : [],
    );
    const expected = Object.keys(nets.generator.norms).flatMap((name) => [moving.mean[name], moving.variance[name]]);
    assert.is(averages.length, expected.length);
    for (const [i, values] of expected.entries()) {
      near(averages[i], values, { relative: 1e-5, absolute: 1e-6, what: `moving average ${i}` });
      const start = i % 2;
      assert.ok(
        values.some((v) => Math.abs(v - start) > 1e-3),
        'nothing was averaged',
      );
    }
  }
}
