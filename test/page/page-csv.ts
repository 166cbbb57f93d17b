/** A table of mixed types for the test of the page, and what its cells may be. */
import { PhiloxStream } from '../../src/base/philox.ts';

export const ROWS = 5000;

/** A town with everything that CSV has to quote. */
export const TOWNS = ['Ashford', 'Basel "am Rhein"', 'Cedar Hill, North', 'Two\nLines', 'Zürich'];
export const GRADES = ['low', 'middle', 'high'];

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Number, date, categories, yes or no, missing cells, and an identifier that is better left out. */
export function mixedCsv(rows = ROWS): string {
  const s = new PhiloxStream(5, 'test/page');
  const lines = ['id,born,age,weight,town,grade,member,visits'];
  for (let i = 0; i < rows; i++) {
    const age = 18 + s.below(60);
    const born = new Date(Date.UTC(2020 - age, s.below(12), 1 + s.below(28))).toISOString().slice(0, 10);
    const town = TOWNS[Math.min(s.below(5), s.below(5))];
    const visits = Math.round(1000 * s.uniform() ** 3);
    const cells = [
      `P-${String(i).padStart(6, '0')}`,
      born,
      String(age),
      s.uniform() < 0.1 ? '' : (60 + 10 * s.normal() + age / 5).toFixed(1),
      quoted(town),
      GRADES[s.below(3)],
      s.uniform() < 0.05 ? '' : age > 40 === s.uniform() < 0.9 ? 'yes' : 'no',
      String(visits),
    ];
    lines.push(cells.join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** What is wrong with a row of new cells; undefined where nothing is. */
export function wrongCell(
  header: readonly string[],
  row: readonly string[],
  real: ReadonlyMap<string, readonly string[]>,
) {
  return header.find((name, i) => !fits(name, row[i], real.get(name) ?? []));
}

function fits(name: string, cell: string, real: readonly string[]): boolean {
  if (cell === '') return name === 'weight' || name === 'member';
  const within = (value: number, list: readonly number[]) =>
    list.some((other) => other <= value) && list.some((other) => other >= value);
  const numbers = () => real.filter((text) => text !== '').map(Number);
  switch (name) {
    case 'born':
      return /^\d{4}-\d\d-\d\d$/.test(cell) && within(Date.parse(cell), real.map(Date.parse));
    case 'age':
    case 'visits':
      return /^\d+$/.test(cell) && within(Number(cell), numbers());
    case 'weight':
      return /^-?\d+\.\d$/.test(cell) && within(Number(cell), numbers());
    default:
      return real.includes(cell);
  }
}
