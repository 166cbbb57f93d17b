/** The networks, one row each: a generator and critics that go together. PAR-GAN's (KDD 2021) are `mlp` and `dcgan`. */
import { VeilganError } from '../../base/errors.ts';
import { mlp } from '../../nn/layers.ts';
import type { Network } from '../../nn/network.ts';
import type { Block } from '../../ops/heads.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { Autoencoder } from './autoencoder.ts';
import { conditionalCritic, conditionalGenerator } from './conditional.ts';
import { dcganCritic, dcganGenerator } from './dcgan.ts';
import { featuresCritic, featuresGenerator } from './features.ts';
import type { NetworkRow, NetworkSettings } from './network.ts';
import { tableGenerator } from './table.ts';
import { ehrCritic, ehrGenerator, xieCritic, xieGenerator } from './xie.ts';

const rows = {
  mlp: {
    name: 'mlp',
    summary: 'dense; of tables with a head for each column',
    generator: (settings, { shape, blocks }) =>
      blocks
        ? tableGenerator(settings, blocks)
        : mlp([settings.latent, ...settings.generatorHidden, sizeOf(shape)], settings.slope),
    critic: ({ criticHidden, slope }, { shape }) => mlp([sizeOf(shape), ...criticHidden, 1], slope),
    images: false,
    labels: false,
    dropout: false,
  },
  dcgan: {
    name: 'dcgan',
    summary: 'convolutional, for images',
    generator: dcganGenerator,
    critic: dcganCritic,
    images: true,
    labels: false,
    dropout: true,
  },
  conditional: {
    name: 'conditional',
    summary: 'that of "Private GANs, Revisited", for images with or without labels',
    generator: conditionalGenerator,
    critic: conditionalCritic,
    images: true,
    labels: true,
    dropout: false,
  },
  features: {
    name: 'features',
    summary:
      'the generator of dp-features with critics as in conditional, for images and points with or without labels',
    generator: featuresGenerator,
    critic: featuresCritic,
    images: false,
    labels: true,
    dropout: false,
    ownStatistics: true,
  },
  xie: {
    name: 'xie',
    summary: 'that of DPGAN, for images',
    generator: xieGenerator,
    critic: xieCritic,
    images: true,
    labels: false,
    dropout: false,
    large: true,
  },
  ehr: {
    name: 'ehr',
    summary: 'that of DPGAN, for tables of zeros and ones',
    generator: ehrGenerator,
    critic: ehrCritic,
    images: false,
    labels: false,
    dropout: false,
    pretrain: (system, data, rows) => new Autoencoder(system, data, rows).train(),
  },
} satisfies Record<string, NetworkRow>;

export type NetworkName = keyof typeof rows;

export const networks: Readonly<Record<NetworkName, NetworkRow>> = rows;

export const networkNames = Object.keys(networks) as NetworkName[];

type Settings = NetworkSettings & { readonly network: NetworkName };

/** @throws VeilganError CONFIG where a convolutional network is to make records that are no images */
function rowFor(network: NetworkName, shape: Shape): NetworkRow {
  const row = networks[network];
  if (!row.images || shape.length === 3) return row;
  throw new VeilganError('CONFIG', `convolutional networks need images, and these records are [${shape}]`, {
    where: 'network',
    fix: 'Use `network: mlp`, or a data set of images',
  });
}

/**
 * A config's generator: z [G, n, latent] -> records [G, n, values of a record], labels as in `NetworkRow.generator`.
 * @param shape of a record: [features], or [height, width, channels]
 * @param classes of the labels that condition, 0 without
 * @param blocks of a table's records, where their columns have kinds
 * @throws VeilganError CONFIG where the network cannot make records of this shape
 */
export const generatorNetwork = (settings: Settings, shape: Shape, classes = 0, blocks?: readonly Block[]): Network =>
  rowFor(settings.network, shape).generator(settings, { shape, classes, blocks });

/** A config's critic: records [G, n, values] -> scores [G, n, 1]. @throws VeilganError CONFIG as `generatorNetwork` */
export const criticNetwork = (settings: Settings, shape: Shape, classes = 0): Network =>
  rowFor(settings.network, shape).critic(settings, { shape, classes });
