/** What is trained to generate records, whatever it learns from: a GAN, or a generator that is fitted to noisy tables. */
import type { Gpu, Replay } from '../gpu/index.ts';
import type { Shape } from '../tensor/shape.ts';
import type { LossRow, System } from './loop.ts';
import type { HostTensors } from './player.ts';

/** Settings that every system has. */
export interface CommonConfig {
  /** train on the first rows only; 0: on all */
  readonly rows: number;
  readonly steps: number;
}

export interface GenerativeSystem extends System<LossRow> {
  readonly gpu: Gpu;
  readonly config: CommonConfig;
  readonly seed: number;
  /** values of a record, and its shape */
  readonly features: number;
  readonly shape: Shape;
  /** of the labels that condition it; 0 without */
  readonly classes: number;
  /** disjoint parts of the data, each seen by a critic of its own; 1 where there are none */
  readonly partitions: number;
  /** what its losses are measured in */
  readonly unit: string;
  /** grows with all that a chunk does: what would be lost without a checkpoint */
  readonly done: number;
  /** whether nothing more can be done, whatever the steps */
  readonly exhausted: boolean;
  chunk(most: number): Replay[];
  /** Steps at which `updates` noisy updates are made; Infinity where that is not known, or steps cost nothing. */
  stepsWithin(updates: number): number;
  /** Steps that a run of so many has in all at most: what is measured on the way may need more. */
  planned(wanted: number): number;
  /**
   * What must happen before the next step.
   * @param begun whether there is a checkpoint
   * @returns the step at which it wants to be asked again; Infinity: never
   */
  prepare(begun: boolean): Promise<number>;
  /** The partition of each training row; rows that nothing was learned from have `partitions`. */
  owners(): Uint32Array;
  /** Labels of n sampled rows, where labels condition. */
  labelsOf(n: number): Uint32Array | undefined;
  /** Generated rows [n, features]; row i depends on the run, `stream` and i only. */
  sample(n: number, stream?: number): Promise<Float32Array>;
  /** All that the rest of the run depends on, with the seed and the config. */
  state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }>;
  /** @throws VeilganError FILE for a state of another system */
  restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void;
  dispose(): void;
}
