/** Exact nearest neighbours on the host, in float64: a k-d tree in few dimensions, all pairs in many. */

/** The k nearest rows of each query, nearest first; equal distances by lower index. */
export interface Neighbours {
  /** rows a query: what was asked for, or all there are */
  readonly k: number;
  /** squared Euclidean distances [queries, k], sums over the features in order */
  readonly squared: Float64Array;
  /** [queries, k] */
  readonly indices: Uint32Array;
}

const LEAF = 8;
/** Above this many features a tree prunes too little to pay. */
export const TREE_FEATURES = 12;

/** A balanced k-d tree, implicit in the order of its points: the node over [low, high) is cut at their middle. */
interface Tree {
  points: Float64Array;
  /** of each place, the row that stands there */
  rows: Uint32Array;
  features: number;
  /** The feature in which the node whose middle is here is cut, and where. */
  axes: Uint8Array;
  cuts: Float64Array;
}

function swap({ points, rows, features }: Tree, i: number, j: number): void {
  for (let f = 0; f < features; f++) {
    const held = points[i * features + f];
    points[i * features + f] = points[j * features + f];
    points[j * features + f] = held;
  }
  const row = rows[i];
  rows[i] = rows[j];
  rows[j] = row;
}

/** Reorders [low, high) so that place `k` holds what sorting by `axis` would put there (Hoare's selection). */
function select(tree: Tree, low: number, high: number, k: number, axis: number): void {
  const { points, features } = tree;
  let left = low;
  let right = high - 1;
  while (left < right) {
    const pivot = points[((left + right) >> 1) * features + axis];
    let i = left;
    let j = right;
    while (i <= j) {
      while (points[i * features + axis] < pivot) i++;
      while (points[j * features + axis] > pivot) j--;
      if (i <= j) swap(tree, i++, j--);
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return;
  }
}

function buildTree(base: Float32Array, features: number): Tree {
  const count = base.length / features;
  const tree: Tree = {
    points: Float64Array.from(base),
    rows: Uint32Array.from({ length: count }, (_, i) => i),
    features,
    axes: new Uint8Array(count),
    cuts: new Float64Array(count),
  };
  const { points } = tree;
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
    select(tree, low, high, middle, axis);
    tree.axes[middle] = axis;
    // Kept apart, because cutting the upper half moves the point that stands here now.
    tree.cuts[middle] = points[middle * features + axis];
    cut(low, middle);
    cut(middle, high);
  };
  if (features <= TREE_FEATURES) cut(0, count);
  return tree;
}

/** The nearest rows of one query so far. */
class Nearest {
  readonly squared: Float64Array;
  readonly rows: Uint32Array;
  /** nothing farther is taken */
  worst: number;

  constructor(k: number, atMost = Number.POSITIVE_INFINITY) {
    this.squared = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
    this.rows = new Uint32Array(k).fill(0xffffffff);
    this.worst = atMost;
  }

  /** @param squared at most `worst` */
  take(squared: number, row: number): void {
    const { squared: list, rows } = this;
    let at = list.length;
    while (at > 0 && (squared < list[at - 1] || (squared === list[at - 1] && row < rows[at - 1]))) at--;
    if (at === list.length) return;
    list.copyWithin(at + 1, at, list.length - 1);
    rows.copyWithin(at + 1, at, list.length - 1);
    list[at] = squared;
    rows[at] = row;
    this.worst = Math.min(this.worst, list[list.length - 1]);
  }
}

function scan({ points, rows, features }: Tree, query: Float64Array, low: number, high: number, found: Nearest): void {
  for (let i = low; i < high; i++) {
    let squared = 0;
    for (let f = 0; f < features && squared <= found.worst; f++) {
      const difference = query[f] - points[i * features + f];
      squared += difference * difference;
    }
    if (squared <= found.worst) found.take(squared, rows[i]);
  }
}

function search(tree: Tree, query: Float64Array, low: number, high: number, found: Nearest): void {
  if (high - low <= LEAF) {
    scan(tree, query, low, high, found);
    return;
  }
  const middle = (low + high) >> 1;
  const offset = query[tree.axes[middle]] - tree.cuts[middle];
  const below = offset < 0;
  if (below) search(tree, query, low, middle, found);
  else search(tree, query, middle, high, found);
  if (offset * offset > found.worst) return;
  if (below) search(tree, query, middle, high, found);
  else search(tree, query, low, middle, found);
}

/**
 * The k nearest rows of `base` [rows, features] for any query, exact: 10^4 queries against 10^4 rows in the plane
 * take a few hundredths of a second.
 */
export class HostSearch {
  readonly #tree: Tree;

  constructor(base: Float32Array, features: number) {
    this.#tree = buildTree(base, features);
  }

  /**
   * Writes the k nearest rows of query `at` of `queries` to the same place of `out`.
   * @param atMost a bound known to hold for the k-th squared distance
   */
  find(queries: Float32Array, at: number, out: Neighbours, atMost?: number): void {
    const { features, rows } = this.#tree;
    const query = Float64Array.from(queries.subarray(at * features, (at + 1) * features));
    const found = new Nearest(out.k, atMost);
    if (features <= TREE_FEATURES) search(this.#tree, query, 0, rows.length, found);
    else scan(this.#tree, query, 0, rows.length, found);
    out.squared.set(found.squared, at * out.k);
    out.indices.set(found.rows, at * out.k);
  }
}
