/** What a private run promises, in words and in numbers that can be checked. */
import type { Encoding } from '../../data/table.ts';
import { BY_PLACE } from '../../gan/private/plan.ts';
import type { Guarantee } from '../../gan/private/run.ts';
import type { Phase } from '../../privacy/accountant/phases.ts';
import { epsilonOf, FIXED, isExhausted, MEASURED, type Spent, upperBound } from '../../privacy/budget.ts';
import type { LedgerTerms, Spend } from '../../privacy/ledger/ledger.ts';
import { tableRho } from '../../privacy/measure-budget.ts';
import { type Relation, relationRow } from '../../privacy/relation.ts';
import { type Claim, type Spending, spending } from '../../run/spend.ts';
import { type Block, section, table } from '../html.ts';
import { formatNumber } from '../numbers.ts';

/** What a private run has spent, and by which rules. */
export interface PrivacyFacts extends Spending {
  /** what epsilon would be if the noise were secret, or no draw went by place, of a run whose noise or draws are not so */
  readonly would?: Spent;
  readonly phases: readonly Phase[];
  /** what was paid for by name */
  readonly lines: readonly Spend[];
  readonly terms: LedgerTerms;
  /** epsilon that the run was to stop before; 0: none */
  readonly budget: number;
  /** whether one more update would exceed the budget */
  readonly exhausted: boolean;
  /** whether the number of records counts as public, so that a report may tell it */
  readonly rowsPublic: boolean;
}

/** The facts of an opened run, from its ledger: what was paid for, which a crash may have made more than was done. */
export function privacyFacts(guarantee: Guarantee): PrivacyFacts {
  const { ledger, config } = guarantee;
  const spent = spending(guarantee);
  const phases = ledger.totals();
  const { terms } = ledger;
  return {
    ...spent,
    ...(!spent.epsilon && !spent.claim ? { would: epsilonOf(phases, config.delta, terms) } : {}),
    phases,
    lines: ledger.lines(),
    terms,
    budget: config.epsilon,
    exhausted: isExhausted(phases, { ...config, accountant: config.accountant ?? 'pld' }, terms),
    rowsPublic: !config.population,
  };
}

/** Why a run without epsilon promises nothing: in a word, as a title, and in a sentence. */
export function broken({ insecure, drew_by_place }: PrivacyFacts): { short: string; title: string; why: string } {
  if (drew_by_place) {
    const why = `The ledger counts epsilon, but ${BY_PLACE}. Nothing more should be released of it: train anew.`;
    return { short: 'draws by place', title: 'draws by place', why };
  }
  if (insecure) {
    const why =
      'Epsilon carries no guarantee here: with insecureSeed noise and samples follow from a seed, so anybody who has it can take the noise away. Numbers of epsilon below are what the same settings would promise with secret noise. For tests only.';
    return { short: 'insecureSeed', title: 'an insecure seed', why };
  }
  const why =
    'DPGAN as published (bound: weights) clips weights, which does not bound the gradient of a record, so no epsilon follows. For comparison with the paper only.';
  return { short: 'bound: weights', title: 'weights are clipped, not gradients', why };
}

/** Share of right answers of the best guesser between two equally likely cases (Kairouz, Oh and Viswanath 2015). */
export const bestGuess = (epsilon: number, delta: number): number =>
  Math.min(1, (1 + delta * Math.exp(-epsilon)) / (1 + Math.exp(-epsilon)));

/** Delta as people write it: 1e-5. */
export const plainDelta = (delta: number): string =>
  delta < 1e-3 ? Number(delta.toPrecision(6)).toExponential() : String(delta);

const four = (x: number | null): string => x?.toFixed(4) ?? '-';

/** Epsilon as a line: the certified upper bound, at which delta. */
export const epsilonLine = (spent: Spent, delta: number): string =>
  `epsilon ${four(upperBound(spent))} at delta ${plainDelta(delta)}`;

/** What (epsilon, delta) means for one record, in sentences; rounded so that the words promise no more. */
export function meaning(spent: Spent, delta: number, relation: Relation): string[] {
  const epsilon = upperBound(spent);
  const factor = Math.exp(epsilon);
  const times = factor < 1000 ? (Math.ceil(factor * 100) / 100).toFixed(2) : formatNumber(factor, 3);
  const guess = bestGuess(epsilon, delta);
  const { cases } = relationRow(relation);
  const right =
    guess > 0.999 ? 'practically every case' : `at most ${(Math.ceil(1000 * guess) / 10).toFixed(1)} % of cases`;
  return [
    `Take any one record, and two cases: ${cases}. Whatever anybody may conclude from what is released is at most ${times} times (e to the power of epsilon) as likely in the one case as in the other, apart from a probability of at most delta = ${plainDelta(delta)}. In this sense nobody who sees it can become more than ${times} times surer (in odds) of which case it is.`,
    `Who must guess which of the two it is, both being equally likely beforehand, and who knows every other record, is right in ${right}; without the release in 50 %.`,
  ];
}

/** A row of the table; undefined where a run has none such. */
type Entry = readonly [name: string, text: string] | undefined;

/** Rows on epsilon: what is promised, or what stands in its place. */
function epsilonRows(facts: PrivacyFacts): Entry[] {
  const { epsilon, would, claim, delta, budget, exhausted, drew_by_place: byPlace } = facts;
  if (claim) return claimRows(claim);
  const { pld, pld_lower, rdp } = (epsilon ?? would) as Spent;
  const accounted = epsilon ? '' : byPlace ? ', had no draw gone by place' : ', were the noise secret';
  const exact = pld !== null;
  const left = exhausted ? 'spent: one more update would exceed it' : 'not spent';
  return [
    exact
      ? [`epsilon by PLD${accounted}`, `${four(pld)} (certified upper bound; the lower one is ${four(pld_lower)})`]
      : undefined,
    [
      `epsilon by ${facts.tables ? 'zCDP' : 'RDP'}${accounted}`,
      `${four(rdp)} (upper bound${exact ? ', coarser' : ''})`,
    ],
    ['delta', plainDelta(delta)],
    ['budget', budget ? `epsilon ${formatNumber(budget)}, ${left}` : 'none was set'],
  ];
}

function claimRows({ paper_epsilon, paper_epsilon_ln, label, at_least: least }: Claim): Entry[] {
  const [log10, ln] = [paper_epsilon, paper_epsilon_ln].map((x) => (x === null ? 'infinite' : formatNumber(x)));
  const atLeast = (x: number) => (x < 100 ? (Math.floor(100 * x) / 100).toFixed(2) : formatNumber(Math.floor(x)));
  return [
    ['epsilon', 'none: gradients are not bounded'],
    ['epsilon of the paper', `${log10}; with the natural logarithm ${ln}. ${label}`],
    ['were its bound true', `epsilon would be ${least === null ? 'infinite' : `at least ${atLeast(least)}`}`],
  ];
}

const COLUMNS = 'encoding of the columns';
const DRAWN = 'dropout, mixing points, samples';

/** The mechanism of updates, or of measured tables. */
function mechanismRows(facts: PrivacyFacts): Entry[] {
  const { terms, phases, noisy_updates, lines } = facts;
  const { mechanism, sampler, bound, divisor, clipping } = terms;
  const list = (of: (phase: Phase) => number) =>
    [...new Set(phases.map(of))].map((x) => formatNumber(x)).join(', then ');
  if (mechanism === MEASURED) {
    const fixed = terms.schedule === FIXED;
    return [
      [
        'mechanism',
        'tables of counts of one, two or three columns, each with discrete Gaussian noise, exact in integers; the generator is fitted to them, which costs nothing',
      ],
      [
        'schedule',
        fixed
          ? 'all tables and their noise were fixed before the first'
          : 'each table was chosen by what the generator had most wrong, by the exponential mechanism; a zCDP filter keeps the sum within the budget',
      ],
      ['releases paid for', `${formatNumber(noisy_updates)}: ${pricesOf(lines, facts.relation)}`],
    ];
  }
  // Integers have no rounding that noise would have to cover.
  const scaled =
    clipping === 'none' || mechanism !== 'gaussian'
      ? ''
      : ', with noise for that norm and for what rounding may add to it';
  const noise = mechanism === 'gaussian' ? 'Gaussian noise' : `${mechanism} Gaussian noise, exact in integers,`;
  const clipped = clipping === 'none' ? 'not clipped' : `each clipped to norm ${bound} (${clipping})`;
  return [
    [
      'mechanism',
      `${noise} on sums of what single records give (gradients, or features), ${clipped}${scaled}, divided by the constant ${divisor}`,
    ],
    terms.draws === undefined ? undefined : [DRAWN, 'under the tag of each record, wherever it stands in its batch'],
    ['sampler', SAMPLERS[sampler] ?? sampler],
    ['sampling rate', list(({ q }) => q) || '-'],
    ['noise multiplier', list(({ sigma }) => sigma) || '-'],
    ['noisy updates paid for', formatNumber(noisy_updates)],
  ];
}

/** Releases that are told one by one. */
const TOLD = 60;

/** What each release cost: its noise, and its part of the whole in zCDP. */
function pricesOf(lines: readonly Spend[], relation: Relation): string {
  const rho = ({ sigma }: Spend) => tableRho(sigma, relation);
  const whole = lines.reduce((sum, line) => sum + rho(line), 0);
  const told = lines
    .slice(0, TOLD)
    .map((line) => `${line.what} (sigma ${formatNumber(line.sigma, 3)}, ${((100 * rho(line)) / whole).toFixed(1)} %)`);
  const more = lines.length > TOLD ? `; and ${formatNumber(lines.length - TOLD)} more, in ledger.jsonl` : '';
  return `${told.join('; ')}${more}`;
}

const SAMPLERS: Readonly<Record<string, string>> = {
  poisson: 'Poisson: each record is in an update with the sampling rate, independently; no batch is cut or padded',
  full: 'every record is in every update',
  'without-replacement': 'batches of a fixed size without replacement, as published',
};

/**
 * The table of what the guarantee is made of.
 * @param encoding of the table that was trained on, if one was
 */
export function guaranteeBlocks(facts: PrivacyFacts, encoding?: Pick<Encoding, 'from'> & Partial<Encoding>): Block[] {
  const { epsilon, insecure, terms, relation } = facts;
  const {
    mechanism: _m,
    sampler: _s,
    bound: _b,
    divisor: _d,
    partitions,
    clipping: _c,
    population,
    draws: _t,
    schedule: _o,
    ...more
  } = terms;
  const { relation: _charged, physical: _, encoding_epsilon: paid, encoding_delta: used, ...rest } = more;
  const { released, released_by: by, ...others } = rest;
  const counted = encoding?.columns?.some(({ shares }) => shares !== undefined);
  const entries: Entry[] = [
    ...epsilonRows(facts),
    ['unit of privacy', relationRow(relation).title],
    ...mechanismRows(facts),
    ['randomness', insecure ? 'from insecureSeed: it can be repeated' : 'ChaCha20 under a fresh key at every start'],
    terms.mechanism === MEASURED
      ? undefined
      : [
          'partitions',
          partitions === 1
            ? 'one'
            : `${partitions}, disjoint, by a keyed hash of the record: a record touches one critic only, whose cost is that of the run (parallel composition)`,
        ],
    facts.rowsPublic ? undefined : ['declared number of records', formatNumber(Number(population))],
    encoding?.from === 'given'
      ? [COLUMNS, 'by what the owner gave: bounds and values known without the rows, which costs nothing']
      : undefined,
    !paid && !used
      ? undefined
      : [
          COLUMNS,
          `${counted ? 'bounds, values and how often each is there' : 'bounds and values'} by noisy counts, before all else: epsilon ${formatNumber(Number(paid))} and delta ${plainDelta(Number(used))} of the whole`,
        ],
    released
      ? [
          'released before',
          `noisy sums of features of all records, by the run of ${by} that this one goes on from: they are the first of the rates and multipliers above, and epsilon is of them and the updates together`,
        ]
      : undefined,
    ...Object.entries(others).map(([name, value]): Entry => [name, String(value)]),
  ];
  const rows = entries.filter((entry) => entry !== undefined);
  const caption =
    'From ledger.jsonl, which is written before each update that it pays for: after a crash it may count updates that did not happen, never fewer than did. `veilgan account` computes epsilon from rate, multiplier and updates.';
  const title = epsilon ? 'The guarantee, to be checked' : 'The accounting, without a guarantee';
  return section(title, [table(['value'], rows, caption)]);
}

/** What leaves the owner's hands, and what must not. */
export function releaseBlocks({ epsilon }: PrivacyFacts): Block[] {
  const covered = 'samples/, the generator, epsilon and this configuration, the losses (of generated records only)';
  const own =
    'private/: whatever looked at real records, which are attacks, scores, quality against real rows; the sizes of batches and partitions; and run.json, which holds a fingerprint of the data';
  const items = [
    { term: epsilon ? 'covered by the guarantee' : 'of a run with a guarantee', text: covered },
    { term: "the owner's alone", text: own },
  ];
  return section('What may be released, and what not', [{ kind: 'list', items }]);
}
