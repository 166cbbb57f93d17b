/**
 * A step's privacy loss on the grid {origin + i h}, once so that it dominates the true pair of laws and once so that it is
 * dominated by it. Masses are those of the own law times exp(theta loss - scale), so that tails keep their precision.
 */
import { gaussLegendre } from '../../base/maths/gauss-legendre.ts';
import type { Law } from './loss.ts';

/** Where the own law is integrated, and how masses are weighted. */
export interface Grid {
  /** the nodes are origin + i h; losses of steps add up, and so do their origins */
  readonly h: number;
  readonly origin: number;
  readonly theta: number;
  readonly scale: number;
  /** the coordinate is integrated from `low` to `high`; what lies outside is charged to the bounds */
  readonly low: number;
  readonly high: number;
}

/** `masses[j]` weighted mass at the loss origin + (first + j) h. */
export interface Masses {
  readonly first: number;
  readonly masses: Float64Array;
}

/**
 * A bound on the relative error of every mass: of the quadrature (6 points where the density changes by less than e^0.5,
 * 3 where by less than e^0.01: below 1e-15) and of exponentials of arguments up to a few hundred.
 */
export const MASS_ERROR = 1e-13;

const FINE = gaussLegendre(3);
const WIDE = gaussLegendre(6);

/** An integral of own e^weight (`mass`) and of own (1 - e^(level - L)) e^weight (`gain`); one object, reused. */
const sums = { mass: 0, gain: 0 };
const point = new Float64Array(2);

/** Integrates from a to b into `sums`. */
function integrate(law: Law, a: number, b: number, level: number, weight: number): void {
  const change = (b - a) * law.rate(Math.max(Math.abs(a), Math.abs(b)));
  const { nodes, weights } = change < 0.01 ? FINE : WIDE;
  const panels = change < 0.5 ? 1 : Math.ceil(change / 0.5);
  const width = (b - a) / panels;
  let [mass, gain] = [0, 0];
  for (let panel = 0; panel < panels; panel++) {
    for (let i = 0; i < nodes.length; i++) {
      law.at(a + (panel + nodes[i]) * width, level, weight, point);
      mass += weights[i] * point[0];
      gain += weights[i] * point[1];
    }
  }
  sums.mass = mass * width;
  sums.gain = gain * width;
}

/** Nodes that losses between `low` and `high` can reach. */
function empty(law: Law, { h, origin, low, high }: Grid): Masses {
  const first = Math.floor((law.loss(low) - origin) / h) - 1;
  return { first, masses: new Float64Array(Math.ceil((law.loss(high) - origin) / h) - first + 3) };
}

/**
 * The dominating pair ("connect the dots", Doroshenko et al. 2022). The own mass at a loss l in [i h, (i+1) h] is split
 * between the two nodes so that its mass under BOTH laws is kept: with u = l - i h, (e^-u - e^-h) / (1 - e^-h) of it goes
 * down and (1 - e^-u) / (1 - e^-h) up. The hockey-stick divergence E[(1 - e^(eps - L))_+] is convex in e^-L for every
 * eps, and such a split is a mean-preserving spread of e^-L under the own law (it replaces the curve over e^eps by its
 * chords), so every divergence grows, and keeps growing under composition. Mass below `low` is lifted to the lowest node;
 * mass above `high` is left out: charge exp(law.logTailAbove(high)) a step as a loss of infinity.
 */
export function dominating(law: Law, grid: Grid): Masses {
  const { h, origin, theta, scale, low, high } = grid;
  const { first, masses } = empty(law, grid);
  const share = -Math.expm1(-h);
  let index = Math.floor((law.loss(low) - origin) / h);
  masses[index + 1 - first] += belowLow(law, low) * Math.exp(theta * (origin + (index + 1) * h) - scale);
  for (let a = low; a < high; index++) {
    const floor = origin + index * h;
    const b = Math.min(law.place(origin + (index + 1) * h), high);
    if (!(b > a)) continue;
    const weight = theta * floor - scale;
    integrate(law, a, b, floor, weight);
    const up = Math.min(sums.mass, Math.max(0, sums.gain / share));
    masses[index - first] += sums.mass - up;
    masses[index + 1 - first] += up * Math.exp(theta * h);
    a = b;
  }
  return { first, masses };
}

/** Where the lowest interval of `dominated` ends: half a step above the lowest loss. */
const firstEdge = (law: Law, low: number, high: number, h: number): number =>
  Math.min(high, Math.max(low, law.place(law.loss(low) + h / 2)));

/**
 * The node that suits the bulk of a step which rarely sees the record: the loss of the lowest interval of `dominated`,
 * which is narrower than h and may hold nearly all mass. Without a node just there every step would be blurred by far
 * more than its own spread. Of the `remove` law; `add` has the negative; of `replace`, whose bulk is around 0, it is 0.
 */
export function originOf(law: Law, low: number, high: number, h: number): number {
  const lowest = law.loss(low);
  integrate(law, low, firstEdge(law, low, high, h), lowest, 0);
  return sums.mass > 0 ? lowest + Math.min(h / 2, -Math.log1p(-sums.gain / sums.mass)) : lowest;
}

/** The own mass below `low`, from above: the law's lowest component there is N(0, sigma^2), or N(1, sigma^2) for q = 1. */
function belowLow(law: Law, low: number): number {
  const shift = law.q === 1 && law.direction !== 'add' ? 1 : 0;
  return Math.exp(-0.5 * ((low - shift) / law.sigma) ** 2);
}

/**
 * The dominated pair of a `remove` or `replace` law: outcomes are merged into intervals whose likelihood ratio is that of a node.
 * Merging outcomes is post-processing, so every divergence shrinks, and keeps shrinking under composition. The first
 * interval of `remove` gives the grid its origin (`originOf`). From the left edge of each other one its node is the first above the
 * loss there, and its right edge makes own mass = e^node times other mass, i.e. the integral of own (1 - e^(node - L))
 * zero. That edge is put a little too far right, so that the ratio is too large by a relative 1e-10 of its spread and
 * naming the node only lowers the loss. The last interval has no right edge and keeps the node below its left one; what
 * is outside [low, high] is dropped.
 */
export function dominated(law: Law, grid: Grid): Masses {
  const { h, origin, theta, scale, low, high } = grid;
  const { first, masses } = empty(law, grid);
  let edge = low;
  let index = Math.floor((law.loss(edge) - origin) / h) + 1;
  if (law.direction === 'remove') {
    edge = firstEdge(law, low, high, h);
    integrate(law, low, edge, origin, theta * origin - scale);
    masses[-first] += sums.mass;
    index = Math.max(1, Math.floor((law.loss(edge) - origin) / h) + 1);
  }
  while (edge < high) {
    const level = origin + index * h;
    const place = Math.min(law.place(level), high);
    const weight = theta * level - scale;
    integrate(law, edge, place, level, weight);
    const { mass, gain } = sums;
    // Losses are rounded to 2^-53, which is seen in intervals that are much narrower than h on one side.
    const noise = 4e-16 * (1 + Math.abs(level)) * mass;
    const right = balance(law, { place, high, level, weight, noise, wanted: Math.max(0, -gain) * (1 + 1e-10) + noise });
    if (right === null) {
      integrate(law, edge, high, level, weight);
      masses[index - 1 - first] += sums.mass * Math.exp(-theta * h);
      break;
    }
    masses[index - first] += mass + sums.mass;
    edge = right;
    index = Math.max(index + 1, Math.floor((law.loss(edge) - origin) / h) + 1);
  }
  return { first, masses };
}

interface Side {
  place: number;
  high: number;
  level: number;
  weight: number;
  /** how much gain is wanted, and how much more does not matter */
  wanted: number;
  noise: number;
}

/**
 * The edge right of `place` up to which the gain is `wanted`, leaving the mass up to there in `sums`; null where `high`
 * comes first.
 */
function balance(law: Law, { place, high, level, weight, wanted, noise }: Side): number | null {
  // In a narrow interval the gain grows with the square of the width, up to how the density bends: Newton's method, whose
  // last step is not looked at again (its error is the square of one below 3e-6).
  const { slope, bend } = law.bend(place, level);
  law.at(place, level, weight, point);
  const width = Math.sqrt((2 * wanted) / (point[0] * slope));
  const widest = Math.min(high, place + 0.5 / law.rate(Math.abs(place)));
  let edge = place + width - (bend / 3) * width * width;
  for (let step = 0; step < 5 && edge > place && edge < widest; step++) {
    integrate(law, place, edge, level, weight);
    const rest = sums.gain - wanted;
    law.at(edge, level, weight, point);
    const move = rest / point[1];
    edge -= move;
    if (Math.abs(rest) < 3e-6 * wanted && edge > place) {
      sums.mass -= move * point[0];
      return edge;
    }
  }
  let [from, mass, have] = [place, 0, 0];
  let to = from;
  for (;;) {
    if (from >= high) return null;
    to = Math.min(high, from + 0.5 / law.rate(Math.abs(from)));
    integrate(law, from, to, level, weight);
    if (have + sums.gain >= wanted) break;
    [from, mass, have] = [to, mass + sums.mass, have + sums.gain];
  }
  // The gain grows with the edge: Newton's method, kept inside what bisection leaves.
  let [a, b] = [from, to];
  let middle = b;
  for (let step = 0; step < 80 && b - a > 4e-16 * Math.abs(b); step++) {
    integrate(law, from, middle, level, weight);
    const rest = have + sums.gain - wanted;
    if (rest >= 0) b = middle;
    else a = middle;
    if (rest >= 0 && rest < 1e-10 * wanted + noise) break;
    law.at(middle, level, weight, point);
    middle -= rest / point[1] - 1e-11 * (middle - place);
    if (!(middle > a && middle < b)) middle = a + (b - a) / 2;
  }
  integrate(law, from, b, level, weight);
  sums.mass += mass;
  return b;
}
