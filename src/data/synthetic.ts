/**
 * Generated sets, seeded: those of PAR-GAN (Chen et al., "PAR-GAN: improving the generalization of generative
 * adversarial networks against membership inference attacks", KDD 2021), same distributions, other points; and a table
 * of zeros and ones in place of the hospital records of DPGAN, which may not be passed on.
 */
import { VeilganError } from '../base/errors.ts';
import { PhiloxStream } from '../base/philox.ts';
import { type Dataset, makeDataset } from './dataset.ts';

/** What is known of the distribution of a generated set, in the order in which reports list the modes. */
export type Modes =
  | { readonly kind: 'means'; readonly means: readonly (readonly [number, number])[]; readonly variance: number }
  /** radii of circles around the origin, and the standard deviation, per coordinate, of the noise on them */
  | { readonly kind: 'rings'; readonly radii: readonly number[]; readonly noise: number };

/** The five means of Blobs, by label. */
export const BLOB_MEANS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [-1, -1],
  [1, -1],
  [-1, 1],
];
/** Covariance of every blob: 0.1 times the identity. */
const BLOB_VARIANCE = 0.1;
const CIRCLE_RADII: readonly number[] = [1, 0.5];
const CIRCLE_NOISE = 0.05;
/** Codes of a record, and conditions that a record has one of. */
const [CODES, CONDITIONS] = [100, 6];

/** Probability of code j under condition c: most codes are rare, and a condition raises some of them twelvefold. */
export const codeProbability = (j: number, c: number): number =>
  Math.min(0.9, (j % CONDITIONS === c ? 12 : 1) * 0.15 * Math.exp(-j / 25));

export interface SyntheticOptions {
  /** Training and hold-out rows together; default 10000. */
  rows?: number;
  /** The first `train` rows are for training, the others the hold-out; default half, rounded down. */
  train?: number;
  /** Default 0. */
  seed?: number;
}

interface Drawn {
  /** [rows, columns] */
  readonly values: Float32Array;
  readonly labels: Uint32Array;
}

interface Generated {
  readonly columns: readonly string[];
  readonly modes?: Modes;
  draw(stream: PhiloxStream, rows: number): Drawn;
}

/** The data sets that exist without being stored. */
export const generated = {
  /** A mixture of five isotropic Gaussians with equal priors; labels 0..4 are indices into `BLOB_MEANS`. */
  blobs: {
    columns: ['x', 'y'],
    modes: { kind: 'means', means: BLOB_MEANS, variance: BLOB_VARIANCE },
    draw(stream, rows) {
      const labels = Uint32Array.from({ length: rows }, () => stream.below(BLOB_MEANS.length));
      const values = new Float32Array(2 * rows);
      const std = Math.sqrt(BLOB_VARIANCE);
      for (let i = 0; i < values.length; i++) values[i] = BLOB_MEANS[labels[i >> 1]][i & 1] + std * stream.normal();
      return { values, labels };
    },
  },
  /**
   * Circles, as scikit-learn's make_circles(factor 0.5, noise 0.05) defines them: angles evenly spaced on each circle,
   * rows shuffled, Gaussian noise on each coordinate; label 0 is the outer circle (half of the rows, rounded down).
   */
  circles: {
    columns: ['x', 'y'],
    modes: { kind: 'rings', radii: CIRCLE_RADII, noise: CIRCLE_NOISE },
    draw(stream, rows) {
      const outer = Math.floor(rows / 2);
      const labels = new Uint32Array(rows);
      const values = new Float32Array(2 * rows);
      const order = stream.permutation(rows);
      for (let row = 0; row < rows; row++) {
        const label = order[row] < outer ? 0 : 1;
        const count = label === 0 ? outer : rows - outer;
        const angle = (2 * Math.PI * (order[row] - label * outer)) / count;
        labels[row] = label;
        values[2 * row] = CIRCLE_RADII[label] * Math.cos(angle) + CIRCLE_NOISE * stream.normal();
        values[2 * row + 1] = CIRCLE_RADII[label] * Math.sin(angle) + CIRCLE_NOISE * stream.normal();
      }
      return { values, labels };
    },
  },
  /** Records of a hundred codes, each 1 or 0, independent given one of six conditions, which is the label. */
  codes: {
    columns: Array.from({ length: CODES }, (_, j) => `code_${j}`),
    draw(stream, rows) {
      const labels = Uint32Array.from({ length: rows }, () => stream.below(CONDITIONS));
      const values = Float32Array.from({ length: rows * CODES }, (_, i) =>
        stream.uniform() < codeProbability(i % CODES, labels[Math.floor(i / CODES)]) ? 1 : 0,
      );
      return { values, labels };
    },
  },
} satisfies Record<string, Generated>;

export type GeneratedName = keyof typeof generated;

export const isGenerated = (name: string): name is GeneratedName => Object.hasOwn(generated, name);

/**
 * A generated set; its points are a function of name, seed and number of rows.
 * @throws VeilganError DATA for impossible sizes, CONFIG for a bad seed.
 */
export function generate(name: GeneratedName, options: SyntheticOptions = {}): Dataset<Float32Array> {
  const { rows = 10_000, seed = 0 } = options;
  const { train = Math.floor(rows / 2) } = options;
  const whole = Number.isSafeInteger(rows) && Number.isSafeInteger(train);
  if (!whole || train < 1 || rows < train || rows > 2 ** 28) {
    throw new VeilganError('DATA', `${name} cannot have ${rows} rows, ${train} of them for training`, {
      fix: 'Ask for whole numbers with 1 <= train <= rows <= 2^28.',
    });
  }
  const { columns, draw } = generated[name];
  const { values, labels } = draw(new PhiloxStream(seed, `data/${name}`), rows);
  return makeDataset({
    name,
    columns,
    shape: [columns.length],
    ...{ values, split: train, labels },
    meta: { origin: `generated, seed ${seed}`, seed, generator: name },
  });
}

export const blobs = (options?: SyntheticOptions): Dataset<Float32Array> => generate('blobs', options);
export const circles = (options?: SyntheticOptions): Dataset<Float32Array> => generate('circles', options);
export const codes = (options?: SyntheticOptions): Dataset<Float32Array> => generate('codes', options);

/** The modes of what generated a set; undefined of other sets, whatever their names. */
export function knownModes({ meta: { generator } }: Pick<Dataset, 'meta'>): Modes | undefined {
  const row: Generated | undefined =
    generator !== undefined && isGenerated(generator) ? generated[generator] : undefined;
  return row?.modes;
}
