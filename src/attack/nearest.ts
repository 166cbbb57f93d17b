/** The attack that needs nothing but released samples: how near does one come to the record? */
import { VeilganError } from '../gpu/errors.ts';
import { checkScores } from './ranking.ts';
import { type AttackResult, attackResult } from './result.ts';

const LEAF = 8;
/** Above this many features a tree prunes too little to pay. */
const TREE_FEATURES = 12;

/** A balanced k-d tree, implicit in the order of its points: the node over [low, high) is cut at their middle. */
interface Tree {
  points: Float64Array;
  features: number;
  /** The feature in which the node whose middle is here is cut, and where. */
  axes: Uint8Array;
  cuts: Float64Array;
}

function swap(points: Float64Array, features: number, i: number, j: number): void {
  for (let f = 0; f < features; f++) {
    const held = points[i * features + f];
    points[i * features + f] = points[j * features + f];
    points[j * features + f] = held;
  }
}

/** Reorders [low, high) so that place `k` holds what sorting by `axis` would put there (Hoare's selection). */
function select(points: Float64Array, features: number, low: number, high: number, k: number, axis: number): void {
  let left = low;
  let right = high - 1;
  while (left < right) {
    const pivot = points[((left + right) >> 1) * features + axis];
    let i = left;
    let j = right;
    while (i <= j) {
      while (points[i * features + axis] < pivot) i++;
      while (points[j * features + axis] > pivot) j--;
      if (i <= j) swap(points, features, i++, j--);
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return;
  }
}

function buildTree(samples: Float32Array, features: number): Tree {
  const points = Float64Array.from(samples);
  const count = samples.length / features;
  const axes = new Uint8Array(count);
  const cuts = new Float64Array(count);
  const cut = (low: number, high: number): void => {
    if (high - low <= LEAF) return;
    let axis = 0;
    let widest = -1;
    for (let f = 0; f < features; f++) {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let i = low; i < high; i++) {
        const value = points[i * features + f];
        if (value < least) least = value;
        if (value > most) most = value;
      }
      if (most - least > widest) {
        widest = most - least;
        axis = f;
      }
    }
    const middle = (low + high) >> 1;
    select(points, features, low, high, middle, axis);
    axes[middle] = axis;
    // Kept apart, because cutting the upper half moves the point that stands here now.
    cuts[middle] = points[middle * features + axis];
    cut(low, middle);
    cut(middle, high);
  };
  if (features <= TREE_FEATURES) cut(0, count);
  return { points, features, axes, cuts };
}

/** Squared distance from `query` to the nearest point of [low, high), or `best` if none is nearer. */
function scan(tree: Tree, query: Float64Array, low: number, high: number, best: number): number {
  const { points, features } = tree;
  for (let i = low; i < high; i++) {
    let squared = 0;
    for (let f = 0; f < features && squared < best; f++) {
      const difference = query[f] - points[i * features + f];
      squared += difference * difference;
    }
    if (squared < best) best = squared;
  }
  return best;
}

function search(tree: Tree, query: Float64Array, low: number, high: number, best: number): number {
  if (high - low <= LEAF) return scan(tree, query, low, high, best);
  const middle = (low + high) >> 1;
  const axis = tree.axes[middle];
  const offset = query[axis] - tree.cuts[middle];
  const below = offset < 0;
  best = below ? search(tree, query, low, middle, best) : search(tree, query, middle, high, best);
  if (offset * offset >= best) return best;
  return below ? search(tree, query, middle, high, best) : search(tree, query, low, middle, best);
}

function countRows(values: Float32Array, features: number, what: string): number {
  const rows = values.length / features;
  if (rows === 0 || !Number.isInteger(rows)) {
    throw new VeilganError('SHAPE', `${what}: ${values.length} values are not whole records of ${features}`, {
      where: 'nearest-sample attack',
      fix: 'Give at least one record, row by row.',
    });
  }
  checkScores(values, what);
  return rows;
}

/**
 * Euclidean distance from each query [n, features] to its nearest sample [m, features], exact: a k-d tree for up to 12
 * features (10^4 queries against 10^4 samples in the plane: a few hundredths of a second), all pairs above.
 * @throws VeilganError SHAPE, NAN
 */
export function nearestDistances(queries: Float32Array, samples: Float32Array, features: number): Float64Array {
  const rows = countRows(queries, features, 'queries');
  const total = countRows(samples, features, 'released samples');
  const tree = buildTree(samples, features);
  const find = features <= TREE_FEATURES ? search : scan;
  const query = new Float64Array(features);
  return Float64Array.from({ length: rows }, (_, row) => {
    for (let f = 0; f < features; f++) query[f] = queries[row * features + f];
    return Math.sqrt(find(tree, query, 0, total, Number.POSITIVE_INFINITY));
  });
}

/**
 * The full black-box attack of GAN-Leaks (Chen et al. 2020; spec/systems.md section 10) on records [n, features] and
 * [m, features]: score = -(distance to the nearest released sample). Distances are taken as the features stand; scale
 * columns of different units first.
 * @throws VeilganError SHAPE, NAN; DATA when there are no members or no non-members
 */
export function nearestSample(
  members: Float32Array,
  nonMembers: Float32Array,
  released: Float32Array,
  options: { features?: number; seed?: number } = {},
): AttackResult {
  const { features = 2, seed = 0 } = options;
  const score = (records: Float32Array) => nearestDistances(records, released, features).map((distance) => -distance);
  return attackResult('nearest-sample', score(members), score(nonMembers), { seed });
}
