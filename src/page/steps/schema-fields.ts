/** Fields for what the owner knows of columns without the rows, and what that saves of epsilon. */
import { quote } from '../../data/dataset.ts';
import { type Given, notGiven } from '../../data/encoding/schema.ts';
import type { Column } from '../../data/table.ts';
import { isFit } from '../../gan/systems.ts';
import { encodingPrice } from '../../privacy/budget.ts';
import type { Plan } from '../protocol.ts';
import { troubleOf } from '../trouble.ts';
import { checkbox, fileButton } from '../ui/controls.ts';
import { type Child, explain, h, newId, plural, put, save } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { KINDS, MANY } from './columns.ts';
import {
  EMPTY,
  type Entry,
  entryOf,
  givenIn,
  givenOfAll,
  isEmpty,
  readEntry,
  type Taken,
  UNREADABLE,
} from './schema.ts';

/** Fields of one column. */
interface Line {
  readonly element: HTMLElement;
  readonly taken: () => Taken;
  readonly fill: (entry: Entry) => void;
}

export interface GivenFields {
  readonly element: HTMLElement;
  /** what is known of which columns; undefined where it is nothing */
  readonly given: () => Given | undefined;
  /** what has to be corrected before training can start, as a sentence that names the column */
  readonly wrong: () => string | undefined;
  /** Shows what is paid for the other columns. */
  readonly price: (plan: Plan) => void;
}

/** A visible word that is a control's label, with the rest of what it is for those who do not see where it stands. */
const labelled = (word: string, what: string, control: HTMLElement): HTMLElement => {
  control.id ||= newId('given');
  return h('div', h('label.above', { for: control.id }, word, h('span.hidden', what)), control);
};

/** Nothing of the table's rows is in it, not even as an example: who took it over would give it away. */
function lineOf(column: Column, first: Entry, changed: (entry: Entry) => void, say: (text: string) => void): Line {
  const { name, kind } = column;
  const bound = (side: string) =>
    kind === 'date'
      ? h('input', { type: 'text', placeholder: column.format, autocomplete: 'off', spellcheck: 'false', name: side })
      : h('input', { type: 'number', step: 'any', autocomplete: 'off', name: side });
  const low = bound('low');
  const high = bound('high');
  const values = h('textarea', { rows: kind === 'boolean' ? 2 : 3, autocomplete: 'off', spellcheck: 'false' });
  // What happens is heard by the line as a whole.
  const missing = checkbox('Cells may be empty', first.missing, () => {}, `: ${name}`);
  const state = h('span.state');
  const problem = h('p.wrong', { id: newId('wrong') });
  const fields = { low, high, values };
  const of = ` of ${name}`;
  const inner: Child[] =
    'values' in column
      ? [labelled('Possible values, one a line', of, values)]
      : [labelled('Lowest', ` value${of}`, low), labelled('Highest', ` value${of}`, high)];
  const element = h(
    'li',
    h('span.of', h('strong', name), ' ', h('small', KINDS[kind][0].toLowerCase())),
    state,
    h('div.known', inner, missing.line),
    problem,
  );
  const text = (field: HTMLInputElement) => (field.validity.badInput ? UNREADABLE : field.value);
  let { told: more } = first;
  const entry = (): Entry => ({
    low: text(low),
    high: text(high),
    values: values.value,
    missing: missing.box.checked,
    ...(more ? { told: more } : {}),
  });
  let taken: Taken = {};
  /** whether what is wrong is said: not while the column is still being typed for the first time */
  let told = false;
  function show(): void {
    const { given, wrong } = taken;
    const empty = isEmpty(column, entry());
    // What may be missing matters of a column that is given only.
    missing.box.disabled = empty;
    put(state, wrong ? 'to be corrected' : given && !empty ? 'known: free' : 'estimated');
    element.className = given && !empty ? 'given' : wrong && told ? 'bad' : '';
    const said = told ? (wrong?.text ?? '') : '';
    if (problem.textContent !== said) {
      put(problem, said);
      if (said) say(`${name}: ${said}`);
    }
    for (const [field, control] of Object.entries(fields)) {
      const bad = told && wrong?.field === field;
      control.setAttribute('aria-invalid', String(bad));
      if (bad) control.setAttribute('aria-describedby', problem.id);
      else control.removeAttribute('aria-describedby');
    }
  }
  function read(): void {
    taken = readEntry(column, entry());
    if (!taken.wrong) told = false;
    show();
  }
  function set(now: Entry): void {
    [low.value, high.value, values.value, missing.box.checked] = [now.low, now.high, now.values, now.missing];
    more = now.told;
    told = true;
    read();
  }
  element.addEventListener('input', () => {
    read();
    changed(entry());
  });
  element.addEventListener('focusout', ({ relatedTarget }) => {
    if (told || (relatedTarget && element.contains(relatedTarget as Node))) return;
    told = taken.wrong !== undefined;
    show();
  });
  set(first);
  const fill = (now: Entry) => {
    set(now);
    changed(entry());
  };
  return { element, taken: () => taken, fill };
}

/**
 * @param columns without values
 * @param entries by the names of columns: what was typed before; kept up to date
 * @param file what the table is called
 * @param changed called when `given` or `wrong` may be other ones
 * @param say says something to those who listen to the page
 */
export function givenFields(
  columns: readonly Column[],
  entries: Map<string, Entry>,
  file: string,
  changed: () => void,
  say: (text: string) => void,
): GivenFields {
  const lines = columns.map((column): [string, Line] => {
    const { name } = column;
    const note = (entry: Entry) => {
      entries.set(name, entry);
      changed();
    };
    return [name, lineOf(column, entries.get(name) ?? EMPTY, note, say)];
  });
  const given = () => givenOfAll(lines.map(([name, { taken }]) => [name, taken()]));
  const cost = h('p.price', { role: 'status' });
  const element = h(
    'div.knowing',
    cost,
    h(
      'details',
      { open: entries.size > 0 },
      h('summary', 'What do you know without looking at the rows?'),
      h(
        'p',
        h('strong', "Enter only what you would know without this table: a scale's ends, a code list. "),
        'What you leave empty is estimated with noise, for a part of epsilon. The smallest and largest values of your rows are not such knowledge: they belong to single rows, which the limit would then no longer protect.',
      ),
      explain(
        'What happens to cells that do not fit?',
        'A number or a date beyond the ends counts as the nearer end.',
        'A value that is not on the list counts as the first one of the list, so spell values as the table does. A value with a line break stands in double quotes.',
        'An empty cell of a column whose cells may not be empty counts as the middle between the ends, or as the first value of the list.',
      ),
      h(
        'ul',
        { class: columns.length > MANY ? 'givens long' : 'givens', 'aria-label': 'What is known of the columns' },
        lines.map(([, line]) => line.element),
      ),
      givenFile(columns, file, given, (name, entry) => lines.find((line) => line[0] === name)?.[1].fill(entry)),
    ),
  );

  return {
    element,
    given,
    wrong: () => {
      const found = lines.find(([, { taken }]) => taken().wrong);
      return found && `Correct what you know of ${quote(found[0])}: ${found[1].taken().wrong?.text}`;
    },
    price: (plan) => {
      const [part, rest] = priceText(columns, plan);
      if (cost.textContent !== `${part}${rest}`) put(cost, h('strong', part), rest);
    },
  };
}

/** What of epsilon goes for columns, and what that means. */
function priceText(columns: readonly Column[], { system, epsilon, delta, given }: Plan): [part: string, rest: string] {
  if (Number.isNaN(epsilon)) return ['', ''];
  const paying = notGiven(columns, given);
  if (isFit(system)) return countsText(columns.length, paying.length);
  const budget = { encoderEpsilon: 0, counted: true, epsilon, delta, relation: 'zero-out' } as const;
  const paid = encodingPrice(budget, paying, true).epsilon;
  const all = plural(columns.length, 'column');
  const found =
    paying.length === 0
      ? 'What they can hold is given.'
      : `What ${paying.length} of them can hold is found out by that too, and rare values are lost. What you know anyway need not be found out.`;
  return [
    `${paid.toFixed(2)} of epsilon ${epsilon}`,
    ` goes for counting the ${all}, with noise: the new rows begin with these counts. ${found}`,
  ];
}

/** The same for systems that count: what columns can hold is found out by counts that the new rows are fitted to as well. */
function countsText(all: number, paying: number): [part: string, rest: string] {
  if (paying === 0) return ['Nothing of epsilon', ' goes for finding out what the columns can hold: it is given.'];
  return [
    'A small part of epsilon',
    ` goes for finding out, with noise, what ${paying} of the ${plural(all, 'column')} can hold; rare values are lost by that. What you know anyway need not be found out.`,
  ];
}

/** Buttons that fill the fields from a file and save them as one. */
function givenFile(
  columns: readonly Column[],
  table: string,
  given: () => Given | undefined,
  fill: (name: string, entry: Entry) => void,
): HTMLElement {
  const said = h('div', { role: 'status' });
  const read = async ([file]: readonly File[]) => {
    try {
      const found = Object.entries(givenIn(await file.text(), columns, file.name).columns);
      for (const [name, column] of found) fill(name, entryOf(column));
      put(said, h('p.hint', `${plural(found.length, 'column')} of ${columns.length} filled in.`));
    } catch (error) {
      put(said, troubleBox(troubleOf(error)));
    }
  };
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
      fileButton('Fill in from a file', read, { look: 'quiet', accept: '.json' }),
      h('button.quiet', { type: 'button', onclick: write }, 'Save for next time'),
    ),
    said,
  );
}
