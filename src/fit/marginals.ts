/**
 * DP-MARGINALS: a generator fitted to noisy tables of counts. What is measured is bought once, and is data for ever: the
 * fit is post-processing, whose steps cost no privacy. After Liu, Vietri and Wu 2021 (GEM), McKenna and others 2022 (AIM)
 * and MargNet (2025); see README.md here.
 */
import { valueAndGrad } from '../autograd/grad.ts';
import { PhiloxStream } from '../base/philox.ts';
import type { Encoding } from '../data/table.ts';
import type { Gpu, Program, Replay } from '../gpu/index.ts';
import type { Parameters } from '../nn/network.ts';
import { log } from '../ops/assign.ts';
import { add } from '../ops/elementwise.ts';
import { gramLoss } from '../ops/gram.ts';
import { widthOfBlocks } from '../ops/heads.ts';
import { detach, reshape, slice } from '../ops/movement.ts';
import { normal } from '../ops/random.ts';
import { type Triples, tripleIndex, tripleLoss } from '../ops/triples.ts';
import { keep, scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import type { GenerativeSystem } from '../train/generative.ts';
import type { LossRow } from '../train/loop.ts';
import { type HostTensors, Player, restoreCount } from '../train/player.ts';
import type { FitConfig } from './config.ts';
import type { Measured } from './measured.ts';
import type { Measurer } from './measurer.ts';
import { biasOf, placesNetwork } from './network.ts';
import { expectedShares, recordsOf } from './sample.ts';
import { CHUNK, cosine, lossesOf, replaysOf } from './steps.ts';
import { type TripleTargets, targetsOf } from './targets.ts';

/** How a checkpoint calls the model's shares of the last table before it was fitted. */
const BEFORE = 'before';

export interface FitParts {
  readonly config: FitConfig;
  readonly seed: number;
  readonly encoding: Encoding;
  readonly measured: Measured;
  /** training rows, all of which are counted */
  readonly rows: number;
  /** measures what is still to be measured; left out of a run that is only sampled from */
  readonly measurer?: Measurer;
  /** noise of a usual table of several columns */
  readonly tableSigma: number;
  /** new tables of adaptive runs at most */
  readonly rounds: number;
  /** of the fit, after the last table */
  readonly steps: number;
}

export class MarginalsFit implements GenerativeSystem {
  readonly gpu: Gpu;
  readonly config: FitConfig;
  readonly seed: number;
  readonly features: number;
  readonly shape: Shape;
  readonly classes = 0;
  readonly partitions = 1;
  readonly unit = 'squared error of a cell, over that of its noise';
  readonly maxChunk = CHUNK;
  readonly generator: Player;
  step = 0;
  readonly #parts: FitParts;
  /** latent vectors [1, B, latent]: the generator is the mixture of what it makes of them */
  readonly #z: Tensor;
  readonly #target: Tensor;
  readonly #weight: Tensor;
  #triples: { index: Triples; target: Tensor; weight: Tensor } | undefined;
  #program: Program | null = null;
  /** the step at which the last table was there; undefined while tables are still to come */
  #final: number | undefined;
  /** probabilities of places of the current step */
  #known: { step: number; values: Float32Array } | undefined;
  #begun = false;
  /** adaptive: the step at which the next table is due, and the model's shares of the last one before it was fitted */
  #next = 0;
  #before: Float32Array | undefined;

  constructor(gpu: Gpu, features: number, parts: FitParts) {
    const { config, seed, measured, measurer } = parts;
    [this.gpu, this.config, this.seed, this.#parts] = [gpu, config, seed, parts];
    [this.features, this.shape] = [features, [features]];
    const network = placesNetwork(config, measured.blocks);
    const optimizer = { kind: 'adam', rate: config.rate, beta1: 0.9, beta2: 0.99 } as const;
    this.generator = new Player(gpu, 'generator', network, 1, optimizer);
    this.generator.initialise(seed, 1000);
    this.generator.optimizer.factor = (update) => this.#factor(update);
    const side = widthOfBlocks(measured.blocks) + 1;
    this.#z = scope(() => keep(detach(normal(gpu, [1, config.batch, config.latent], { seed, stream: 1 }))));
    this.#target = tensor(gpu, new Float32Array(side * side), [side, side]);
    this.#weight = tensor(gpu, new Float32Array(side * side), [side, side]);
    if (!measurer) this.#final = 0;
    this.#startFromSingles();
  }

  get done(): number {
    return this.step;
  }

  get exhausted(): boolean {
    return this.step >= this.#end;
  }

  /** The step after which nothing follows; Infinity while tables are still to come. */
  get #end(): number {
    return this.#final === undefined ? Number.POSITIVE_INFINITY : this.#final + this.#parts.steps;
  }

  stepsWithin(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Steps go on until so many have followed the last table. */
  planned(wanted: number): number {
    if (this.#final !== undefined) return this.#final + wanted;
    return wanted + this.#parts.rounds * this.config.roundSteps;
  }

  /** The biases of the output are the logs of the noisy shares of places, so that the generator begins with independent columns. */
  #startFromSingles(): void {
    const { measured, config } = this.#parts;
    const bias = this.generator.parameters.parts[biasOf(config)];
    const values = new Float32Array(bias.length);
    for (const [i, { at, width }] of measured.blocks.entries()) {
      const { shares } = measured.columns[i];
      for (let a = 0; a < width; a++) values[at + a] = Math.log(Math.max(shares[a], 1e-6));
    }
    this.gpu.upload(bias, values);
    bias.storage.version++;
  }

  /** Constant between tables, then down by a cosine. */
  #factor(update: number): number {
    if (this.#final === undefined) return 1;
    return cosine((update - 1 - this.#final) / this.#parts.steps);
  }

  async prepare(_begun: boolean): Promise<number> {
    const { measurer } = this.#parts;
    if (!this.#begun) this.#aim();
    if (!measurer || this.#final !== undefined) return Number.POSITIVE_INFINITY;
    if (this.step < this.#next) return this.#next;
    if (!measurer.complete && (await this.#measure(measurer))) {
      this.#next = this.step + this.config.roundSteps;
      return this.#next;
    }
    this.#final = this.step;
    return Number.POSITIVE_INFINITY;
  }

  /** Measures what comes next. @returns whether more is to come */
  async #measure(measurer: Measurer): Promise<boolean> {
    if (!measurer.adaptive) {
      measurer.measureAll();
      this.#aim();
      return false;
    }
    const p = await this.#probabilities();
    const model = (columns: readonly number[]) => expectedShares(p, measurer.measured.blocks, columns);
    const [last] = measurer.measured.tables.slice(-1);
    if (last && this.#before) measurer.settle(last, this.#before, model(last.columns));
    const table = measurer.measureNext(model);
    this.#before = model(table.columns);
    this.#aim();
    return !measurer.complete;
  }

  /** Sends what was measured to the device. */
  #aim(): void {
    const { measured, tableSigma } = this.#parts;
    const { target, weight, triples } = targetsOf(measured.blocks, measured.columns, measured.tables, {
      total: measured.total,
      usual: tableSigma,
    });
    this.gpu.upload(this.#target, target);
    this.gpu.upload(this.#weight, weight);
    for (const t of [this.#target, this.#weight]) t.storage.version++;
    this.#begun = true;
    if (triples) this.#aimAtTriples(triples);
  }

  /** Tables of three columns are lists of cells, which grow with each table: the program is recorded anew. */
  #aimAtTriples({ cells, target, weight }: TripleTargets): void {
    this.#program?.dispose();
    this.#program = null;
    this.#disposeTriples();
    const { gpu } = this;
    const width = this.generator.parameters.parts[biasOf(this.config)].length;
    this.#triples = scope(() => {
      const index = tripleIndex(gpu, cells, width);
      for (const t of [...index.places, index.starts, index.entries]) keep(t);
      return { index, target: keep(tensor(gpu, target)), weight: keep(tensor(gpu, weight)) };
    });
  }

  #disposeTriples(): void {
    if (!this.#triples) return;
    const { index, target, weight } = this.#triples;
    for (const t of [...index.places, index.starts, index.entries, target, weight]) t.dispose();
    this.#triples = undefined;
  }

  #record(): void {
    const { generator, seed } = this;
    const [loss, gradient] = valueAndGrad((p: Parameters) => {
      const probabilities = generator.train(this.#z, seed, p);
      const flat = reshape(probabilities, probabilities.shape.slice(1));
      const pairs = gramLoss(flat, this.#target, this.#weight);
      const threes = this.#triples;
      return threes ? add(pairs, tripleLoss(flat, threes.index, threes.target, threes.weight)) : pairs;
    })(generator.parameters.parts);
    generator.optimizer.update(gradient);
    log('loss_g', reshape(loss, [1]));
  }

  program(): Program {
    this.#program ??= this.gpu.capture('marginals.step', () => scope(() => this.#record()));
    return this.#program;
  }

  chunk(most: number): Replay[] {
    // The steps behind the last table end where they were to end, however many fit in a chunk.
    const left = this.#end - this.step;
    const count = Math.min(most, CHUNK, left);
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

  labelsOf(): undefined {
    return undefined;
  }

  /** Probabilities of places for each latent vector, [B, W]. */
  async #probabilities(): Promise<Float32Array> {
    if (this.#known?.step === this.step) return this.#known.values;
    const width = widthOfBlocks(this.#parts.measured.blocks);
    const made = scope(() => keep(detach(slice(this.generator.infer(this.#z), -1, 0, width))));
    const values = await made.read();
    made.dispose();
    this.#known = { step: this.step, values };
    return values;
  }

  /**
   * Rows: a latent vector of the set, then for each column a place by its probabilities, then a value of that place.
   * Row i depends on the run, `stream` and i only.
   */
  async sample(n: number, stream = 0): Promise<Float32Array> {
    const { measured, encoding } = this.#parts;
    const random = new PhiloxStream(this.seed, `fit/sample/${stream}`);
    return recordsOf(await this.#probabilities(), measured, encoding, { n, random });
  }

  async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    const { tensors, updates } = await this.generator.state();
    const meta: Record<string, string> = { step: String(this.step), generator_updates: String(updates) };
    if (this.#final !== undefined) meta.final = String(this.#final);
    meta.next = String(this.#next);
    const before = this.#before;
    return { tensors: before ? { ...tensors, [BEFORE]: { shape: [before.length], data: before } } : tensors, meta };
  }

  restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    this.generator.restore(tensors, restoreCount(meta, 'generator_updates'));
    this.step = restoreCount(meta, 'step');
    this.#final = Object.hasOwn(meta, 'final') ? restoreCount(meta, 'final') : undefined;
    this.#next = Object.hasOwn(meta, 'next') ? restoreCount(meta, 'next') : 0;
    this.#before = Object.hasOwn(tensors, BEFORE) ? tensors[BEFORE].data : undefined;
    this.#known = undefined;
  }

  dispose(): void {
    this.#program?.dispose();
    this.#disposeTriples();
    this.generator.dispose();
    for (const t of [this.#z, this.#target, this.#weight]) t.dispose();
    this.#parts.measurer?.wipe();
  }
}
