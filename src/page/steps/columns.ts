/** Step 2: what the columns are; types corrected, columns left out, one named to be predicted. */
import type { Kind } from '../../data/table.ts';
import type { Choice, ColumnView, OpenedRecords, OpenedTable } from '../protocol.ts';
import { troubleOf } from '../trouble.ts';
import { checkbox } from '../ui/controls.ts';
import { count, explain, field, h, plural, put } from '../ui/dom.ts';
import { sentence, troubleBox } from '../ui/notice.ts';
import { whileReading } from './progress.ts';
import { samplesView } from './samples-view.ts';
import type { App, Step } from './step.ts';

export const KINDS: Readonly<Record<Kind, readonly [name: string, meaning: string]>> = {
  number: ['Number', 'A measure, such as a weight. New values may fall anywhere between the smallest and the largest.'],
  integer: ['Whole number', 'A count, such as an age. As a number, but whole.'],
  category: ['Category', 'One of some words or codes, such as a town. New rows use the words of your table only.'],
  boolean: ['Yes or no', 'One of two words: yes and no, true and false, 0 and 1.'],
  date: ['Date', 'A day, perhaps with a time. Written again as your table writes it.'],
};

/** Columns from which on they scroll in a box of their own. */
export const MANY = 14;

/** A column's line: whether it is used, as what, what it holds. */
interface Line {
  readonly name: string;
  readonly use: HTMLInputElement;
  readonly kind: HTMLSelectElement;
  readonly element: HTMLElement;
}

function lineOf(view: ColumnView, { worker, say }: App, changed: () => void): Line {
  const kind = h(
    'select',
    { 'aria-label': `Type of ${view.name}` },
    view.kinds.map((k) => h('option', { value: k, selected: k === view.kind }, KINDS[k][0])),
  );
  const values = h('span.values');
  const missing = h('span.missing');
  const note = h('span.why');
  const show = (now: ColumnView) => {
    put(values, valuesOf(now));
    put(missing, now.missing ? `${count(now.missing)} missing` : h('span.none', 'none missing'));
    put(note, now.note ? sentence(now.note) : '');
  };
  const used = (on: boolean) => {
    element.classList.toggle('out', !on);
    kind.disabled = !on;
  };
  const { box: use, line } = checkbox(view.name, !view.leaveOut, (on) => {
    used(on);
    changed();
  });
  const element = h('li', line, kind, values, missing, note);
  let kindNow = kind.value;
  kind.addEventListener('change', async () => {
    try {
      show(await worker.call('look', { name: view.name, kind: kind.value as Kind }));
      kindNow = kind.value;
    } catch (error) {
      const { message, where, fix } = troubleOf(error);
      const text = [message, where, fix].filter(Boolean).map(sentence).join(' ');
      put(note, text);
      say(text);
      kind.value = kindNow;
    }
    changed();
  });
  used(use.checked);
  show(view);
  return { name: view.name, use, kind, element };
}

/** `18 to 92`; `Basic, Plus, Family`; `Basel, Bern and 24 others`. */
function valuesOf({ examples, range, distinct, atLeast }: ColumnView): string {
  if (range) return examples[0] === examples[1] ? examples[0] : `${examples[0]} to ${examples[1]}`;
  const others = distinct - examples.length;
  return `${examples.join(', ')}${others > 0 ? ` and ${atLeast ? 'at least ' : ''}${plural(others, 'other')}` : ''}`;
}

/** `28 by 28 pixels, in 10 classes; 10,000 are kept back from training.` */
function recordsLine({ preview, classes, holdout }: OpenedRecords): string {
  const size = preview.kind === 'images' ? `${preview.shape[2]} by ${preview.shape[1]} pixels` : 'Two numbers each';
  const labels = classes > 0 ? `in ${count(classes)} classes` : 'without labels';
  const kept = holdout > 0 ? `; ${count(holdout)} are kept back from training` : '';
  return `${size}, ${labels}${kept}.`;
}

export function columnsStep(app: App): Step {
  const { state, worker } = app;

  function open(body: HTMLElement): void {
    const { opened } = state;
    if (!opened) return;
    if (opened.kind === 'table') table(body, opened);
    else {
      const what = opened.kind === 'points' ? 'the first of these points' : 'some of these images';
      const ready = state.source?.example ? 'This example is ready as it is.' : 'They are ready as they are.';
      form = h(
        'div',
        h('p', `${ready} Here are ${what}:`),
        samplesView(opened.preview),
        h('p.hint', recordsLine(opened)),
        buttons(() => send([])),
      );
      put(body, form, progress, problem);
    }
  }

  const problem = h('div');
  const progress = h('div');
  /** Everything above the button. */
  let form = h('div');
  const buttons = (act: () => void) => h('div.buttons', h('button.primary', { onclick: act }, 'Continue'));

  async function send(columns: Choice['columns'], label?: string): Promise<void> {
    const choice = { columns, label };
    const ready = await whileReading(app, state.opened?.name ?? '', { form, progress, problem }, () =>
      worker.call('choose', choice),
    );
    if (!ready) return;
    state.choice = choice;
    state.ready = ready;
    app.next();
  }

  function table(body: HTMLElement, { columns, rows, notes }: OpenedTable): void {
    const label = h('select');
    const chosen = () => lines.filter(({ use }) => use.checked);
    const changed = () => {
      const before = label.value;
      const fit = chosen().filter(({ kind }) => kind.value !== 'number' && kind.value !== 'date');
      put(
        label,
        h('option', { value: '' }, 'None'),
        fit.map(({ name }) => h('option', { value: name, selected: name === before }, name)),
      );
      put(tally, `${chosen().length} of ${plural(columns.length, 'column')} used, ${plural(rows, 'row')}`);
    };
    const tally = h('p.hint', { role: 'status' });
    const lines = columns.map((view) => lineOf(view, app, changed));
    const all = (on: boolean) => {
      for (const { use } of lines) if (use.checked !== on) use.click();
    };
    changed();
    form = h(
      'div',
      notes.length ? h('p.hint', notes.map(sentence).join(' ')) : null,
      h('p', 'Is every column read as what it is? Leave out what the new rows do not need: names, numbers of records.'),
      explain(
        'What do the types mean?',
        h(
          'dl',
          Object.values(KINDS).map(([name, meaning]) => h('div', h('dt', name), h('dd', meaning))),
        ),
        'An empty cell counts as missing, and the new rows have about as many of them.',
      ),
      h(
        'ul',
        { class: columns.length > MANY ? 'columns long' : 'columns', 'aria-label': 'Columns' },
        lines.map(({ element }) => element),
      ),
      columns.length > MANY
        ? h(
            'div.buttons',
            h('button.quiet', { onclick: () => all(true) }, 'Use all'),
            h('button.quiet', { onclick: () => all(false) }, 'Use none'),
          )
        : null,
      tally,
      field(
        'Column that others will want to predict (optional)',
        label,
        'Then the report can say how well it is predicted after learning from the new rows only: a test of how useful they are, for which rows have to be kept back.',
      ),
      buttons(() => {
        const used = chosen().map(({ name, kind }) => ({ name, kind: kind.value as Kind }));
        if (used.length) return void send(used, label.value || undefined);
        const fix = 'Tick at least one';
        put(problem, troubleBox({ code: 'USAGE', message: 'no column is used', where: '', fix }));
      }),
    );
    put(body, form, progress, problem);
  }

  return {
    title: 'Its columns',
    open,
    summary: () => {
      const { opened, choice, ready } = state;
      if (opened?.kind !== 'table') return 'Ready as it is';
      const label = choice?.label ? `; ${choice.label} is to be predicted` : '';
      const some = ready?.of ? `; ${count(ready.rows + ready.holdout)} of ${count(ready.of)} rows` : '';
      return `${choice?.columns.length ?? 0} of ${plural(opened.columns.length, 'column')} used${label}${some}`;
    },
    settles: ['choice', 'ready', 'entries'],
  };
}
