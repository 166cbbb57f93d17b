/** What an attack is, and what it meets: a trained model, the records in question, and what the attacker has beside them. */
import { pickRows } from '../base/rows.ts';
import type { Gpu } from '../gpu/index.ts';
import type { CriticScores } from '../metrics/critics.ts';
import { nearestDistances } from '../metrics/neighbours.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClosestRecords, Scored, SetAttackResult, Tvd } from './judge/result.ts';

/** Rows with what the run knows of them. */
export interface Candidates {
  /** [n, features] */
  readonly rows: Float32Array;
  /** [n], of labelled data */
  readonly labels?: Uint32Array;
}

/** A generator whose latent vectors the attacker chooses. */
export interface Generator {
  readonly gpu: Gpu;
  /** dimensions of a latent vector */
  readonly latent: number;
  /**
   * the first of them, z, that are searched; the others stay as they were drawn. Left out: all. The noise by which a
   * generator of tables chooses values is not searched: it would bring G to any record
   */
  readonly searched?: number;
  /** what |z|^2 of the searched ones is on average */
  readonly energy: number;
  /** latents as training drew them, [1, n, latent] */
  readonly draw: (n: number, stream: number) => Tensor;
  readonly features: number;
  /** most rows of one call */
  readonly rows: number;
  /** [1, n, latent] -> [1, n, features], in inference mode */
  readonly generate: (z: Tensor) => Tensor;
}

/** A model that answers. */
export interface Model {
  /** K */
  readonly critics: number;
  /** what critics say: the probability that a record is real, or a value on a scale of its own */
  readonly output: 'probability' | 'value';
  /** what all critics say of rows [n, features] in inference mode, [K, n] */
  scores(rows: Float32Array, labels?: Uint32Array): Promise<Float32Array>;
  /** the first `count` records that it makes, [count, features] */
  sample(count: number): Promise<Float32Array>;
}

/** A trained model as an attacker meets it. */
export interface TrainedModel extends Model {
  readonly gpu: Gpu;
  readonly features: number;
  /** what the run releases: [10,000, features], of images 2,000 */
  released(): Promise<Float32Array>;
  /** fresh samples, as many as the attacker asks for */
  queried(): Promise<Float32Array>;
  /** with its last weights, for attackers who choose z; undefined where labels condition it */
  generator(): Generator | undefined;
  /** what `make` gives, made once under each key: attacks against several sets of others share it */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
}

/** A model that the attacker trained; nothing of it is on the disk. */
export interface Surrogate extends Model {
  dispose(): void;
}

export interface SurrogateOptions {
  /** added to the seed of the attack */
  readonly seed: number;
  /** `one` whatever the target has, or as many */
  readonly critics: 'one' | 'same';
  readonly onProgress: (share: number) => void;
}

/** One attack on one set of non-members. */
export interface Target {
  readonly model: TrainedModel;
  /** with the critic that saw each, [n] */
  readonly members: Candidates & { readonly own: Uint32Array };
  readonly others: Candidates;
  /** rows of the population that are no candidates, [m, features], if the attacker has some */
  readonly attacker?: Float32Array;
  /** a model that was trained without the candidates, which calibrates */
  readonly reference?: TrainedModel;
  /**
   * Trains a model without privacy on rows [n, features], with the networks and settings of the attacked one.
   * @throws VeilganError as training does; what the caller does not dispose of ends with the target
   */
  readonly trainSurrogate: (rows: Float32Array, options: SurrogateOptions) => Promise<Surrogate>;
  /** candidates of each side that a slow attack looks at */
  readonly records: number;
  /** shadow models, an even number */
  readonly shadows: number;
  readonly seed: number;
  readonly onProgress: (share: number) => void;
}

/** What came of an attack. */
export interface Outcome {
  readonly scored?: readonly Scored[];
  readonly tvd?: Tvd;
  readonly sets?: readonly SetAttackResult[];
  readonly closest?: ClosestRecords;
}

/** What is known before an attack runs, and may rule it out. */
export interface Facts {
  readonly features: number;
  /** whether there are critics to ask, and latents to search */
  readonly critics: boolean;
  /** whether labels condition the networks */
  readonly conditional: boolean;
  /** whether the run has a privacy guarantee */
  readonly private: boolean;
  /** rows of the population that the attacker has, see `attackerRows` */
  readonly attackerRows: number;
}

/** The words of one number that an attack reports. */
export interface Reading {
  readonly title: string;
  /** how records are scored, in a sentence or two */
  readonly score: string;
  /** the attack of the literature, with its authors */
  readonly family: string;
  /** a share of right answers, of which a blind guess has half; another share; or a distance; default accuracy */
  readonly kind?: 'accuracy' | 'share' | 'distance';
}

export interface Attack extends Omit<Reading, 'kind'> {
  /** takes minutes on a software adapter: it runs when it is named */
  readonly slow: boolean;
  /** needs nothing but scores and released samples, seconds: it runs wherever something is attacked unasked */
  readonly basic?: boolean;
  /** whether a reference model gives a second reading, `NAME-calibrated` */
  readonly calibrated?: boolean;
  /**
   * its numbers by the names under which they are stored, with what is not as the attack's own; left out: one, under the
   * attack's name
   */
  readonly readings?: Readonly<Record<string, Partial<Reading>>>;
  /** why it cannot be run on such a target; undefined where it can */
  readonly unfit?: (facts: Facts) => string | undefined;
  readonly run: (target: Target) => Promise<Outcome>;
}

/** Why an attack on critics does not run where there are none. */
export const NO_CRITICS = 'the system has no critics, and no latents that a record could be searched by';

/** What all critics say of members and others. */
export const criticScores = async ({ model, members, others }: Target): Promise<CriticScores> => ({
  critics: model.critics,
  members: await model.scores(members.rows, members.labels),
  nonMembers: await model.scores(others.rows, others.labels),
  own: members.own,
});

/** Half of the others stands for rows that the attacker has, where no further set is left. */
export function withAttacker({ others, attacker, model }: Target): [others: Float32Array, attacker: Float32Array] {
  if (attacker) return [others.rows, attacker];
  const { features } = model;
  const count = others.rows.length / features;
  const half = (from: number) => Array.from({ length: attackerRows(count + 1 - from) }, (_, i) => 2 * i + from);
  return [pickRows(others.rows, features, half(0)), pickRows(others.rows, features, half(1))];
}

/** Of so many others those that the attacker has where he has no rows but theirs. */
export const attackerRows = (others: number): number => Math.floor(others / 2);

/** One number a record. */
export interface Sides {
  readonly members: Float64Array;
  readonly nonMembers: Float64Array;
}

/** Splits what was computed for members and others in one go. */
export const sidesOf = (values: Float64Array, members: number): Sides => ({
  members: values.subarray(0, members),
  nonMembers: values.subarray(members),
});

/** Members and others in one array. */
export function together<A extends Float32Array | Float64Array>(members: A, others: A): A {
  const length = members.length + others.length;
  const all = members instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  all.set(members);
  all.set(others, members.length);
  return all as A;
}

/** Distances of members and others to the nearest of some samples. */
export async function distancesTo(
  { gpu, features }: TrainedModel,
  [members, others]: readonly [Float32Array, Float32Array],
  samples: Float32Array,
  onProgress?: (share: number) => void,
): Promise<Sides> {
  const all = await nearestDistances(gpu, together(members, others), samples, { features, onProgress });
  return sidesOf(all, members.length / features);
}

/**
 * Scores from distances to what a generator makes: the nearer, the more likely a member. With the distances to the
 * nearest released or queried sample it is GAN-Leaks' full black-box attack (Chen et al. 2020), with those of a
 * search over z its partial black-box and white-box ones. `reference` are the same distances for a generator that was
 * trained without the records: subtracting them calibrates the attack, since some records are easy to reconstruct
 * whoever trained.
 * @param distances of members [n] and non-members [m]
 */
export function distanceScores(name: string, distances: Sides, reference?: Sides): Scored {
  const score = (side: 'members' | 'nonMembers') =>
    distances[side].map((d, i) => (reference ? reference[side][i] - d : -d));
  return { name, members: score('members'), nonMembers: score('nonMembers') };
}
