import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/index.ts';
import type { Network, Parameters, Pass } from '../nn/network.ts';
import { disposeFlat, type Flat, flat, readFlat, writeFlat } from '../optim/flat.ts';
import { Optimizer, type OptimizerConfig } from '../optim/optimizer.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Tensors on the host, by name, as a checkpoint holds them. */
export type HostTensors = Record<string, { shape: Shape; data: Float32Array }>;

/**
 * Overwrites a flat buffer with stored tensors.
 * @param prefix what their names have before the buffer's own
 * @throws VeilganError FILE where one is missing or has another shape
 */
export function restoreFlat(f: Flat, prefix: string, tensors: Readonly<HostTensors>): void {
  const values: Record<string, Float32Array> = {};
  for (const [name, part] of Object.entries(f.parts)) {
    const key = `${prefix}${name}`;
    const stored = tensors[key];
    if (!stored || stored.data.length !== part.length || stored.shape.join() !== part.shape.join()) {
      const what = stored ? `has shape [${stored.shape}], not [${part.shape}]` : 'is missing';
      throw new VeilganError('FILE', `the checkpoint's tensor ${key} ${what}`, {
        where: 'checkpoint.safetensors',
        fix: "Use the checkpoint that belongs to this run's run.json",
      });
    }
    values[name] = stored.data;
  }
  writeFlat(f, values);
}

/** A count among a checkpoint's metadata. @throws VeilganError FILE where it is missing or no whole number */
export function restoreCount(meta: Readonly<Record<string, string>>, name: string): number {
  if (Object.hasOwn(meta, name) && /^\d{1,15}$/.test(meta[name])) return Number(meta[name]);
  throw new VeilganError('FILE', `the checkpoint does not say ${name} (in its metadata)`, {
    where: 'checkpoint.safetensors',
    fix: 'The file is not a checkpoint of VeilGAN: take another copy of it',
  });
}

/** A network with its parameters and its optimiser: the generator, or all K critics at once. */
export class Player {
  readonly name: string;
  readonly network: Network;
  readonly parameters: Flat;
  /** moving averages of its batch normalisations, if it has any */
  readonly statistics: Flat | null;
  readonly optimizer: Optimizer;

  /**
   * @param groups weight blocks: 1 for a generator, K for critics
   * @param clip bound on every parameter after an update
   */
  constructor(gpu: Gpu, name: string, network: Network, groups: number, optimizer: OptimizerConfig, clip?: number) {
    this.name = name;
    this.network = network;
    this.parameters = flat(gpu, network.shapes(groups));
    const statistics = network.statistics(groups);
    this.statistics = Object.keys(statistics).length ? flat(gpu, statistics) : null;
    this.optimizer = new Optimizer(optimizer, this.parameters, clip);
  }

  /**
   * As in training: batch statistics, which the moving averages follow, and dropout.
   * @param p instead of its own
   * @param more tags of the rows, which dropout then follows; or that the moving averages stay as they are
   */
  train(
    x: Tensor,
    seed: number,
    p: Parameters = this.parameters.parts,
    more: Pick<Pass, 'rows' | 'frozen'> = {},
  ): Tensor {
    return this.network.apply(p, x, { training: true, seed, statistics: this.statistics?.parts ?? {}, ...more });
  }

  /** As after training: moving averages and no dropout. @param model instead of its own, such as a snapshot */
  infer(x: Tensor, [parameters, statistics]: readonly Flat[] = this.model): Tensor {
    return this.network.apply(parameters.parts, x, { training: false, seed: 0, statistics: statistics?.parts ?? {} });
  }

  /** All that inference needs: parameters, and moving averages where there are any. */
  get model(): readonly Flat[] {
    return this.statistics ? [this.parameters, this.statistics] : [this.parameters];
  }

  initialise(seed: number, stream: number): void {
    this.network.initialise(this.parameters.parts, this.statistics?.parts ?? {}, seed, stream);
  }

  #flats(): [prefix: string, Flat][] {
    const moments = Object.entries(this.optimizer.moments).map(([name, f]): [string, Flat] => [
      `${this.optimizer.config.kind}.${name}.`,
      f,
    ]);
    return [
      ['', this.parameters],
      ...(this.statistics ? [['moving.', this.statistics] as [string, Flat]] : []),
      ...moments,
    ];
  }

  /** Everything that a resumed run needs, on the host. */
  async state(): Promise<{ tensors: HostTensors; updates: number }> {
    const tensors: HostTensors = {};
    for (const [prefix, f] of this.#flats()) {
      for (const [name, t] of Object.entries(await readFlat(f))) tensors[`${this.name}.${prefix}${name}`] = t;
    }
    return { tensors, updates: this.optimizer.updates };
  }

  /** @throws VeilganError FILE where a tensor is missing or has another shape */
  restore(tensors: Readonly<HostTensors>, updates: number): void {
    for (const [prefix, f] of this.#flats()) restoreFlat(f, `${this.name}.${prefix}`, tensors);
    this.optimizer.updates = updates;
  }

  /**
   * Takes over parameters and moving averages of another training; the optimiser begins anew.
   * @throws VeilganError FILE where a tensor is missing or has another shape
   */
  begin(tensors: Readonly<HostTensors>): void {
    restoreFlat(this.parameters, `${this.name}.`, tensors);
    if (this.statistics) restoreFlat(this.statistics, `${this.name}.moving.`, tensors);
  }

  dispose(): void {
    this.optimizer.dispose();
    disposeFlat(this.parameters);
    if (this.statistics) disposeFlat(this.statistics);
  }
}
