/** What a budget buys of measured tables: the rho that may be spent as one goes, or the noise of tables that are fixed. */
import { VeilganError } from '../base/errors.ts';
import type { Phase } from './accountant/phases.ts';
import {
  releaseRho,
  sigmaGrid,
  type TablesBudget,
  type TableWeight,
  tablesAt,
  tablesEpsilon,
  tablesScale,
  zcdpEpsilon,
  zcdpRho,
} from './accountant/releases.ts';
import { type Cost, FREE, leftAfter } from './budget.ts';
import { ZcdpFilter } from './filter.ts';
import { RELATIONS, type Relation } from './relation.ts';

/**
 * The zCDP that a budget allows for releases that are chosen as one goes, and the filter that keeps it.
 * @param options.paid what something else was charged, under the relation; a stability threshold's delta is in it
 * @param options.spent of the same budget, as a ledger's totals have it
 * @throws VeilganError CONFIG for values out of range, and where nothing is left
 */
export function releaseBudget(
  { relation, ...budget }: TablesBudget,
  { paid = FREE, spent = [] }: { readonly paid?: Cost; readonly spent?: readonly Phase[] } = {},
): { readonly rho: number; readonly filter: ZcdpFilter } {
  const left = leftAfter(budget, paid);
  const rho = zcdpRho(left.epsilon, left.delta);
  return { rho, filter: new ZcdpFilter(rho, releaseRho(spent, relation)) };
}

/** The least sigma, on the grid, with which a table costs at most rho. @throws VeilganError CONFIG for a rho out of range */
export const tableSigma = (rho: number, relation: Relation): number =>
  sigmaGrid(Math.sqrt(RELATIONS[relation].factor / (2 * rho)));

/** What tables cost: their zCDP, its epsilon, and where all were fixed beforehand the PLD's certified bounds. */
export interface TablesPrice {
  readonly rho: number;
  readonly zcdp: number;
  readonly pld: number;
  readonly pld_lower: number;
}

/** @throws VeilganError CONFIG for phases of q other than 1 and values out of range */
export function tablesPrice(phases: readonly Phase[], delta: number, relation: Relation): TablesPrice {
  const rho = releaseRho(phases, relation);
  const { upper, lower } = tablesEpsilon(phases, delta, relation);
  return { rho, zcdp: zcdpEpsilon(rho, delta), pld: upper, pld_lower: lower };
}

/**
 * The noise of so many equal tables that a budget asks for: by zCDP, under which they may be chosen as one goes, and by
 * the PLD of tables fixed beforehand.
 * @throws VeilganError CONFIG for values out of range, and where no noise suffices
 */
export function sigmaFor(tables: number, budget: TablesBudget): { readonly zcdp: number; readonly pld: number } {
  if (!Number.isInteger(tables) || tables < 1 || tables > 1e9) {
    throw new VeilganError('CONFIG', `tables is ${tables} and must be a whole number from 1 to 1e9`, {
      where: 'tables',
      fix: 'Give how many are measured',
    });
  }
  const zcdp = tableSigma(zcdpRho(budget.epsilon, budget.delta) / tables, budget.relation);
  return { zcdp, pld: tablesScale([{ tables, relative: 1 }], budget) };
}

/** What one table costs in zCDP. @throws VeilganError CONFIG for a sigma out of range */
export const tableRho = (sigma: number, relation: Relation): number =>
  releaseRho([{ q: 1, sigma, steps: 1 }], relation);

/**
 * The noise of tables that are fixed beforehand, of each weight, with which all of them fit the budget by the PLD.
 * @throws VeilganError CONFIG for values out of range, and where no noise suffices
 */
export const fixedSigmas = (weights: readonly TableWeight[], budget: TablesBudget): number[] =>
  tablesAt(weights, tablesScale(weights, budget)).map(({ sigma }) => sigma);

/** Half the noise, on the grid. */
export const halfSigma = (sigma: number): number => sigmaGrid(sigma / 2);

/** The least noise on the grid from `sigma` on of which a table and what goes with it are admitted. */
export function admitted(sigma: number, admits: (sigma: number) => boolean): number {
  let wider = sigma;
  while (!admits(wider)) wider = sigmaGrid(1.0001 * wider);
  return wider;
}
