import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CategoryColumn, Given, NumberColumn, Table } from '../../src/data/table.ts';
import { releasesOf } from '../../src/fit/columns.ts';
import { parseFit } from '../../src/fit/config.ts';
import { beginLedger } from '../../src/fit/ledger.ts';
import { Measurer, type TableWitness } from '../../src/fit/measurer.ts';
import { FitPlan } from '../../src/fit/plan.ts';
import type { Phase } from '../../src/privacy/accountant/phases.ts';
import { epsilonOf, upperBound } from '../../src/privacy/budget.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { type Ledger, readLedger } from '../../src/privacy/ledger/ledger.ts';
import { RELATION_NAMES } from '../../src/privacy/relation.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { failure } from '../support/failure.ts';
import { Values } from '../support/values.ts';

const category = (name: string, ...values: string[]): CategoryColumn => ({ name, kind: 'category', values });
const integer = (name: string): NumberColumn => ({ name, kind: 'integer', decimals: 0 });

const COLUMNS = [category('a', 'x', 'y', 'z'), integer('n'), category('c', 'no', 'yes'), integer('m')];
const GIVEN: Given = {
  columns: {
    a: { values: ['x', 'y', 'z'] },
    n: { low: 0, high: 40 },
    c: { values: ['no', 'yes'] },
    m: { low: 0, high: 9 },
  },
};

/** Rows whose columns depend on each other. */
function made(rows: number, seed = 3): Table {
  const { stream } = new Values(seed);
  const cells = Array.from({ length: rows }, () => {
    const a = stream.below(3);
    const n = 10 * a + stream.below(9);
    return [a, n, n > 14 ? 1 : 0, Math.floor(n / 5)];
  });
  return { columns: COLUMNS, train: Float64Array.from(cells.flat()), holdout: new Float64Array(), label: 'c' };
}

interface Made {
  readonly measurer: Measurer;
  readonly ledger: Ledger;
  readonly plan: FitPlan;
  readonly file: MemoryLedgerFile;
}

function begin(
  table: Table,
  fields: Record<string, unknown>,
  given: Given | undefined,
  seed = 1,
  witness?: TableWitness,
): Made {
  const rows = table.train.length / table.columns.length;
  const plan = new FitPlan(parseFit(fields), table, given, rows);
  const file = new MemoryLedgerFile('ledger');
  const ledger = beginLedger(file, plan.terms);
  const key = PrivacyKey.insecure(seed);
  const measurer = new Measurer({ plan, key, ledger, table, given, store: () => {}, witness });
  return { measurer, ledger, plan, file };
}

/** Independent columns, whatever was measured: the worst that a model can be. */
const flat = (measurer: Measurer) => (columns: readonly number[]) => {
  const size = columns.reduce((n, c) => n * measurer.measured.columns[c].counts.length, 1);
  return new Float32Array(size).fill(1 / size);
};

function finish({ measurer, plan }: Made): void {
  if (plan.selection === 'all') measurer.measureAll();
  for (let round = 0; !measurer.complete; round++) {
    assert.ok(round < 10_000, 'rounds come to an end');
    const table = measurer.measureNext(flat(measurer));
    const shares = flat(measurer)(table.columns);
    measurer.settle(table, shares, shares);
  }
}

test('whatever is measured, the ledger adds up to no more than epsilon, and is charged line by line', () => {
  for (const relation of ['auto', ...RELATION_NAMES]) {
    for (const selection of ['all', 'adaptive']) {
      for (const given of [GIVEN, undefined, { columns: { a: GIVEN.columns.a, n: GIVEN.columns.n } }]) {
        for (const epsilon of [1, 4]) {
          const population = relation === 'add-remove' ? 4000 : 0;
          const run = begin(made(4000), { epsilon, relation, selection, population, rounds: 6 }, given);
          finish(run);
          const { terms } = run.ledger;
          const spent = epsilonOf(run.ledger.totals(), 1e-5, terms);
          const what = `${relation}, ${selection}, epsilon ${epsilon}: ${upperBound(spent)}`;
          assert.ok(upperBound(spent) <= epsilon && upperBound(spent) > 0.98 * epsilon, what);
          // A schedule that depends on outputs has no privacy-loss distribution.
          assert.is(spent.pld === null, selection === 'adaptive', what);
          assert.is(terms.encoding_delta !== undefined, given !== GIVEN, what);
          const lines = run.ledger.lines();
          assert.is(lines.length, run.ledger.reach);
          const noises = run.measurer.measured.tables.map(({ sigma }) => sigma);
          const paid = lines.slice(run.plan.columns.length).filter((line) => line.what !== 'choice of a table');
          assert.equal(
            paid.map(({ sigma }) => sigma),
            noises,
            what,
          );
        }
      }
    }
  }
});

test('replacing a record costs two cells: sigma is larger by the root of two where nothing else changes', () => {
  const at = (relation: string) => begin(made(500), { epsilon: 1, relation, selection: 'all' }, GIVEN).plan.tableSigma;
  const ratio = at('replace-one') / at('zero-out');
  assert.ok(Math.abs(ratio - Math.SQRT2) < 0.02, `${ratio}`);
});

test('the tables of single columns are those that were announced, in their order', () => {
  for (const given of [undefined, GIVEN, { columns: { n: GIVEN.columns.n, c: GIVEN.columns.c } }]) {
    const seen: string[] = [];
    begin(made(3000), { epsilon: 5 }, given, 1, (noisy, what) => {
      seen.push(what);
      return noisy;
    });
    assert.equal(
      seen,
      releasesOf(COLUMNS, given).map(({ what }) => what),
    );
  }
  assert.equal(
    releasesOf(COLUMNS).map(({ what, names }) => [what, names]),
    [
      ['values of a', true],
      ...[
        ['range of n', false],
        ['n', false],
        ['values of c', true],
        ['range of m', false],
        ['m', false],
      ],
    ],
  );
});

test('a record more moves one cell of each table by one, a record exchanged two', () => {
  const table = made(600);
  const more = { ...table, train: Float64Array.from([...table.train, 2, 40, 1, 9]) };
  const other = { ...table, train: Float64Array.from([...table.train.subarray(0, -4), 2, 40, 1, 9]) };
  const tables = (of: Table) => {
    const seen: Float64Array[] = [];
    // The same noise for both, as the key is.
    const run = begin(of, { epsilon: 4, population: 600, selection: 'all' }, GIVEN, 9, (noisy) => {
      seen.push(noisy);
      return noisy;
    });
    finish(run);
    return seen;
  };
  const [before, added, replaced] = [table, more, other].map(tables);
  assert.is(before.length, 4 + 6);
  const changes = (a: Float64Array, b: Float64Array) => Array.from(a, (x, i) => b[i] - x).filter((x) => x !== 0);
  for (const [i, noisy] of before.entries()) {
    assert.equal(changes(noisy, added[i]), [1], `table ${i}`);
    const two = changes(noisy, replaced[i]).sort();
    assert.ok(two.length === 0 || (two.length === 2 && two[0] === -1 && two[1] === 1), `table ${i}: ${two}`);
  }
});

test('every release has noise of a stream of its own, of the deviation that was paid for', () => {
  // Nobody in the table: what comes out is noise.
  const empty = { ...made(1), train: new Float64Array() };
  const seen: [string, Float64Array][] = [];
  const run = begin(
    { ...empty },
    { epsilon: 1, population: 100, selection: 'all', columnShare: 0.5 },
    GIVEN,
    5,
    (noisy, what) => {
      seen.push([what, noisy]);
      return noisy;
    },
  );
  finish(run);
  const starts = seen.map(([, noisy]) => Array.from(noisy.subarray(0, 2)).join());
  assert.ok(new Set(starts).size > starts.length - 2, starts.join(' '));
  for (const [at, [what, noisy]] of seen.entries()) {
    const { sigma } = run.ledger.lines()[at];
    const rms = Math.sqrt(noisy.reduce((sum, x) => sum + x * x, 0) / noisy.length);
    const wide = 1 + 4 / Math.sqrt(2 * noisy.length);
    assert.ok(rms > sigma / wide / 2.5 && rms < sigma * wide, `${what}: ${rms} of ${sigma}`);
  }
});

test('columns are kept as they were released, and the number of rows only where it is public', () => {
  const seen: number[][] = [];
  const run = begin(made(900), { epsilon: 1, population: 800 }, GIVEN, 4, (noisy) => {
    seen.push(Array.from(noisy));
    return noisy.map((x) => x + 1);
  });
  assert.equal(
    run.measurer.measured.columns.map(({ noisy }) => Array.from(noisy)),
    seen.map((noisy) => noisy.map((x) => x + 1)),
  );
  assert.is(run.measurer.measured.rows, undefined);
  assert.ok(Math.abs(run.measurer.measured.total - 900) < 300);
  assert.is(begin(made(900), { epsilon: 1 }, GIVEN).measurer.measured.total, 900);
});

test('what cannot be paid for is not drawn', () => {
  const table = made(300);
  const plan = new FitPlan(parseFit({ epsilon: 1, selection: 'all' }), table, GIVEN, 300);
  const file = new MemoryLedgerFile('ledger');
  const ledger = beginLedger(file, plan.terms);
  let drawn = 0;
  const witness: TableWitness = (noisy) => {
    drawn++;
    return noisy;
  };
  const parts = { plan, key: PrivacyKey.insecure(1), ledger, table, given: GIVEN, store: () => {}, witness };
  const append = file.append.bind(file);
  file.append = () => {
    throw new Error('disk full');
  };
  assert.throws(() => new Measurer(parts), /disk full/);
  assert.is(drawn, 0);
  file.append = append;
  const again = begin(table, { epsilon: 1, selection: 'all' }, GIVEN, 1, witness);
  drawn = 0;
  again.file.append = () => {
    throw new Error('disk full');
  };
  assert.throws(() => again.measurer.measureAll(), /disk full/);
  assert.is(drawn, 0);
});

test('tables that were paid for and lost are not drawn again', () => {
  const run = begin(made(300), { epsilon: 1, selection: 'all' }, GIVEN);
  run.measurer.measureAll();
  run.measurer.measured.tables.length = 0;
  assert.is(failure(() => run.measurer.measureAll()).code, 'FILE');
});

test('an adaptive run that goes on stays within what it began with', () => {
  const table = made(2000);
  const run = begin(table, { epsilon: 1, selection: 'adaptive', rounds: 8 }, GIVEN);
  for (let i = 0; i < 3; i++) run.measurer.measureNext(flat(run.measurer));
  // A start that was lost has paid for a choice and a table of which nothing is left.
  const { reach } = run.ledger;
  run.ledger.append({ from: reach, to: reach + 1, q: 1, sigma: run.plan.tableSigma, what: 'lost' });
  const { plan, ledger } = run;
  const key = PrivacyKey.insecure(2);
  const measurer = new Measurer({ plan, key, ledger, table, given: GIVEN, store: () => {} }, run.measurer.measured);
  finish({ ...run, measurer });
  const spent = epsilonOf(readLedger(run.file).totals() as Phase[], 1e-5, ledger.terms);
  assert.ok(upperBound(spent) <= 1 && upperBound(spent) > 0.98, `${upperBound(spent)}`);
});

test('tables of the label have less noise, and those of three columns hold it', () => {
  const { plan } = begin(made(500), { epsilon: 2, selection: 'all', order: 3 }, GIVEN);
  plan.candidates.forEach((columns) => {
    if (columns.length === 3) assert.ok(columns.includes(2));
  });
  assert.is(plan.candidates.length, 6 + 3);
  const { label: _, ...nameless } = made(500);
  const without = new FitPlan(parseFit({ epsilon: 2, selection: 'all' }), nameless, GIVEN, 500);
  const named = begin(made(500), { epsilon: 2, selection: 'all' }, GIVEN).plan;
  const [a, b] = [named, without].map(({ sigmas }) => sigmas[1] / sigmas[0]);
  assert.ok(Math.abs(a / b - 0.5) < 0.01, `of a x c over a x n: ${a}, without a label ${b}`);
  assert.is(failure(() => new FitPlan(parseFit({ order: 3 }), nameless, GIVEN, 50)).where, 'order');
});

test('one column, and budgets that make no sense', () => {
  const one: Table = { columns: [COLUMNS[0]], train: Float64Array.of(0, 1, 2, 0), holdout: new Float64Array() };
  const run = begin(one, { epsilon: 1 }, { columns: { a: GIVEN.columns.a } });
  finish(run);
  assert.is(run.measurer.measured.tables.length, 0);
  assert.ok(run.measurer.complete);
  for (const fields of [
    { epsilon: 0 },
    { epsilon: -1 },
    { relation: 'add-remove' },
    { selection: 'some' },
    { partitions: 2 },
  ]) {
    assert.is(failure(() => parseFit(fields)).code, 'CONFIG', JSON.stringify(fields));
  }
});

test.run();
