/** What is known of columns as a file: the one that `data import --given` takes on the command line. */

import { VeilganError } from '../../base/errors.ts';
import { type Given, givenCodes } from '../../data/encoding/schema.ts';
import type { Column } from '../../data/table.ts';
import { troubleOf } from '../trouble.ts';
import { fileInput } from '../ui/controls.ts';
import { h, newId, plural, put, save } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { type Entry, entryOf } from './schema.ts';

/**
 * What a file says of columns that the table has; it may speak of others, which are left out here.
 * @throws VeilganError CONFIG naming the place, DATA for a file that is no JSON
 */
export function givenIn(text: string, columns: readonly Column[], file: string): Given {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch (cause) {
    const fix = 'Choose one that was saved here, or that the command line takes';
    throw new VeilganError('DATA', 'the file is no JSON', { where: file, fix, cause });
  }
  const all = (whole as { columns?: unknown } | null)?.columns;
  const own = Object.entries(typeof all === 'object' && all ? all : {}).filter(([name]) =>
    columns.some((column) => column.name === name),
  );
  const given = { columns: Object.fromEntries(own) };
  // What is of another form altogether is checked as it is.
  const formed = typeof all === 'object' && all !== null && !Array.isArray(all);
  givenCodes(columns, formed ? given : whole, file);
  return given as Given;
}

/** Buttons that fill the fields from a file and save them as one. */
export function givenFile(
  columns: readonly Column[],
  table: string,
  given: () => Given | undefined,
  fill: (name: string, entry: Entry) => void,
): HTMLElement {
  const said = h('div', { role: 'status' });
  const input = fileInput(newId('given-file'), '.json', async (file) => {
    try {
      const found = Object.entries(givenIn(await file.text(), columns, file.name).columns);
      for (const [name, column] of found) fill(name, entryOf(column));
      put(said, h('p.hint', `${plural(found.length, 'column')} of ${columns.length} filled in.`));
    } catch (error) {
      put(said, troubleBox(troubleOf(error)));
    }
  });
  const write = () => {
    const now = given();
    if (!now) return put(said, h('p.hint', 'There is nothing to save yet.'));
    const text = `${JSON.stringify(now, null, 2)}\n`;
    save(new Blob([text], { type: 'application/json' }), `${table.replace(/\.[^.]*$/, '')}-known.json`);
    put(said);
  };
  return h(
    'div',
    h(
      'div.buttons',
      input,
      h('label.button.quiet', { for: input.id }, 'Fill in from a file'),
      h('button.quiet', { type: 'button', onclick: write }, 'Save for next time'),
    ),
    said,
  );
}
