/** Who looks at the rows: exact counts of them, released with noise, each paid for before it is drawn. */
import { VeilganError } from '../base/errors.ts';
import type { Encoding, Table } from '../data/table.ts';
import { ChaChaStream } from '../privacy/chacha.ts';
import { CHOICE, choiceSigma, chooseTable } from '../privacy/choice.ts';
import { noisyTable } from '../privacy/counts.ts';
import type { ZcdpFilter } from '../privacy/filter.ts';
import type { PrivacyKey } from '../privacy/key.ts';
import type { Ledger } from '../privacy/ledger/ledger.ts';
import { admitted, halfSigma, tableRho } from '../privacy/measure-budget.ts';
import { lookAtColumns } from './columns.ts';
import { Measured } from './measured.ts';
import { assign, pairCounts, placesOf, tripleCounts } from './places.ts';
import type { FitPlan } from './plan.ts';
import type { NoisyTable } from './targets.ts';

/** For audits and tests: is told each noisy table, in order, and gives what takes its place. */
export type TableWitness = (noisy: Float64Array, what: string) => Float64Array;

export interface MeasurerParts {
  readonly plan: FitPlan;
  /** the secret of this start; its maker wipes it, after which a measurer keeps keys of its own */
  readonly key: PrivacyKey;
  readonly ledger: Ledger;
  /** the training rows are its cells */
  readonly table: Pick<Table, 'columns' | 'train' | 'label'>;
  readonly given: unknown;
  /** keeps what was measured; called after each release */
  readonly store: (measured: Measured) => void;
  readonly witness?: TableWitness;
}

export class Measurer {
  readonly measured: Measured;
  readonly encoding: Encoding | undefined;
  readonly #parts: MeasurerParts;
  readonly #keys: { table: Uint32Array; choice: Uint32Array };
  readonly #places: readonly Uint16Array[];
  readonly #filter: ZcdpFilter | undefined;
  /** adaptive: what each candidate has in common with all of them */
  readonly #weights: readonly number[] = [];

  /**
   * A new run looks at its columns first; one that goes on has looked.
   * @param before what was measured so far
   * @throws VeilganError CONFIG where a column has nothing that is frequent enough to be named
   */
  constructor(parts: MeasurerParts, before?: Measured) {
    const { plan, key, ledger, table, given, store } = parts;
    this.#parts = parts;
    this.#keys = { table: key.derive('measure'), choice: key.derive('choice') };
    const { columnSigma, tableSigma, naming, places: most, rows } = plan;
    if (before) {
      this.measured = before;
    } else {
      this.#pay(plan.columns.map(({ what }) => ({ sigma: columnSigma, what })));
      let release = 0;
      const noisy = (counts: ArrayLike<number>) =>
        this.#noisy(counts, columnSigma, plan.columns[release].what, release++);
      const { encoding, looks } = lookAtColumns(table, { given, noisy, sigma: columnSigma, naming });
      this.encoding = encoding;
      this.measured = new Measured(
        looks.map((look) => placesOf(look, { most, sigma: tableSigma })),
        rows,
      );
      store(this.measured);
    }
    if (plan.selection === 'adaptive') {
      // Whatever the ledger says was paid, the columns too, and what an earlier start paid and lost.
      this.#filter = plan.filter(ledger.totals());
      const { candidates } = plan;
      this.#weights = candidates.map((a) =>
        candidates.reduce((sum, b) => sum + a.filter((column) => b.includes(column)).length, 0),
      );
      this.measured.round ??= { sigma: tableSigma, choice: plan.choice, last: false };
    }
    this.#places = assign(table.train, table.columns, this.measured.columns);
  }

  get adaptive(): boolean {
    return this.#filter !== undefined;
  }

  /** Whether everything that was planned is measured. */
  get complete(): boolean {
    const { plan } = this.#parts;
    if (plan.selection === 'all') return this.measured.tables.length >= plan.candidates.length;
    return this.measured.round?.done === true;
  }

  /** All tables in one release. @throws VeilganError FILE where the ledger cannot be written; nothing is measured then */
  measureAll(): void {
    const { plan, ledger, store } = this.#parts;
    const from = ledger.reach;
    // A start that paid and was lost before it kept its tables has nothing left: noise is not drawn twice for one price.
    if (from > plan.columns.length) {
      throw new VeilganError('FILE', 'the tables of this run were paid for, and lost before they were kept', {
        where: 'ledger.jsonl',
        fix: 'Start another run; what this one spent remains spent',
      });
    }
    this.#pay(plan.candidates.map((columns, i) => ({ sigma: plan.sigmas[i], what: this.#named(columns) })));
    plan.candidates.forEach((columns, i) => {
      this.#add(columns, plan.sigmas[i], from + i);
    });
    store(this.measured);
  }

  /**
   * One round of adaptive measuring: the table that the model has most wrong, chosen with noise, and measured. The filter
   * refuses what the budget does not carry; the last round takes all that is left.
   * @param model the model's shares of the cells of a table
   */
  measureNext(model: (columns: readonly number[]) => Float32Array): NoisyTable {
    const { plan, ledger, store } = this.#parts;
    const filter = this.#filter;
    const { round } = this.measured;
    if (!filter || !round || round.done) {
      throw new VeilganError('USAGE', 'everything that was planned is measured', { where: 'measureNext' });
    }
    const { relation } = plan;
    const price = (sigma: number, choice: number) =>
      tableRho(sigma, relation) + tableRho(choiceSigma(choice, relation), relation);
    if (filter.left < 2 * price(round.sigma, round.choice)) {
      Object.assign(round, plan.lastRound(filter.left), { last: true });
      // Rounding up to a grid must not be what exceeds the budget.
      round.sigma = admitted(round.sigma, (wider) => filter.admits(price(wider, round.choice)));
    }
    const { sigma, choice } = round;
    filter.take(price(sigma, choice));
    const from = ledger.reach;
    this.#pay([{ sigma: choiceSigma(choice, relation), what: CHOICE }]);
    const columns = plan.candidates[this.#choose(model, sigma, choice, from)];
    this.#pay([{ sigma, what: this.#named(columns) }]);
    const table = this.#add(columns, sigma, from + 1);
    if (round.last) round.done = true;
    store(this.measured);
    return table;
  }

  /**
   * After the fit to a new table: where that moved the model by less than the noise of a table, less noise is asked for.
   * @param before the model's shares before the fit @param after those of now
   */
  settle({ sigma }: NoisyTable, before: Float32Array, after: Float32Array): void {
    const { round, total } = this.measured;
    if (!round || round.done) return;
    const distance = after.reduce((sum, share, i) => sum + total * Math.abs(share - before[i]), 0);
    if (distance > Math.sqrt(2 / Math.PI) * sigma * after.length) return;
    round.sigma = halfSigma(round.sigma);
    round.choice *= 2;
  }

  /** AIM's scores: how far the model is from a table beyond what its noise would hide, weighted by what it has in common with the others. */
  #choose(model: (columns: readonly number[]) => Float32Array, sigma: number, choice: number, release: number): number {
    const { plan } = this.#parts;
    const { total, columns } = this.measured;
    const weights = this.#weights;
    const scores = plan.candidates.map((of, i) => {
      const counts = this.#count(of);
      const expected = model(of);
      // Whole numbers, so that one record changes a score by its weight exactly, and by no rounding more.
      let distance = 0;
      for (let k = 0; k < counts.length; k++) distance += Math.abs(counts[k] - Math.round(total * expected[k]));
      const cells = of.reduce((n, column) => n * columns[column].counts.length, 1);
      return weights[i] * (distance - Math.ceil(Math.sqrt(2 / Math.PI) * sigma * cells));
    });
    const words = new ChaChaStream(this.#keys.choice, [release, 0, 0]);
    const sensitivity = Math.max(...weights) * (plan.relation === 'replace-one' ? 2 : 1);
    const chosen = chooseTable(words, scores, choice, sensitivity);
    words.wipe();
    return chosen;
  }

  /** Exact counts of places. */
  #count(columns: readonly number[]): Float64Array {
    const [x, y, z] = columns.map((column) => this.#places[column]);
    const [wx, wy, wz] = columns.map((column) => this.measured.columns[column].counts.length);
    return z ? tripleCounts([x, y, z], [wx, wy, wz]) : pairCounts(x, wx, y, wy);
  }

  #add(columns: readonly number[], sigma: number, release: number): NoisyTable {
    const table = { columns, sigma, counts: this.#noisy(this.#count(columns), sigma, this.#named(columns), release) };
    this.measured.tables.push(table);
    return table;
  }

  /** Counts with noise of a stream of their own. */
  #noisy(counts: ArrayLike<number>, sigma: number, what: string, release: number): Float64Array {
    const words = new ChaChaStream(this.#keys.table, [release, 0, 0]);
    const noisy = noisyTable(words, counts, sigma);
    words.wipe();
    return this.#parts.witness?.(noisy, what) ?? noisy;
  }

  #named(columns: readonly number[]): string {
    return columns.map((column) => this.measured.columns[column].name).join(' x ');
  }

  /** Writes what is about to be released. When it returns, it would survive a power cut. */
  #pay(releases: readonly { sigma: number; what: string }[]): void {
    const { ledger } = this.#parts;
    const from = ledger.reach;
    ledger.append(
      ...releases.map(({ sigma, what }, i) => ({
        from: from + i,
        to: from + i + 1,
        q: 1,
        sigma,
        what: what.slice(0, 200),
      })),
    );
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#keys.table.fill(0);
    this.#keys.choice.fill(0);
  }
}
