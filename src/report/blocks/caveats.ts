/** What a report does not show, said in it. */
import { upperBound } from '../../privacy/budget.ts';
import type { RunFacts } from '../facts.ts';
import { formatNumber } from '../numbers.ts';
import { notRun } from '../readings.ts';
import type { StoredAssessment } from '../results.ts';
import { plainDelta } from './guarantee.ts';

/** An epsilon above which the factor between two worlds is beyond what a sentence can praise. */
const LARGE = 10;

/** The caveats that hold for this run, those of its attacks left out. */
export const caveats = (facts: RunFacts): string[] => [...runCaveats(facts), ...privacyCaveats(facts)];

function runCaveats({ steps, wanted, privacy, info }: RunFacts): string[] {
  const early = steps < wanted && !privacy?.exhausted;
  return [
    ...(early ? [`Training was stopped at step ${formatNumber(steps)} of ${formatNumber(wanted)}.`] : []),
    `This is one run with one seed (${info.seed}). GANs differ from run to run: compare several seeds before drawing conclusions.`,
  ];
}

/** What attacks that failed or were not run leave open. */
export function attackCaveats(assessment: StoredAssessment): string[] {
  const { attacks, clean, non_members } = assessment;
  const missing = notRun(assessment);
  const tried = attacks.length * (clean ? 2 : 1);
  const otherSplit = non_members !== 'left-out' && !clean;
  return [
    ...(missing.length ? [`Attacks that were not run: ${missing.join('; ')}.`] : []),
    'An attack at chance proves nothing but that this attack, with this many records, found nothing. Only a guarantee covers attacks that nobody has thought of.',
    ...(tried > 1 ? [`Of ${tried} intervals of 95 %, one in forty lies above chance by luck.`] : []),
    ...(otherSplit && tried
      ? [
          'The non-members come from the hold-out. Where that is another split of the data, attacks also find how splits differ, which is no leak.',
        ]
      : []),
  ];
}

function privacyCaveats({ privacy, rows }: RunFacts): string[] {
  if (!privacy?.epsilon) return [];
  const { epsilon, delta, terms } = privacy;
  return [
    ...(upperBound(epsilon) > LARGE ? [`Epsilon is large: above ${LARGE} the promise is weak in the worst case.`] : []),
    ...(rows !== undefined && delta * rows > 1
      ? [
          `Delta is larger than one over the number of records (${plainDelta(delta)}, ${formatNumber(rows)} records): such a delta would allow to publish some records as they are. Use less.`,
        ]
      : []),
    'The unit is one row. Somebody with k rows in the data has at most k times epsilon (and a larger delta); copies of a row count as rows.',
    'The guarantee is of this run alone. Other runs on the same data, tuning by hand included, add theirs.',
    'It does not cover what was done before training: columns chosen, categories, ranges or normalisation that were computed from the real rows.',
    rows === undefined
      ? 'The number of records was declared, and rates are computed from it; where it is not public it must not come from the data.'
      : 'The number of rows counts as public.',
    terms.mechanism === 'gaussian'
      ? 'Noise is drawn in 32-bit arithmetic and added on a fixed grid; differences of about one in a million in probabilities, and timing, are not accounted for.'
      : 'Timing is not accounted for.',
  ];
}
