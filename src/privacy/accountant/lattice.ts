/**
 * The privacy loss of one count with discrete Gaussian noise, which takes values on a lattice, and its way onto a grid
 * that several lattices share: once from above, once from below.
 *
 * With noise of probability proportional to e^(-k^2 / 2 s^2) on the integers and a count that a record moves by one, the
 * loss at the noise k is (2 k + 1) / (2 s^2), under the law of k. Removing and adding are mirror images, and so are the
 * two cells that replacing moves. Weighted with e^(theta loss) the masses are those of the same law around theta: that is
 * how they are computed here, so that no tail is lost.
 */
import type { Masses } from './discretise.ts';

/** A loss takes the values origin + k h with the (weighted) masses given; `lower` has what `upper` lifts left out. */
export interface Lattice {
  readonly h: number;
  readonly origin: number;
  readonly upper: Masses;
  readonly lower: Masses;
  /** ln of what the masses are to be multiplied by to be own law times e^(theta loss) */
  readonly scale: number;
  /** own mass above the last atom, from above */
  readonly infinite: number;
}

/** Noise beyond so many s is below e^-50 of all, and of all around theta. */
const FAR = 10;

const sumOver = (from: number, to: number, f: (k: number) => number): number => {
  let sum = 0;
  for (let k = from; k <= to; k++) sum += f(k);
  return sum;
};

/** The sum of e^(-k^2 / 2 s^2) over the integers. */
export function normaliser(sigma: number): number {
  // Poisson's sum: to a factor of 1 + 1e-19.
  if (sigma >= 1.5) return sigma * Math.sqrt(2 * Math.PI);
  const weight = (k: number) => Math.exp((-k * k) / (2 * sigma * sigma));
  return 1 + 2 * sumOver(1, 20, weight);
}

/** Mean and variance of the integer whose law is proportional to e^(-(k - theta)^2 / 2 s^2). */
export function tiltedMoments(sigma: number, theta: number): { mean: number; variance: number } {
  // As above, those of the normal.
  if (sigma >= 1.5) return { mean: theta, variance: sigma * sigma };
  const [from, to] = [Math.floor(theta) - 20, Math.ceil(theta) + 20];
  // Around the nearest integer, so that not all underflow.
  const near = (Math.round(theta) - theta) ** 2;
  const weight = (k: number) => Math.exp((near - (k - theta) ** 2) / (2 * sigma * sigma));
  const mass = sumOver(from, to, weight);
  const mean = sumOver(from, to, (k) => k * weight(k)) / mass;
  return { mean, variance: sumOver(from, to, (k) => (k - mean) ** 2 * weight(k)) / mass };
}

/** @param logLost ln of the own mass that may be charged as an infinite loss */
export function lattice(sigma: number, theta: number, logLost: number): Lattice {
  const variance = sigma * sigma;
  const first = -Math.ceil(FAR * sigma) - 1;
  const last = Math.ceil(Math.max(theta + FAR * sigma, sigma * Math.sqrt(-2 * logLost))) + 1;
  const near = (Math.round(theta) - theta) ** 2;
  const lower = new Float64Array(last - first + 1);
  for (let k = first; k <= last; k++) lower[k - first] = Math.exp((near - (k - theta) ** 2) / (2 * variance));
  const all = normaliser(sigma);
  // P[noise > k] <= e^(-k^2 / 2 s^2) for k >= 0: a continuous normal has no lighter tail (Canonne, Kamath, Steinke 2020).
  const infinite = Math.exp((-last * last) / (2 * variance));
  const upper = Float64Array.from(lower);
  const below = Math.exp((-first * first) / (2 * variance));
  upper[0] += below * Math.exp((near - theta * theta + 2 * theta * first) / (2 * variance)) * all;
  return {
    h: 1 / variance,
    origin: 0.5 / variance,
    upper: { first, masses: upper },
    lower: { first, masses: lower },
    scale: (theta * theta + theta - near) / (2 * variance) - Math.log(all),
    infinite,
  };
}

/** Where lattices meet: nodes origin + i h, each law with the origin of its own. */
export interface Nodes {
  readonly h: number;
  readonly theta: number;
}

const empty = ({ h, upper: { first, masses } }: Lattice, nodes: Nodes): Masses => {
  const low = Math.floor((first * h) / nodes.h) - 2;
  const high = Math.ceil(((first + masses.length) * h) / nodes.h) + 2;
  return { first: low, masses: new Float64Array(high - low + 1) };
};

/** The node at or below atom k, and how far above it the atom is, in nodes; 0 where only rounding parts them. */
function placeOf(law: Lattice, nodes: Nodes, k: number): { node: number; above: number } {
  const at = k * (law.h / nodes.h);
  const nearest = Math.round(at);
  if (Math.abs(at - nearest) <= 4e-16 * Math.abs(at)) return { node: nearest, above: 0 };
  return { node: Math.floor(at), above: at - Math.floor(at) };
}

/** A dominating law on the nodes: each atom is split between its two neighbours, as `dominating` of discretise.ts does. */
export function spreadUp(law: Lattice, nodes: Nodes): Masses {
  const { h, theta } = nodes;
  const out = empty(law, nodes);
  const share = -Math.expm1(-h);
  law.upper.masses.forEach((mass, i) => {
    const { node, above } = placeOf(law, nodes, law.upper.first + i);
    const up = Math.min(1, -Math.expm1(-above * h) / share);
    out.masses[node - out.first] += mass * (1 - up) * Math.exp(-theta * above * h);
    out.masses[node + 1 - out.first] += mass * up * Math.exp(theta * (1 - above) * h);
  });
  return out;
}

/**
 * A dominated law on the nodes. The atoms of the interval below a node are merged with as much of those above it as makes
 * the likelihood ratio of all that of the node, which is post-processing. Where the next atoms are too light for that, or
 * so far off that it costs more than it saves, they go to the node below, which only lowers the loss.
 */
export function mergeDown(law: Lattice, nodes: Nodes): Masses {
  const { h, theta } = nodes;
  const out = empty(law, nodes);
  const { first, masses } = law.lower;
  const left = new Float64Array(masses.length).fill(1);
  const lossOf = (i: number) => (first + i) * law.h;
  const close = law.h * (theta + 1) < 2;
  for (let i = 0; i < masses.length; ) {
    const { node, above } = placeOf(law, nodes, first + i);
    if (left[i] <= 0 || above === 0) {
      out.masses[node - out.first] += left[i] * masses[i];
      i++;
      continue;
    }
    const level = (node + 1) * h;
    // Masses as seen from the node, and what each has more under the own law than the node's ratio allows.
    const seen = (j: number) => masses[j] * Math.exp(theta * (level - lossOf(j)));
    // Losses carry rounding: a little more is merged than is needed.
    const gain = (j: number) => -Math.expm1(level - lossOf(j) + 1e-14 * (1 + Math.abs(level)));
    let [mass, lacking, end] = [0, 0, i];
    for (; end < masses.length && gain(end) <= 0; end++) {
      mass += left[end] * seen(end);
      lacking -= left[end] * seen(end) * gain(end);
    }
    lacking *= 1 + 1e-10;
    // Whole atoms, at least one and those of the next interval, then part of one.
    const reach = level + h + law.h;
    let [more, next] = [0, end];
    while (next < masses.length && lacking > seen(next) * gain(next) && lossOf(next) < reach) {
      lacking -= seen(next) * gain(next);
      more += seen(next++);
    }
    const part = next < masses.length ? lacking / (seen(next) * gain(next)) : Number.POSITIVE_INFINITY;
    if (close && part <= 1) {
      out.masses[node + 1 - out.first] += mass + more + part * seen(next);
      left[next] = 1 - part;
      i = next;
    } else {
      out.masses[node - out.first] += mass * Math.exp(-theta * h);
      i = end;
    }
  }
  return out;
}
