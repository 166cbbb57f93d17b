/** The networks that labelled samples of images are judged by, a row each: what they learn from samples is tested on real rows. */
import type { ClassifierConfig } from './classifier.ts';

export interface DownstreamNetwork {
  readonly title: string;
  /** what the network is, in a sentence */
  readonly is: string;
  readonly config: ClassifierConfig;
}

/** Settings that all have; images are taken as they are, without augmentation. */
const common = {
  kernel: 5,
  padding: 'same',
  pool: 'each',
  dropout: 0,
  denseDropout: 0.3,
  batch: 128,
  rate: 1e-3,
} as const;

/** By the name that their measures have, `downstream_NAME_accuracy`. */
export const downstreamNetworks = {
  mlp: {
    title: 'dense network',
    is: 'One hidden layer of 256 units, ten epochs.',
    config: { ...common, channels: [], hidden: 256, epochs: 10 },
  },
  // The judge of the prototype of private images (28 x 28: 114,314 parameters): 98.0 and 98.4 % of MNIST after 20,000 real rows.
  cnn: {
    title: 'convolutional network',
    is: 'Of 16 and 32 channels, 5 x 5, four epochs.',
    config: { ...common, channels: [16, 32], hidden: 64, epochs: 4 },
  },
} as const satisfies Record<string, DownstreamNetwork>;

export type NetworkName = keyof typeof downstreamNetworks;

/** The one whose last layer's inputs, when it has learned real rows, compare samples with real rows. */
export const FEATURE_NETWORK = 'cnn' satisfies NetworkName;
