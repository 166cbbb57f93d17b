/**
 * Generated sets, seeded: those of PAR-GAN (spec/systems.md, sections 2.9 and 5), same distributions, other points; and
 * a table of zeros and ones in place of the hospital records of DPGAN, which may not be passed on.
 */
import { VeilganError } from '../base/errors.ts';
import { PhiloxStream } from '../base/philox.ts';
import { type Dataset, makeDataset } from './dataset.ts';

/** The five means of Blobs, in the order in which reports list the modes. */
export const BLOB_MEANS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [-1, -1],
  [1, -1],
  [-1, 1],
];
/** Covariance of every blob: 0.1 times the identity. */
export const BLOB_VARIANCE = 0.1;
/** The radii of the two circles, by label. */
export const CIRCLE_RADII: readonly number[] = [1, 0.5];
/** Standard deviation, per coordinate, of the noise on the circles. */
export const CIRCLE_NOISE = 0.05;

export interface SyntheticOptions {
  /** Training and hold-out rows together; default 10000. */
  rows?: number;
  /** The first `train` rows are for training, the others the hold-out; default half, rounded down. */
  train?: number;
  /** Default 0. */
  seed?: number;
}

function sizes(name: string, options: SyntheticOptions): { rows: number; train: number; seed: number } {
  const rows = options.rows ?? 10000;
  const train = options.train ?? Math.floor(rows / 2);
  const whole = Number.isSafeInteger(rows) && Number.isSafeInteger(train);
  if (!whole || train < 1 || rows < train || rows > 2 ** 28) {
    throw new VeilganError('DATA', `${name} cannot have ${rows} rows, ${train} of them for training`, {
      fix: 'Ask for whole numbers with 1 <= train <= rows <= 2^28.',
    });
  }
  return { rows, train, seed: options.seed ?? 0 };
}

function assemble(
  name: string,
  columns: string[],
  points: Float32Array,
  labels: Uint32Array,
  train: number,
  seed: number,
): Dataset<Float32Array> {
  return makeDataset({
    name,
    columns,
    shape: [columns.length],
    train: points.slice(0, columns.length * train),
    holdout: points.slice(columns.length * train),
    labels: { train: labels.slice(0, train), holdout: labels.slice(train) },
    meta: { origin: `generated, seed ${seed}`, seed },
  });
}

/**
 * Blobs: a mixture of five isotropic Gaussians with equal priors; labels 0..4 are indices into `BLOB_MEANS`.
 * @throws VeilganError DATA for impossible sizes, CONFIG for a bad seed.
 */
export function blobs(options: SyntheticOptions = {}): Dataset<Float32Array> {
  const { rows, train, seed } = sizes('blobs', options);
  const stream = new PhiloxStream(seed, 'data/blobs');
  const labels = Uint32Array.from({ length: rows }, () => stream.below(BLOB_MEANS.length));
  const points = new Float32Array(2 * rows);
  const std = Math.sqrt(BLOB_VARIANCE);
  for (let i = 0; i < points.length; i++) points[i] = BLOB_MEANS[labels[i >> 1]][i & 1] + std * stream.normal();
  return assemble('blobs', ['x', 'y'], points, labels, train, seed);
}

/**
 * Circles, as scikit-learn's make_circles(factor 0.5, noise 0.05) defines them: angles evenly spaced on each circle,
 * rows shuffled, Gaussian noise on each coordinate; label 0 is the outer circle (half of the rows, rounded down).
 * @throws VeilganError DATA for impossible sizes, CONFIG for a bad seed.
 */
export function circles(options: SyntheticOptions = {}): Dataset<Float32Array> {
  const { rows, train, seed } = sizes('circles', options);
  const stream = new PhiloxStream(seed, 'data/circles');
  const outer = Math.floor(rows / 2);
  const labels = new Uint32Array(rows);
  const points = new Float32Array(2 * rows);
  const order = stream.permutation(rows);
  for (let row = 0; row < rows; row++) {
    const label = order[row] < outer ? 0 : 1;
    const count = label === 0 ? outer : rows - outer;
    const angle = (2 * Math.PI * (order[row] - label * outer)) / count;
    labels[row] = label;
    points[2 * row] = CIRCLE_RADII[label] * Math.cos(angle) + CIRCLE_NOISE * stream.normal();
    points[2 * row + 1] = CIRCLE_RADII[label] * Math.sin(angle) + CIRCLE_NOISE * stream.normal();
  }
  return assemble('circles', ['x', 'y'], points, labels, train, seed);
}

/** Codes of a record, and conditions that a record has one of. */
const [CODES, CONDITIONS] = [100, 6];

/** Probability of code j under condition c: most codes are rare, and a condition raises some of them twelvefold. */
export const codeProbability = (j: number, c: number): number =>
  Math.min(0.9, (j % CONDITIONS === c ? 12 : 1) * 0.15 * Math.exp(-j / 25));

/**
 * Codes: records of a hundred codes, each 1 or 0. A record has one of six conditions (its label), given which its codes
 * are independent.
 * @throws VeilganError DATA for impossible sizes, CONFIG for a bad seed.
 */
export function codes(options: SyntheticOptions = {}): Dataset<Float32Array> {
  const { rows, train, seed } = sizes('codes', options);
  const stream = new PhiloxStream(seed, 'data/codes');
  const labels = Uint32Array.from({ length: rows }, () => stream.below(CONDITIONS));
  const values = Float32Array.from({ length: rows * CODES }, (_, i) =>
    stream.uniform() < codeProbability(i % CODES, labels[Math.floor(i / CODES)]) ? 1 : 0,
  );
  const columns = Array.from({ length: CODES }, (_, j) => `code_${j}`);
  return assemble('codes', columns, values, labels, train, seed);
}

/** The data sets that exist without being stored, by name. */
export const GENERATED: Readonly<Record<string, (options?: SyntheticOptions) => Dataset<Float32Array>>> = {
  blobs,
  circles,
  codes,
};
