/**
 * Measured tables as dp-marginals releases them: a canary's cell in each of them, with the noise that the ledger says; and
 * what one record moves, exactly. The production path itself measures: the plan, its ledger, the measurer.
 */
import type { Check } from '../../attack/audit/family.ts';
import { epsilonOfMu, medianErrors, muLower, stepP } from '../../attack/audit/step-law.ts';
import { chiSquare } from '../../base/maths/chi-square.ts';
import { PhiloxStream } from '../../base/philox.ts';
import type { CategoryColumn, Given, Table } from '../../data/table.ts';
import { parseFit } from '../../fit/config.ts';
import { beginLedger } from '../../fit/ledger.ts';
import { Measurer } from '../../fit/measurer.ts';
import { FitPlan } from '../../fit/plan.ts';
import { secretOf } from '../../gan/private/run.ts';
import { epsilonOf, upperBound } from '../../privacy/budget.ts';
import type { Ledger } from '../../privacy/ledger/ledger.ts';
import { MemoryLedgerFile } from '../memory-run.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';

/** Values of the columns; the last one is the canary's alone. */
const COLUMNS: CategoryColumn[] = [5, 4, 3, 3].map((n, i) => ({
  name: 'abcd'[i],
  kind: 'category',
  values: Array.from({ length: n }, (_, value) => `${value}`),
}));
const GIVEN: Given = {
  columns: Object.fromEntries(COLUMNS.map(({ name, values }) => [name, { values }])),
};
/** Records besides the canary, and measurements that are guessed about. */
const ROWS = 200;
const TRIALS = { whole: 2000, quick: 500 } as const;
/** Of the budget that is audited where none is configured. */
const EPSILON = 4;

/** Records that have every value but the canary's. */
function recordsOf(seed: number): number[] {
  const random = new PhiloxStream(seed, 'audit/tables');
  return Array.from({ length: ROWS * COLUMNS.length }, (_, i) =>
    random.below(COLUMNS[i % COLUMNS.length].values.length - 1),
  );
}

interface Released {
  /** noisy counts of each table, and the noise that the ledger charges for it */
  readonly tables: readonly { readonly noisy: Float64Array; readonly sigma: number }[];
  readonly ledger: Ledger;
}

/** The plan of all releases: it looks at no cell. */
const planFor = ({ epsilon, delta }: Budget): FitPlan =>
  new FitPlan(parseFit({ epsilon, delta, selection: 'all', population: ROWS }), { columns: COLUMNS }, GIVEN, ROWS);

/** One release through the production path. @param noise what part of the noise there is: for audits of audits */
function release(
  cells: readonly number[],
  plan: FitPlan,
  { key, exact, noise = 1 }: { key: number | undefined; exact?: Released; noise?: number },
): Released {
  const table: Table = { columns: COLUMNS, train: Float64Array.from(cells), holdout: new Float64Array() };
  const ledger = beginLedger(new MemoryLedgerFile('audit'), plan.terms);
  const secret = secretOf(key);
  const seen: Float64Array[] = [];
  const witness = (noisy: Float64Array) => {
    const known = exact?.tables[seen.length].noisy;
    seen.push(known && noise !== 1 ? noisy.map((x, i) => known[i] + noise * (x - known[i])) : noisy);
    return noisy;
  };
  const measurer = new Measurer({ plan, key: secret, ledger, table, given: GIVEN, store: () => {}, witness });
  secret.wipe();
  measurer.measureAll();
  measurer.wipe();
  const lines = ledger.lines();
  ledger.close();
  return { tables: seen.map((noisy, i) => ({ noisy, sigma: lines[i].sigma })), ledger };
}

interface Budget {
  readonly epsilon: number;
  readonly delta: number;
}

/** Exact counts in the places of noisy ones, counted apart from the measurer. */
function exactOf(cells: readonly number[], { candidates }: FitPlan, like: Released): Released {
  const width = COLUMNS.length;
  const sizes = COLUMNS.map(({ values }) => values.length);
  const lists = [...COLUMNS.map((_, i) => [i]), ...candidates];
  const tables = lists.map((columns, t) => {
    const counts = new Float64Array(columns.reduce((n, c) => n * sizes[c], 1));
    for (let at = 0; at < cells.length; at += width) {
      counts[columns.reduce((place, c) => place * sizes[c] + cells[at + c], 0)]++;
    }
    return { noisy: counts, sigma: like.tables[t].sigma };
  });
  return { ...like, tables };
}

export interface TablesAudit extends Budget {
  readonly seed: number;
  readonly insecureSeed?: number;
  readonly trials: number;
  readonly confidence: number;
  /** for audits of audits: what part of the noise there is */
  readonly noise?: number;
  readonly onProgress?: (share: number) => void;
}

/** @throws VeilganError CONFIG for a budget that pays for nothing */
export function auditTables({
  epsilon,
  delta,
  seed,
  insecureSeed,
  trials,
  confidence,
  noise,
  onProgress = () => {},
}: TablesAudit): PartResult {
  const others = recordsOf(seed);
  const canary = COLUMNS.map(({ values }) => values.length - 1);
  const plan = planFor({ epsilon, delta });
  const secret = (trial: number) => (insecureSeed === undefined ? undefined : insecureSeed + trial);
  const [without, within] = [others, [...others, ...canary]].map((cells) => release(cells, plan, { key: seed }));
  // The same noise in both, so that what differs is the record's.
  let most = 0;
  let wrongCells = 0;
  without.tables.forEach(({ noisy }, t) => {
    const moved = within.tables[t].noisy.map((x, i) => Math.abs(x - noisy[i]));
    most = Math.max(most, ...moved);
    if (moved.reduce((sum, x) => sum + x, 0) !== 1) wrongCells++;
  });
  const exact = exactOf(others, plan, without);
  const spent = upperBound(epsilonOf(within.ledger.totals(), delta, within.ledger.terms));
  const mu = Math.sqrt(exact.tables.reduce((sum, { sigma }) => sum + 1 / sigma ** 2, 0));
  let wrong = 0;
  let [squares, count] = [0, 0];
  for (let trial = 0; trial < trials; trial++) {
    if (trial % 50 === 0) onProgress(trial / trials);
    const there = trial % 2 === 1;
    const cells = there ? [...others, ...canary] : others;
    const truth = there ? exactOf(cells, plan, without) : exact;
    const { tables } = release(cells, plan, { key: secret(trial), exact: truth, noise });
    let score = 0;
    tables.forEach(({ noisy, sigma }, t) => {
      const last = noisy.length - 1;
      score += (noisy[last] - exact.tables[t].noisy[last] - 0.5) / sigma ** 2;
      for (let i = 0; i < noisy.length; i++) squares += ((noisy[i] - truth.tables[t].noisy[i]) / sigma) ** 2;
      count += noisy.length;
    });
    if (score > 0 !== there) wrong++;
  }
  const counts = { guesses: trials, wrong };
  const composed = { q: 1, steps: 1, delta };
  const lower = epsilonOfMu(muLower(counts, confidence), composed);
  const ideal = { guesses: trials, wrong: medianErrors(trials, 1 / mu) };
  const ceiling = epsilonOfMu(muLower(ideal, confidence), composed);
  const ratio = squares / count;
  const checks: Check[] = [
    {
      name: 'one record moves one cell of each table by one',
      p: most === 1 && wrongCells === 0 ? 1 : 0,
      found: `${most} at most`,
    },
    { name: 'the ledger keeps within epsilon', p: spent <= epsilon ? 1 : 0, found: spent.toFixed(4) },
    {
      name: 'a canary is told no better than its noise allows',
      p: stepP(counts, 1 / mu),
      found: `${wrong} of ${trials} guesses wrong`,
    },
    {
      name: 'the noise of tables is as wide as charged',
      p: chiSquare(count, squares).below,
      found: `${ratio.toFixed(4)} of its variance`,
    },
  ];
  return {
    found: `one record moves ${most} in ${without.tables.length} tables; noise has ${ratio.toFixed(3)} of the variance that is charged; epsilon at least ${lower.toFixed(2)} of ${epsilon} claimed`,
    ceiling: `an ideal attacker would show ${ceiling.toFixed(2)}`,
    checks,
    epsilon: { lower, ceiling, claimed: epsilon },
    document: { tables: without.tables.length, trials, wrong, moved: most, variance_ratio: ratio, mu },
  };
}

export const tables: Part = {
  name: 'tables',
  title: 'what measured tables give away',
  measured: true,
  proves:
    'Releases the tables of a small made set many times, half of them with a record that is alone in its cells, and guesses which by all of its cells together. It proves that a record moves each table by one count, and the noise to be what the ledger charges; nothing of the fit, which sees the tables only.',
  run: async (_gpu, { config, seed, insecureSeed, quick, confidence, onProgress }: AuditSetting) =>
    auditTables({
      ...{ epsilon: config.epsilon || EPSILON, delta: config.delta, seed, insecureSeed, confidence, onProgress },
      trials: TRIALS[quick ? 'quick' : 'whole'],
    }),
};
