/** The attacks by name: what each needs of a run, in scores or in a result of its own. */
import { domias } from '../../attack/domias.ts';
import { invertBlackBox, invertWhiteBox } from '../../attack/inversion.ts';
import type { Scored } from '../../attack/judge/result.ts';
import {
  medianRadius,
  monteCarloSet,
  monteCarloSingle,
  type SetAttackResult,
  shareWithinRadius,
} from '../../attack/montecarlo.ts';
import {
  type ClosestRecords,
  closestRecordPool,
  closestRecords,
  distanceScores,
  type Sides,
} from '../../attack/nearest.ts';
import { fitPca, project } from '../../attack/pca.ts';
import { type Tvd, tvd } from '../../attack/tvd.ts';
import { whiteBoxScores } from '../../attack/whitebox.ts';
import { divergences } from '../../gan/divergences.ts';
import { nearestNeighbours } from '../../metrics/neighbours.ts';
import { pickRows } from '../../train/rows.ts';
import { shadowModels, surrogateCritic } from './shadows.ts';
import { type Candidates, distancesTo, sidesOf, spread, type Target, together } from './target.ts';

/** One attack on one set of non-members. */
export interface Attempt {
  readonly target: Target;
  readonly members: Candidates & { own: Uint32Array };
  readonly others: Candidates;
  /** rows of the population that are no candidates, if the attacker has some */
  readonly attacker?: Float32Array;
  /** a model that was trained without the candidates */
  readonly reference?: Target;
  /** candidates of each side that a slow attack looks at */
  readonly records: number;
  /** training steps of the attacker's own models; left out: as many as the target's */
  readonly steps?: number;
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
  /** why there is nothing */
  readonly why?: string;
}

type Driver = (attempt: Attempt) => Promise<Outcome>;

/** Components of the Monte Carlo attack's distances (spec/systems.md 3.5). */
const COMPONENTS = 40;
/**
 * Records that principal components are fitted to, that densities are estimated from, and whose density is asked for.
 */
const FITTED = 5000;
const DENSITY_FEATURES = 200;
const DENSITY_CANDIDATES = 2000;

const critics = async ({ target, members, others }: Attempt) => {
  const { gan } = target.job;
  return {
    critics: gan.config.partitions,
    members: await gan.scores(members.rows, members.labels),
    nonMembers: await gan.scores(others.rows, others.labels),
    own: members.own,
  };
};

const rowsOf = ({ members, others }: Attempt) => [members.rows, others.rows] as const;

/** Distances to the nearest fresh sample, and the same for the reference where there is one. */
async function queriedDistances(name: string, attempt: Attempt): Promise<Scored[]> {
  const { target, reference, onProgress } = attempt;
  const half = (part: number) => (share: number) => onProgress((part + share) / (reference ? 2 : 1));
  const own = await distancesTo(target, rowsOf(attempt), await target.queried(), half(0));
  if (!reference) return [distanceScores(name, own)];
  const other = await distancesTo(reference, rowsOf(attempt), await reference.queried(), half(1));
  return [distanceScores(name, own), distanceScores(`${name}-calibrated`, own, other)];
}

/** The attacks that search for the z of each record, on some records only. */
const searching =
  (name: string, search: typeof invertWhiteBox): Driver =>
  async (attempt) => {
    const { target, reference, members, others, records, seed, onProgress } = attempt;
    const { features } = target.job.data;
    const run = async (of: Target, part: number): Promise<Sides | undefined> => {
      const generator = of.generator();
      if (!generator) return undefined;
      const parts = reference ? 4 : 2;
      const find = (rows: Float32Array, at: number) =>
        search(generator, spread(rows, features, records), {
          seed,
          onProgress: (share) => onProgress((2 * part + at + share) / parts),
        });
      return {
        members: await of.once(`${name} of members`, () => find(members.rows, 0)),
        nonMembers: await find(others.rows, 1),
      };
    };
    const own = await run(target, 0);
    if (!own) return { why: 'labels condition the generator, which the search over z does not choose' };
    const other = reference && (await run(reference, 1));
    const calibrated = other ? [distanceScores(`${name}-calibrated`, own, other)] : [];
    return { scored: [distanceScores(name, own), ...calibrated] };
  };

/** Samples go through the snapshots in turn: the first of them are of all, every so many might not be. */
const firstOf = (samples: Float32Array, features: number) => samples.subarray(0, FITTED * features);

const monteCarlo: Driver = async ({ target, members, others, attacker, seed, onProgress }) => {
  const { gan, data } = target.job;
  const { gpu } = gan;
  const made = await target.queried();
  let features = data.features;
  let [candidates, samples] = [together(members.rows, others.rows), made];
  const n = members.rows.length / features;
  if (features > COMPONENTS) {
    // The attacker fits them to rows of his own, or else to what the generator makes.
    const pca = await fitPca(
      gpu,
      attacker ? spread(attacker, features, FITTED) : firstOf(made, features),
      features,
      COMPONENTS,
      seed,
    );
    onProgress(0.2);
    [candidates, samples] = [await project(gpu, candidates, pca), await project(gpu, made, pca)];
    features = COMPONENTS;
  }
  const { squared } = await nearestNeighbours(gpu, candidates, samples, {
    features,
    onProgress: (share) => onProgress(0.2 + 0.3 * share),
  });
  const nearest = sidesOf(squared.map(Math.sqrt), n);
  const shares = shareWithinRadius(candidates, samples, features, medianRadius(nearest), (share) =>
    onProgress(0.5 + 0.5 * share),
  );
  return { scored: [monteCarloSingle(sidesOf(shares, n))], sets: monteCarloSet(nearest, { seed }) };
};

/** Half of the others stands for rows that the attacker has, where no further set is left. */
function withAttacker({ others, attacker, target }: Attempt): [others: Float32Array, attacker: Float32Array] {
  if (attacker) return [others.rows, attacker];
  const { features } = target.job.data;
  const count = others.rows.length / features;
  const every = (from: number) =>
    pickRows(
      others.rows,
      features,
      Array.from({ length: Math.floor((count + 1 - from) / 2) }, (_, i) => 2 * i + from),
    );
  return [every(0), every(1)];
}

const closest: Driver = async (attempt) => {
  const { target, members, seed, onProgress } = attempt;
  const { features } = target.job.data;
  const { gpu } = target.job.gan;
  const samples = await target.released();
  const { order } = closestRecordPool(members.rows.length / features, attempt.others.rows.length / features, seed);
  const n = members.rows.length / features;
  const pool = pickRows(together(members.rows, attempt.others.rows), features, order);
  const near = await nearestNeighbours(gpu, samples, pool, { features, onProgress: (share) => onProgress(share / 3) });
  const result = closestRecords(
    near.indices,
    Uint8Array.from(order, (i) => (i < n ? 1 : 0)),
    { seed },
  );
  const [others, attacker] = withAttacker(attempt);
  if (!attacker.length) return { closest: result };
  const third = (part: number) => (share: number) => onProgress((part + share) / 3);
  const toSamples = await distancesTo(target, [members.rows, others], samples, third(1));
  const toRows = await distancesTo(target, [members.rows, others], attacker, third(2));
  return { closest: result, scored: [distanceScores('dcr-calibrated', toSamples, toRows)] };
};

const densityRatio: Driver = async (attempt) => {
  const { target, members, onProgress } = attempt;
  const { features } = target.job.data;
  if (features > DENSITY_FEATURES) {
    return { why: `density estimates of ${features} values say nothing; it is for at most ${DENSITY_FEATURES}` };
  }
  const [others, attacker] = withAttacker(attempt);
  if (attacker.length < 2 * features) return { why: 'the attacker needs at least two rows of his own' };
  const most = (rows: Float32Array, count: number) => spread(rows, features, count);
  const candidates = {
    members: most(members.rows, DENSITY_CANDIDATES),
    nonMembers: most(others, DENSITY_CANDIDATES),
  };
  const samples = firstOf(await target.released(), features);
  return { scored: [domias(candidates, samples, most(attacker, FITTED), features, onProgress)] };
};

export const DRIVERS = {
  'white-box': async (attempt) => ({
    scored: Object.values(whiteBoxScores(await critics(attempt), { seed: attempt.seed })),
  }),
  tvd: async (attempt) => {
    const { output } = divergences[attempt.target.job.gan.config.divergence];
    const range = output === 'probability' ? 'unit' : 'minmax';
    return { tvd: tvd(await critics(attempt), { range, seed: attempt.seed }) };
  },
  'nearest-sample': async (attempt) => {
    const { target, onProgress } = attempt;
    const distances = await distancesTo(target, rowsOf(attempt), await target.released(), onProgress);
    return { scored: [distanceScores('nearest-sample', distances)] };
  },
  'gan-leaks': async (attempt) => ({ scored: await queriedDistances('gan-leaks', attempt) }),
  'monte-carlo': monteCarlo,
  dcr: closest,
  domias: densityRatio,
  'gan-leaks-partial': searching('gan-leaks-partial', invertBlackBox),
  'gan-leaks-white-box': searching('gan-leaks-white-box', invertWhiteBox),
  'logan-black-box': surrogateCritic,
  lira: shadowModels,
} satisfies Record<string, Driver>;
