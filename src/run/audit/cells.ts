/** What is replayed: every kind of private update on a handful of records, small enough to be made again without each. */

import { PhiloxStream } from '../../base/philox.ts';
import { type Dataset, makeDataset } from '../../data/dataset.ts';
import { divergenceNames, divergences } from '../../gan/divergences.ts';
import { networkNames, networks } from '../../gan/networks/index.ts';
import { type PrivateConfig, privateConfig } from '../../gan/private/config.ts';
import { BARE } from './production.ts';

type Kinds = Pick<PrivateConfig, 'network' | 'divergence' | 'mechanism' | 'clipping' | 'partitions' | 'dropout'>;

/** One kind of update. */
export interface Cell extends Kinds {
  readonly name: string;
}

const cell = (kinds: Partial<Kinds>): Cell => {
  const full: Kinds = {
    network: 'mlp',
    divergence: 'js',
    mechanism: 'gaussian',
    clipping: 'flat',
    partitions: 1,
    dropout: networks[kinds.network ?? 'mlp'].dropout ? 0.3 : 0,
    ...kinds,
  };
  const { network, divergence, mechanism, clipping, partitions, dropout } = full;
  const by = mechanism === 'discrete' ? mechanism : `${mechanism} ${clipping}`;
  const drops = dropout ? ` dropout ${dropout}` : '';
  return { ...full, name: `${network} ${divergence}${drops}, ${by}, K ${partitions}` };
};

const UPDATES = [
  { mechanism: 'gaussian', clipping: 'flat' },
  { mechanism: 'gaussian', clipping: 'per-layer' },
  { mechanism: 'gaussian', clipping: 'automatic' },
  { mechanism: 'discrete', clipping: 'flat' },
] as const;

/** Every network, divergence, mechanism and clipping, with one critic and with four. */
export const allCells = (): Cell[] =>
  networkNames
    .filter((network) => !networks[network].pretrain)
    .flatMap((network) => {
      const { labels, large } = networks[network];
      // Records of unlike labels are not mixed, and penalties of large layers take too long.
      const those = divergenceNames.filter((name) => !(divergences[name].penalty && (labels || large)));
      // Four critics of large layers do not fit where sums are kept.
      const critics = large ? [1] : [1, 4];
      return those.flatMap((divergence) =>
        UPDATES.flatMap((update) => critics.map((partitions) => cell({ network, divergence, ...update, partitions }))),
      );
    });

/** Each of these at least once. */
export const quickCells = (): Cell[] => [
  cell({ partitions: 4 }),
  cell({ divergence: 'wgan-gp', clipping: 'per-layer', partitions: 4 }),
  cell({ divergence: 'wgan', mechanism: 'discrete' }),
  cell({ network: 'dcgan', divergence: 'wgan-gp' }),
  cell({ network: 'dcgan', mechanism: 'discrete', partitions: 4 }),
  cell({ network: 'conditional', clipping: 'automatic' }),
  cell({ network: 'features' }),
];

/** The kinds in which draws meet records, and the plainest. */
export const sensitivityCells = (): Cell[] => [
  cell({}),
  cell({ divergence: 'wgan-gp' }),
  cell({ network: 'dcgan', divergence: 'wgan-gp', dropout: 0 }),
  cell({ network: 'dcgan' }),
  cell({ network: 'dcgan', mechanism: 'discrete' }),
];

/** Records of a cell. */
export const ROWS = 10;
/** Canaries stand first, at the edge of a device batch and last; two records are equal. */
const CANARIES = [0, 3, ROWS - 1];
const EQUAL = [2, 6];
const SIDE = 8;
const CLASSES = 3;

/** Four updates, two of the generator between them; four of five records in each, in device batches of three. */
export const smallRun = (critics: number) => ({
  batch: 8 / critics,
  population: ROWS,
  physicalBatch: 3,
  criticSteps: 2,
  steps: 2,
  ...BARE,
});

/** Small networks whose gradients reach the bound, and change. */
export const configOf = ({ name: _, ...kinds }: Cell): PrivateConfig =>
  privateConfig.parse({
    ...kinds,
    ...smallRun(kinds.partitions),
    labels: networks[kinds.network].labels ? 'condition' : 'ignore',
    clipNorm: 0.1,
    latent: 3,
    generatorHidden: [6],
    criticHidden: [7],
    generatorChannels: [4, 4],
    criticChannels: [4, 6],
    kernel: 3,
    rate: 0.01,
    accountant: 'rdp',
  });

const makeRecord = (image: boolean, canary: boolean, random: PhiloxStream): number[] =>
  image
    ? Array.from({ length: SIDE * SIDE }, () => (canary ? 255 * random.below(2) : 80 + random.below(80)))
    : Array.from({ length: 3 }, () => (canary ? 20 : 1) * random.normal());

/** The records of a cell: points, or pictures with a class. */
export function dataOf({ network }: Pick<PrivateConfig, 'network'>, seed: number): Dataset {
  const image = networks[network].images;
  const random = new PhiloxStream(seed, 'audit/cells');
  const list = Array.from({ length: ROWS }, (_, i) => makeRecord(image, CANARIES.includes(i), random));
  list[EQUAL[1]] = list[EQUAL[0]];
  const values = image ? Uint8Array.from(list.flat()) : Float32Array.from(list.flat());
  const shape = image ? [SIDE, SIDE, 1] : [3];
  const labels = Uint32Array.from({ length: ROWS }, (_, i) => (EQUAL.includes(i) ? 0 : i % CLASSES));
  return makeDataset({
    name: 'cells',
    columns: [],
    shape,
    ...{ values, labels },
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    meta: { origin: 'made by an audit' },
  });
}
