/**
 * The arithmetic of privacy budgets, in one place: what an encoding costs, what is left after it, which noise and how many
 * updates a budget pays for, and what was spent. Noisy updates are counted, not generator steps. Works in a page.
 */
import { VeilganError } from '../base/errors.ts';
import { type Accountant, noiseMultiplier, stepsWithin } from './accountant/calibrate.ts';
import { discreteEpsilon } from './accountant/discrete.ts';
import type { Phase } from './accountant/phases.ts';
import { pldEpsilon } from './accountant/pld.ts';
import { rdpEpsilon } from './accountant/rdp.ts';
import { releaseRho, tablesEpsilon, zcdpEpsilon } from './accountant/releases.ts';
import { isRelation, RELATION_NAMES, type Relation } from './relation.ts';

/** A budget, and the rules by which it is spent. */
export interface Budget {
  /** what must not be exceeded; 0: there is no limit */
  readonly epsilon: number;
  readonly delta: number;
  /** of epsilon what an encoding of a table may take; 0: the usual share */
  readonly encoderEpsilon: number;
  /** whether what the encoding counts is what a generator begins with: its usual share is larger then */
  readonly counted?: boolean;
  readonly accountant: 'pld' | 'rdp';
  readonly mechanism: 'gaussian' | 'discrete';
  readonly relation: Relation;
}

/** (epsilon, delta) of one thing. */
export interface Cost {
  readonly epsilon: number;
  readonly delta: number;
}

export const FREE: Cost = { epsilon: 0, delta: 0 };

/** Of a budget the part that encoders take by default, and of delta. */
const SHARE = 0.1;
/**
 * What encoders take by default of epsilon: a part of it, but what noisy counts of ordinary tables need as long as that is
 * no more than another part. Counts that a generator begins with are worth more than updates as long as there are few.
 */
const TAKEN = {
  bounds: { part: SHARE, need: 0.4, most: 1 / 3 },
  counts: { part: SHARE, need: 0.8, most: 1 / 2 },
} as const;

type EncodingBudget = Pick<Budget, 'encoderEpsilon' | 'counted' | 'epsilon' | 'delta' | 'relation'>;

/**
 * What is charged under a relation for something that is (e, d)-private under adding or removing one record. Zeroing out
 * costs the same: counts see that a record is gone, and no more. Replacing is removing and then adding, which is
 * (2 e, (1 + exp(e)) d).
 */
export const chargedFor = ({ epsilon, delta }: Cost, relation: Relation): Cost =>
  relation === 'replace-one' ? { epsilon: 2 * epsilon, delta: (1 + Math.exp(epsilon)) * delta } : { epsilon, delta };

/**
 * What the encoder of a table of which nothing is given may spend, as it counts: under adding or removing one record.
 * Under every relation what is charged for it is `encoderEpsilon` or the usual share, and a tenth of delta.
 */
export function encodingCost({ encoderEpsilon, counted, epsilon, delta, relation }: EncodingBudget): Cost {
  const { part, need, most } = TAKEN[counted ? 'counts' : 'bounds'];
  const charged = encoderEpsilon || (epsilon ? Math.max(part * epsilon, Math.min(need, most * epsilon)) : need);
  if (relation !== 'replace-one') return { epsilon: charged, delta: SHARE * delta };
  return { epsilon: charged / 2, delta: (SHARE * delta) / (1 + Math.exp(charged / 2)) };
}

/**
 * What a private run is charged for the encoding of a table.
 * @param columns that are not given: of delta nothing is paid where none of them is a category, whose values have to be
 *   named, as the encoder has it
 * @param looks whether any column is looked at: nothing is paid where none is; by default those that are not given are
 */
export function encodingPrice(
  budget: EncodingBudget,
  columns: readonly { readonly kind: string }[],
  looks = columns.length > 0,
): Cost {
  const cost = encodingCost(budget);
  const categories = columns.some(({ kind }) => kind === 'category' || kind === 'boolean');
  const paid = { epsilon: looks ? cost.epsilon : 0, delta: categories ? cost.delta : 0 };
  return chargedFor(paid, budget.relation);
}

/** What is left of a budget for noisy updates. @param paid what the encoding was charged */
export const leftAfter = (budget: Cost, paid: Cost = FREE): Cost => ({
  epsilon: budget.epsilon - paid.epsilon,
  delta: budget.delta - paid.delta,
});

/** The accountant that a budget's stop follows. */
const accountantOf = ({ mechanism, accountant }: Pick<Budget, 'mechanism' | 'accountant'>): Accountant =>
  mechanism === 'discrete' ? 'discrete' : accountant;

/** Of noisy updates: a record is in one with probability `q`. */
export interface Updates {
  readonly q: number;
  readonly updates: number;
}

/**
 * The least noise multiplier with which so many updates fit the budget, and what they come to, the encoding left out.
 * @param paid what the encoding was charged @param spent what was released before, under the same budget
 * @throws VeilganError CONFIG where the encoding takes all of it, where no noise suffices, for values out of range, and
 *   where the number of updates is not known beforehand (Infinity)
 */
export function noiseFor(
  { q, updates }: Updates,
  budget: Budget,
  paid: Cost = FREE,
  spent: readonly Phase[] = [],
): { sigma: number; epsilon: number } {
  const left = leftAfter(budget, paid);
  if (left.epsilon <= 0 && paid.epsilon > 0) {
    throw new VeilganError('CONFIG', `epsilon ${budget.epsilon} is not more than the ${paid.epsilon} of the encoding`, {
      where: 'encoderEpsilon',
      fix: 'Lower it, or allow a larger epsilon',
    });
  }
  if (updates === Number.POSITIVE_INFINITY) {
    throw new VeilganError('CONFIG', 'an adaptive schedule decides on the way how many updates it makes', {
      where: 'noiseMultiplier',
      fix: 'Give it, or leave `adaptive` away',
    });
  }
  return noiseMultiplier(q, updates, { ...left, spent, accountant: accountantOf(budget), relation: budget.relation });
}

/**
 * How many further updates at rate `q` and noise multiplier `sigma` a budget pays for: Infinity where there is no limit, 0
 * where not even one. A search that may take seconds.
 * @throws VeilganError CONFIG for values out of range
 */
export function stepsFor(
  { q, sigma }: Pick<Phase, 'q' | 'sigma'>,
  budget: Budget,
  { paid = FREE, spent = [] }: { readonly paid?: Cost; readonly spent?: readonly Phase[] } = {},
): number {
  if (!budget.epsilon) return Number.POSITIVE_INFINITY;
  const left = leftAfter(budget, paid);
  if (left.epsilon <= 0) return 0;
  return stepsWithin(q, sigma, { ...left, accountant: accountantOf(budget), relation: budget.relation, spent });
}

/** Ledgers' word for tables of counts with discrete Gaussian noise, and for a schedule that no output decided of. */
export const [MEASURED, FIXED] = ['measured', 'fixed'] as const;

/** What says how epsilon is computed: of a ledger's terms, which may be of any age. */
export interface SpendingTerms {
  readonly mechanism?: string;
  readonly relation?: string;
  /** of measured tables: `FIXED` where number and noise of all of them were fixed before the first */
  readonly schedule?: unknown;
  /** how many releases of another run were counted in: sums of all records by the exact integer mechanism */
  readonly released?: unknown;
  /** what the encoding was charged, under the relation */
  readonly encoding_epsilon?: unknown;
  readonly encoding_delta?: unknown;
}

export interface Spent {
  /** certified upper bounds at delta; rdp by zCDP of measured tables; pld null where there is none for the mechanism */
  readonly rdp: number;
  readonly pld: number | null;
  readonly pld_lower: number | null;
}

/**
 * The relation by which a ledger was charged. Runs whose number of rows is public once called theirs add-remove, which
 * zeroing out costs the same as: of these it is what their configuration says.
 * @param configured what the run's configuration comes to
 * @throws VeilganError FILE for a word that no relation has
 */
export function relationCharged({ relation = 'add-remove' }: SpendingTerms, configured: Relation): Relation {
  if (relation === 'add-remove' && configured === 'zero-out') return 'zero-out';
  if (isRelation(relation)) return relation;
  throw new VeilganError('FILE', `a ledger names neighbours of a kind that is not known, ${relation}`, {
    where: 'ledger.jsonl, relation',
    fix: `Use a version that knows it; this one knows ${RELATION_NAMES.join(', ')}`,
  });
}

/**
 * Epsilon of what was spent; all partitions spend alike, so that of one is that of the run (parallel composition), and
 * the encoding of a table before it adds its own epsilon and delta (basic composition).
 * @param terms of the ledger
 * @throws VeilganError FILE for terms of a relation that is not known
 */
export function epsilonOf(phases: readonly Phase[], delta: number, terms: SpendingTerms = {}): Spent {
  const { mechanism, encoding_epsilon: paid = 0, encoding_delta: used = 0 } = terms;
  const relation = relationCharged(terms, 'add-remove');
  const left = delta - Number(used);
  const total = (epsilon: number) => epsilon + Number(paid);
  if (mechanism === 'discrete') {
    return { rdp: total(discreteEpsilon(phases, left, relation).epsilon), pld: null, pld_lower: null };
  }
  if (mechanism === MEASURED) return measured(phases, { delta, left, relation, total }, terms.schedule === FIXED);
  // Sums of all records with discrete Gaussian noise have the Renyi curve of Gaussian noise at every order (Canonne, Kamath
  // and Steinke 2020, proposition 5), and curves add up; a privacy-loss distribution of one number they have not.
  if (Number(terms.released ?? 0) > 0) {
    return { rdp: total(rdpEpsilon(phases, left, relation).epsilon), pld: null, pld_lower: null };
  }
  const { upper, lower } = pldEpsilon(phases, left, { relation });
  // Of the encoding no lower bound is known, so that all of delta may have gone to the updates.
  const least = used ? pldEpsilon(phases, delta, { relation }).lower : lower;
  return { rdp: total(rdpEpsilon(phases, left, relation).epsilon), pld: total(upper), pld_lower: least };
}

interface Measured {
  readonly delta: number;
  /** of delta what is left for tables */
  readonly left: number;
  readonly relation: Relation;
  readonly total: (epsilon: number) => number;
}

/**
 * Of measured tables: by zCDP, whose filter lets each be chosen by what those before it showed. The privacy-loss
 * distribution composes what was fixed beforehand only.
 */
function measured(phases: readonly Phase[], { delta, left, relation, total }: Measured, fixed: boolean): Spent {
  const rdp = total(zcdpEpsilon(releaseRho(phases, relation), left));
  if (!fixed) return { rdp, pld: null, pld_lower: null };
  const { upper, lower } = tablesEpsilon(phases, left, relation);
  return { rdp, pld: total(upper), pld_lower: left < delta ? tablesEpsilon(phases, delta, relation).lower : lower };
}

/** The certified upper bound that a run is known by. */
export const upperBound = ({ pld, rdp }: Pick<Spent, 'pld' | 'rdp'>): number => pld ?? rdp;

/** The certified lower bound of the same updates, for claims that are not kept: what epsilon would be at least. */
export const leastEpsilon = (phases: readonly Phase[], delta: number, relation: Relation): number =>
  pldEpsilon(phases, delta, { relation }).lower;

/** Whether one more update like the last would exceed the budget, by the accountant that its stop follows. */
export function isExhausted(
  phases: readonly Phase[],
  { epsilon, delta, accountant }: Pick<Budget, 'epsilon' | 'delta' | 'accountant'>,
  terms: SpendingTerms,
): boolean {
  if (!epsilon || !phases.length) return false;
  const next = epsilonOf([...phases, { ...phases[phases.length - 1], steps: 1 }], delta, terms);
  return (accountant === 'rdp' ? next.rdp : upperBound(next)) > epsilon;
}
