/** Data sets with public homes: their files, checksums and classes. Node only. */
import { join } from 'node:path';
import type { Dataset } from './dataset.ts';
import { importCifar } from './formats/cifar.ts';
import { importPairs } from './formats/idx.ts';

export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256, hex */
  readonly sha256: string;
}

export interface KnownSet {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Reads the files, which lie in a folder. */
  read(folder: string, set: KnownSet): Promise<Dataset<Uint8Array>>;
  /** Addresses that file names are appended to, tried in turn. */
  readonly mirrors: readonly string[];
  readonly files: readonly RemoteFile[];
  readonly classes: readonly string[];
}

const idx = (sizes: readonly (readonly [bytes: number, sha256: string])[]): RemoteFile[] =>
  ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'].map((name, i) => ({
    ...{ name: `${name}-ubyte.gz`, bytes: sizes[i][0], sha256: sizes[i][1] },
  }));

/** Images and labels to train on, then those to hold out. */
export const readPairs: KnownSet['read'] = (folder, { files, ...own }) =>
  importPairs(
    folder,
    [0, 2].map((i) => ({ images: files[i].name, labels: files[i + 1].name })),
    own,
  );

export const readArchive: KnownSet['read'] = (folder, { files, ...own }) =>
  importCifar(join(folder, files[0].name), true, own);

const SETS: readonly KnownSet[] = [
  {
    name: 'mnist',
    title: 'MNIST',
    read: readPairs,
    mirrors: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'],
    files: idx([
      [9912422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
      [28881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
      [1648877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
      [4542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
    ]),
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST',
    read: readPairs,
    mirrors: [
      'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
    ],
    files: idx([
      [26421880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
      [29515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
      [4422102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
      [5148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
    ]),
    classes: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  },
  {
    name: 'cifar10',
    title: 'CIFAR-10',
    read: readArchive,
    mirrors: ['https://www.cs.toronto.edu/~kriz/'],
    files: [
      {
        name: 'cifar-10-binary.tar.gz',
        bytes: 170052171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      },
    ],
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  },
];

/** The known sets by name. */
export const KNOWN: ReadonlyMap<string, KnownSet> = new Map(SETS.map((set) => [set.name, set]));
