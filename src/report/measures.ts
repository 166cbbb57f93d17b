/** What is measured of a run, in words: attacks and quality, by the names under which they are stored. */
import { QUALITY_WORDS } from '../metrics/measures.ts';
import { formatPercent } from './numbers.ts';
import type { StoredAgainst, StoredAssessment, StoredMetrics } from './results.ts';
import type { Measure, Reading } from './summary.ts';

const ATTACKS: readonly (readonly [key: string, name: string, meaning: string])[] = [
  [
    'white-box-max',
    'white-box, largest of all critics',
    "Score: the largest critic output. What PAR-GAN's authors report; it does not use the partition.",
  ],
  [
    'white-box-mean',
    'white-box, mean of all critics',
    'Score: the mean critic output. It does not use the partition either.',
  ],
  [
    'white-box-own',
    "white-box, the record's own critic",
    'The attacker knows the partition a record would be in and asks that critic. Max and mean alone flatter PAR-GAN.',
  ],
  [
    'white-box-own-ranked',
    "white-box, own critic's ranks",
    'The same, with ranks among the records of one critic in the place of its outputs.',
  ],
  [
    'white-box-own-vs-rest',
    'white-box, own critic against the others',
    'Own critic minus the mean of the critics that did not see the record: they serve as reference models.',
  ],
  [
    'nearest-sample',
    'nearest released sample',
    'Score: closeness to the nearest of the released samples. Needs no access to the model.',
  ],
  [
    'gan-leaks',
    'nearest of fresh samples',
    'Score: closeness to the nearest of many fresh samples, which whoever may query the generator gets (GAN-Leaks, full black-box).',
  ],
  [
    'gan-leaks-partial',
    'search over z',
    'Score: how closely the generator can be made to reproduce a record, by trying values of z (GAN-Leaks, partial black-box).',
  ],
  ['gan-leaks-white-box', 'gradients over z', 'The same with gradients through the generator (GAN-Leaks, white-box).'],
  [
    'monte-carlo-single',
    'Monte Carlo, single records',
    'Score: the share of fresh samples that come close to a record (Hilprecht et al.).',
  ],
  [
    'monte-carlo-set',
    'Monte Carlo, sets of records',
    'Which of two sets of records is of the training data? Half counts half.',
  ],
  [
    'monte-carlo-set-original',
    'Monte Carlo, sets, the original rule',
    'The same where half counts as right, as its authors count: chance is above 50 %.',
  ],
  [
    'dcr',
    'distance to the closest record',
    'Score: closeness to the nearest released sample, less that to rows which the attacker has.',
  ],
  ['domias', 'DOMIAS', 'Score: density of the released samples at a record, over that of rows which the attacker has.'],
];

const CALIBRATED = '-calibrated';

/** What an attack is called here, and how it scores; one that is not known goes by its own name. */
function words(key: string): [name: string, meaning: string] {
  const known = ATTACKS.find(([name]) => name === key);
  if (known) return [known[1], known[2]];
  if (!key.endsWith(CALIBRATED)) return [key, ''];
  const [name, meaning] = words(key.slice(0, -CALIBRATED.length));
  // The distance to the closest record is always calibrated.
  return key === `dcr${CALIBRATED}`
    ? [name, meaning]
    : [
        `${name}, calibrated`,
        `${meaning} Less the same of a reference model: records that are easy for any model count less.`,
      ];
}

/** How an attack scores records. */
export const attackNote = (key: string): string => words(key)[1];

/** An attack's accuracy as a row of a table. */
export function attackMeasure(key: string): Measure {
  const [name, meaning] = words(key);
  return { key, name, meaning: `Attack accuracy. ${meaning} Chance is 50 %.`.replace('  ', ' '), attack: true };
}

/** Distances between score histograms, which are no attack but what one could at best make of them. */
export const TVD_MEASURES: readonly Measure[] = [
  {
    key: 'tvd-max',
    name: 'TVD of critic scores, largest',
    meaning:
      'Distance between a critic\'s score histograms of training and other points; "chance" is what shuffled membership gives.',
    unit: 'number',
  },
  { key: 'tvd-mean', name: 'TVD of critic scores, mean', meaning: 'The same, averaged over critics.', unit: 'number' },
];

/** An assessment by the keys of its measures. */
export function attackReadings({ attacks, tvd }: StoredAgainst): Record<string, Reading> {
  return {
    ...Object.fromEntries(attacks.map((a) => [a.name, { value: a.accuracy, ci95: a.ci95, chance: a.chance }])),
    ...(tvd
      ? {
          'tvd-max': { value: tvd.max, chance: tvd.floor.max.mean },
          'tvd-mean': { value: tvd.mean, chance: tvd.floor.mean.mean },
        }
      : {}),
  };
}

/** The rows of attacks that at least one of several assessments has, in order of appearance. */
export function attackMeasures(list: readonly StoredAgainst[]): Measure[] {
  const names = new Set(list.flatMap(({ attacks }) => attacks.map(({ name }) => name)));
  return [...[...names].map(attackMeasure), ...(list.some(({ tvd }) => tvd) ? TVD_MEASURES : [])];
}

/** Attacks of the literature, and the names under which they are stored. */
const FAMILIES: readonly (readonly [stored: RegExp, name: string])[] = [
  [/^white-?box/, 'white-box on the critics (LOGAN)'],
  [/^(nearest|gan-leaks(-calibrated)?$)/, 'nearest sample (GAN-Leaks, full black-box)'],
  [/^monte-?carlo/, 'Monte Carlo (Hilprecht et al.)'],
  [/^gan-leaks-(partial|white)/, 'search for the z of a record (GAN-Leaks, partial black-box and white-box)'],
  [/^gan-leaks.*-calibrated$/, 'calibration by a reference model'],
  [/^logan-black/, 'LOGAN black-box (a surrogate GAN)'],
  [/^lira/, 'LiRA-style, with shadow models'],
  [/^dcr/, 'distance to the closest record'],
  [/^domias/, 'DOMIAS (density ratio)'],
];

/** What was not tried, with the reason where one is known. */
export function notRun({ attacks, not_run = [] }: Pick<StoredAssessment, 'attacks' | 'not_run'>): string[] {
  const missing = FAMILIES.filter(([stored]) => !attacks.some(({ name }) => stored.test(name)));
  return missing.map(([stored, name]) => {
    // That nobody asked for it is no reason.
    const why = not_run.find((entry) => stored.test(entry.name) && !/^(not asked for|slow)/.test(entry.why))?.why;
    return why ? `${name}: ${why}` : name;
  });
}

/** Quality measures that are shown in percent. */
const PERCENT = /^(mode_shares|ring_shares|within_3_sigma|downstream_(?!linear_auc)|column_accuracy(?!_rmse))/;

/** A quality measure by its key; one that is not known goes by its own name. */
export function qualityMeasure(key: string): Measure {
  const unit = PERCENT.test(key) ? {} : ({ unit: 'number' } as const);
  const known = QUALITY_WORDS.find((words) => words.key === key);
  if (!known) return { key, name: key.replaceAll('_', ' '), meaning: '', ...unit };
  const { name, meaning, ideal } = known;
  return { key, name, meaning: ideal ? `${meaning} Ideal: ${ideal}.` : meaning, ...unit };
}

/** The numbers of a quality report that are single ones, by key. */
export const qualityReadings = (quality: StoredMetrics, real: StoredMetrics = {}): Record<string, Reading> =>
  Object.fromEntries(
    Object.entries(quality).flatMap(([key, value]) => {
      const best = real[key];
      return typeof value === 'number' ? [[key, { value, ...(typeof best === 'number' ? { real: best } : {}) }]] : [];
    }),
  );

/** A list of shares as text: `21.0 %, 19.5 %, 59.5 %`. */
export const shares = (list: readonly number[]): string => list.map(formatPercent).join(', ');
