/** What a private run released that no noise covers: what was found in the rows and is taken as public. */
import { allOpen } from '../../data/encoding/schema.ts';
import type { Open } from '../../data/table.ts';
import { type CountsName, type CountsRow, countsRows } from '../../fit/features/counts.ts';
import { relationOf } from '../../gan/private/config.ts';
import { relationRow } from '../../privacy/relation.ts';
import type { RunInfo } from '../../run/schema.ts';
import { type Block, paragraph, section } from '../html.ts';
import { formatNumber } from '../numbers.ts';

/** Columns that an item names at most. */
const NAMED = 40;

const WHAT: Readonly<Record<Open['what'], readonly [term: string, all: string]>> = {
  kind: ['the kind of columns (number, category, date), and that they are in the table', 'all columns'],
  decimals: ['how many decimals numbers are written with', 'all columns of numbers'],
  format: ['the format of dates', 'all columns of dates'],
  'left-out': [
    'that columns were left out, as identifiers, free text or without values',
    'which columns, if any, was not noted',
  ],
  numbers: ['that the file holds plain numbers and no table', 'from how its cells look'],
  classes: ['how many classes there are, and their names', 'from the labels of the rows'],
};

/** How a fit to features knows how large classes are; undefined for other systems. */
const countsOf = ({ classCounts }: RunInfo['config']): CountsRow | undefined =>
  countsRows[classCounts as CountsName] as CountsRow | undefined;

/**
 * What was found in the rows of the data set of a private run and is not paid for, as run.json has it. Of a run from
 * before this was noted, all that may have been.
 */
export function unpaidOf({ encoding, data, config }: Pick<RunInfo, 'encoding' | 'data' | 'config'>): Open[] {
  if (encoding) return [...(encoding.open ?? allOpen(encoding.columns))];
  const noted = Array.isArray(data.open) ? (data.open as Open[]) : [{ what: 'classes' as const }];
  // A fit to features sums them by class, wherever there are labels.
  const learned = config.labels === 'condition' || countsOf(config) !== undefined;
  return noted.filter(({ what }) => what !== 'classes' || learned);
}

/** The same as sentences without a full stop, for machines and terminals. */
export const unpaidLines = (open: readonly Open[]): string[] =>
  itemsOf(open).map(({ term, text }) => `${term}: ${text}`);

function itemsOf(open: readonly Open[]): { term: string; text: string }[] {
  return (Object.keys(WHAT) as Open['what'][]).flatMap((what) => {
    const of = open.filter((item) => item.what === what);
    if (of.length === 0) return [];
    const names = of.flatMap(({ column }) => (column === undefined ? [] : [column]));
    const more = names.length > NAMED ? ` and ${formatNumber(names.length - NAMED)} more` : '';
    const [term, all] = WHAT[what];
    return [{ term, text: names.length > 0 ? `${names.slice(0, NAMED).join(', ')}${more}` : all }];
  });
}

/** How the training rows were chosen, where that bears on who is whose neighbour. */
function splitText({ data, config }: RunInfo): string {
  const first = Number(config.rows) > 0;
  const by = data.split ?? (Number(data.holdout) > 0 ? 'positions' : undefined);
  if (first || by === 'positions') {
    const rows = first ? 'The first rows of the data set were trained on' : 'Rows were parted by where they stand';
    const { short } = relationRow(relationOf({ relation: 'auto', population: 0, ...config }));
    return `${rows}: the guarantee compares training rows (${short}) of which all others stay on their side. A row more or less in the file would move others across the border, which it does not cover.`;
  }
  if (by === 'hash') {
    return 'Each row was held out or not by a keyed hash of its own cells: no other row has a say in it, and how many are held out varies.';
  }
  return 'No rows were chosen among those of the data set.';
}

/** The block of a run with a guarantee. */
export function publicBlocks(info: RunInfo): Block[] {
  const open = unpaidOf(info);
  const form =
    "Public in any case are the form of the file (its header, separators, the names and the order of columns) and the run's settings.";
  const found: Block[] = open.length
    ? [
        paragraph(
          'This was found in the private rows, and neither noise nor budget covers it. The guarantee takes it as known to everybody: it is right only where you would have known it without the rows.',
        ),
        { kind: 'list', items: itemsOf(open) },
        paragraph(
          info.encoding
            ? 'To give it instead: `veilgan data import FILE --schema-out SCHEMA.json` writes what the rows look like; correct and confirm each entry as known without them, import with `--given SCHEMA.json`, and train again.'
            : 'To give it instead, import again: classes with `--classes NAMES`, plain numbers with `--as numbers`, and train again.',
        ),
      ]
    : [
        paragraph(
          `Nothing was taken from the rows without being paid for: ${info.encoding ? 'kinds, decimals, formats, bounds and values of columns were given, or estimated with noise that epsilon counts' : 'the data set has no form that its rows decide'}.`,
        ),
      ];
  const counts = countsOf(info.config);
  const classes = counts ? ` Of records with labels: ${counts.said}.` : '';
  return section('Public, and not paid for', [...found, paragraph(`${form} ${splitText(info)}${classes}`)]);
}
