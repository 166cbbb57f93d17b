/** A fit as it is planned: what will be measured, with how much noise, and its ledger; by configuration and public facts alone. */
import { VeilganError } from '../base/errors.ts';
import type { Column, Given, Table } from '../data/table.ts';
import { relationOf } from '../gan/private/config.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import type { TablesBudget } from '../privacy/accountant/releases.ts';
import { FIXED, MEASURED } from '../privacy/budget.ts';
import { choiceEpsilon } from '../privacy/choice.ts';
import type { ZcdpFilter } from '../privacy/filter.ts';
import type { LedgerTerms } from '../privacy/ledger/ledger.ts';
import { fixedSigmas, releaseBudget, tableSigma } from '../privacy/measure-budget.ts';
import { DRAWS } from '../privacy/mechanism.ts';
import type { Relation } from '../privacy/relation.ts';
import { type Release, releasesOf } from './columns.ts';
import type { FitConfig } from './config.ts';
import { defaultsFor } from './defaults.ts';

/** Of delta, what the values of categories are named by (stability thresholds). */
const NAMING = 0.1;
/** Of a round, what choosing the next table takes. */
const CHOICE = 0.1;
/** Noise of a table with the label, over that of others. */
const LABEL = 0.5;
/** Rounds that an adaptive budget is planned for: for each column (AIM), and at most, as each needs steps of the fit. */
const [ROUNDS, MOST_ROUNDS] = [16, 120];

export class FitPlan {
  readonly config: FitConfig;
  readonly relation: Relation;
  /** rows, where their number is public */
  readonly rows: number | undefined;
  readonly selection: 'all' | 'adaptive';
  /** columns that are measured together in a table, in `all`; or that may be */
  readonly candidates: readonly (readonly number[])[];
  /** tables of single columns, in the order in which they are paid for */
  readonly columns: readonly Release[];
  /** most places of a column in tables of several */
  readonly places: number;
  /** of the fit, after the last table */
  readonly steps: number;
  /** what the values of one column of categories may be named by */
  readonly naming: number;
  readonly columnSigma: number;
  /** of the first table of several columns; adaptive ones may lower it */
  readonly tableSigma: number;
  /** in `all`: of each candidate. Tables with the label have less: what a model is to predict is asked for by name */
  readonly sigmas: readonly number[];
  /** epsilon of the first choice of a table; adaptive only */
  readonly choice: number;
  /** adaptive: tables that the first noise is planned for; fewer where noise is lowered on the way */
  readonly rounds: number;

  /**
   * @param table its columns; no cell is looked at
   * @param rows that are trained on
   * @throws VeilganError CONFIG where the budget does not pay for any table
   */
  constructor(
    config: FitConfig,
    { columns, label }: Pick<Table, 'columns' | 'label'>,
    given: Given | undefined,
    rows: number,
  ) {
    this.config = config;
    this.relation = relationOf(config);
    this.rows = config.population ? undefined : rows;
    this.columns = releasesOf(columns, given);
    const size = config.population || rows;
    const { epsilon, delta } = config;
    const named = this.columns.filter(({ names }) => names).length;
    // Replacing a record may take a value away and bring another.
    const sides = this.relation === 'replace-one' ? 2 : 1;
    this.naming = named > 0 ? (NAMING * delta) / (sides * named) : 0;
    this.candidates = candidatesOf(
      columns.map(({ name }) => name),
      label,
      config.order,
    );
    const usual = defaultsFor({ epsilon, rows: size, pairs: this.candidates.length });
    this.selection = config.selection === 'auto' ? usual.selection : config.selection;
    this.places = config.places || usual.places;
    this.steps = config.steps || usual.steps;
    const { relation } = this;
    const ones = this.columns.length;
    const many = this.candidates.length;
    const share = many > 0 ? config.columnShare : 1;
    if (this.selection === 'all' || many === 0) {
      this.selection = 'all';
      // Of rho, tables of single columns take their share, those of several theirs by their weights.
      const relatives = this.candidates.map((candidate) => this.#relative(candidate, columns, { label, given }));
      const rest = relatives.reduce((sum, relative) => sum + relative ** -2, 0);
      const single = many > 0 ? Math.sqrt((ones * (1 - share)) / (share * rest)) : 1;
      const sizes = [...new Set(relatives)];
      const weights = [
        { tables: ones, relative: single },
        ...sizes.map((relative) => ({ relative, tables: relatives.filter((r) => r === relative).length })),
      ];
      const [columnSigma, ...sigmas] = fixedSigmas(weights, this.#budget);
      this.columnSigma = columnSigma;
      this.sigmas = relatives.map((relative) => sigmas[sizes.indexOf(relative)]);
      this.tableSigma = this.sigmas.length > 0 ? median(this.sigmas) : columnSigma;
      [this.choice, this.rounds] = [0, 0];
      return;
    }
    this.sigmas = [];
    const { rho } = releaseBudget(this.#budget);
    this.rounds = config.rounds || Math.min(MOST_ROUNDS, ROUNDS * columns.length);
    const round = ((1 - share) * rho) / this.rounds;
    this.columnSigma = tableSigma((share * rho) / ones, relation);
    this.tableSigma = tableSigma((1 - CHOICE) * round, relation);
    this.choice = choiceEpsilon(CHOICE * round);
  }

  /**
   * Noise of a table of several columns over that of others, by what is public of its size: the sum of all errors is least
   * where noise goes with the cube root of 1 / cells. In steps of a tenth, so that tables of like size are alike.
   */
  #relative(
    candidate: readonly number[],
    columns: readonly Column[],
    { label, given }: { readonly label?: string; readonly given?: Given },
  ): number {
    const cells = candidate.reduce((n, at) => n * Math.min(this.places, mostValues(columns[at], given)), 1);
    const size = 1.1 ** Math.round(Math.log(cells ** (-1 / 3)) / Math.log(1.1));
    return candidate.some((at) => columns[at].name === label) ? LABEL * size : size;
  }

  /** Of delta, what is left for noise. */
  get left(): number {
    const named = this.naming > 0 ? NAMING : 0;
    return (1 - named) * this.config.delta;
  }

  get #budget(): TablesBudget {
    return { epsilon: this.config.epsilon, delta: this.left, relation: this.relation };
  }

  /** Keeps an adaptive run within its budget. @param spent as a ledger's totals have it */
  filter(spent: readonly Phase[]): ZcdpFilter {
    return releaseBudget(this.#budget, { spent }).filter;
  }

  /** Of what is left of rho in the last round: noise and choice. @param rho what is left */
  lastRound(rho: number): { sigma: number; choice: number } {
    return { sigma: tableSigma((1 - CHOICE) * rho, this.relation), choice: choiceEpsilon(CHOICE * rho) };
  }

  /** The first line of the ledger. */
  get terms(): LedgerTerms {
    const { config, relation, selection, rows } = this;
    const naming = config.delta - this.left;
    return {
      ...{ mechanism: MEASURED, sampler: 'full', relation, bound: 1, divisor: 1, partitions: 1 },
      ...{ schedule: selection === 'all' ? FIXED : 'adaptive', draws: DRAWS },
      ...(rows === undefined ? { population: config.population } : {}),
      ...(naming > 0 ? { encoding_epsilon: 0, encoding_delta: naming } : {}),
    };
  }
}

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Values that a column is known to have at most; Infinity where nothing is given. */
function mostValues({ name }: Column, given?: Given): number {
  const { values, low, high } = given?.columns[name] ?? {};
  if (values) return values.length;
  return typeof low === 'number' && typeof high === 'number' ? high - low + 1 : Number.POSITIVE_INFINITY;
}

/** Pairs of columns; of order 3 the label with every pair of others too. @throws VeilganError CONFIG without a label then */
function candidatesOf(names: readonly string[], label: string | undefined, order: number): number[][] {
  const pairs = names.flatMap((_, i) => names.slice(i + 1).map((_, j) => [i, i + 1 + j]));
  if (order < 3) return pairs;
  const at = names.indexOf(label ?? '');
  if (at < 0) {
    throw new VeilganError(
      'CONFIG',
      'tables of three columns are those of the label with two others, and none is named',
      {
        where: 'order',
        fix: 'Import the table again with a label, or leave `order` away',
      },
    );
  }
  const triples = pairs.filter((pair) => !pair.includes(at)).map((pair) => [...pair, at].sort((a, b) => a - b));
  return [...pairs, ...triples];
}
