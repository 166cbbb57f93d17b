/** What a pair of networks is made by, and the shapes that all of the convolutional ones ask of images. */
import { VeilganError } from '../../base/errors.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Network } from '../../nn/network.ts';
import type { Block } from '../../ops/heads.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Player } from '../../train/player.ts';
import type { TrainingData } from '../../train/rows.ts';

/** What of a config decides about networks; each takes what concerns it. */
export interface NetworkSettings {
  readonly latent: number;
  readonly slope: number;
  readonly generatorHidden: readonly number[];
  readonly criticHidden: readonly number[];
  readonly generatorChannels: readonly number[];
  readonly criticChannels: readonly number[];
  readonly kernel: number;
  readonly denseNorm: 'feature' | 'channel';
  readonly criticNorm: 'none' | 'batch';
  readonly dropout: number;
  readonly temperature: number;
}

/** The records that networks make and judge. */
export interface RecordLayout {
  /** [features], or [height, width, channels] */
  readonly shape: Shape;
  /** of the labels that condition, 0 without */
  readonly classes: number;
  /** of a table's records, where their columns have kinds */
  readonly blocks?: readonly Block[];
}

export interface NetworkRow {
  readonly name: string;
  /** one line for --help */
  readonly summary: string;
  /** z [G, n, latent] -> records [G, n, values], with a label's one-hot values behind both where labels condition */
  readonly generator: (settings: NetworkSettings, records: RecordLayout) => Network;
  /** records -> scores [G, n, 1]; records do not meet unless `criticNorm` says so */
  readonly critic: (settings: NetworkSettings, records: RecordLayout) => Network;
  /** whether records must be images */
  readonly images: boolean;
  /** whether labels can condition it */
  readonly labels: boolean;
  /** whether its critic has dropout */
  readonly dropout: boolean;
  /** whether samples are normalised by the statistics of their own call, as in training, not by moving averages */
  readonly ownStatistics?: boolean;
  /** whether its layers are large whatever the config says */
  readonly large?: boolean;
  /** what is trained on the records before the first step, outside of any budget: no guarantee can be given then */
  readonly pretrain?: (
    system: { readonly gpu: Gpu; readonly generator: Player; readonly seed: number },
    data: TrainingData,
    rows: number,
  ) => Promise<void>;
}

/** Where a generator that doubles its grid so many times begins. @throws VeilganError CONFIG where that is no whole number */
export function fromStride(size: number, doublings: number): number {
  const start = size / 2 ** doublings;
  if (Number.isInteger(start)) return start;
  throw new VeilganError('CONFIG', `an image side of ${size} is not doubled ${doublings} times from a whole number`, {
    where: 'generatorChannels',
    fix: `Use another number of channels: one doubling for each but the first, or import the images at a size of ${
      Math.max(1, Math.round(start)) * 2 ** doublings
    }`,
  });
}
