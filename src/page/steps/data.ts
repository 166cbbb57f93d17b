/** Step 1: a CSV, dropped or chosen, or an example. */

import type { Example, Source, Trouble } from '../protocol.ts';
import { fileButton } from '../ui/controls.ts';
import { h, plural, put } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { NOUNS } from './plan.ts';
import { whileReading } from './progress.ts';
import type { App, Step } from './step.ts';

const EXAMPLES: readonly [Example, title: string, text: string][] = [
  ['people', 'People', '3,000 made-up members of a gym: dates, numbers, categories, gaps'],
  ['points', 'Points', '5,000 points in the plane, in five clouds: the quickest'],
  ['digits', 'Handwriting', '3,500 small pictures of digits, drawn by a program: slow without a graphics card'],
];

/** What is wrong with what was dropped; undefined where it is files. */
function dropTrouble(transfer: DataTransfer): Trouble | undefined {
  const entries = Array.from(transfer.items).filter((item) => item.kind === 'file');
  const folder = entries.some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (entries.length > 0 && !folder) return undefined;
  const [message, fix] = folder
    ? ['that is a folder', 'Drop the files out of it']
    : ['that was no file', 'Drop a CSV file from your file manager, or choose one with the button'];
  return { code: 'USAGE', message, where: '', fix };
}

export function dataStep(app: App): Step {
  const { worker, state } = app;
  let reading = false;

  function open(body: HTMLElement): () => void {
    const problem = h('div');
    const place = h(
      'div.drop',
      h('p', h('strong', 'Drop a CSV file here'), h('span.or', 'or')),
      fileButton('Choose a file', take, { id: 'file', multiple: true }),
      h(
        'p.hint',
        'A table as text, one row a line. Any spreadsheet saves one with \u201cSave as CSV\u201d. Or images as MNIST has them (IDX): the file of images together with that of their labels.',
      ),
    );
    const examples = h(
      'div.examples',
      h('h3', 'No file at hand? Take an example'),
      EXAMPLES.map(([example, title, text]) =>
        h(
          'button.choice',
          { 'data-example': example, onclick: () => read({ from: 'example', example }, title) },
          h('strong', title),
          h('span', text),
        ),
      ),
    );
    const form = h('div', place, examples);
    const progress = h('div');
    put(body, problem, form, progress);

    function take(files: readonly File[]): void {
      void read({ from: 'file', files }, files[0].name);
    }

    async function read(source: Source, name: string): Promise<void> {
      if (reading) return;
      reading = true;
      const work = () => worker.call('open', source);
      const opened = await whileReading(app, name, { form, progress, problem }, work);
      reading = false;
      if (!opened) return;
      state.opened = opened;
      state.source = source.from === 'example' ? { example: source.example } : {};
      app.next();
    }

    const over = (event: DragEvent) => {
      event.preventDefault();
      place.classList.toggle('over', event.type === 'dragover');
    };
    const drop = (event: DragEvent) => {
      over(event);
      if (!event.dataTransfer || reading) return;
      const trouble = dropTrouble(event.dataTransfer);
      const files = Array.from(event.dataTransfer.files);
      if (trouble) put(problem, troubleBox(trouble));
      else if (files.length > 0) take(files);
    };
    // Anywhere on the page, lest the browser leave it for the file.
    const end = new AbortController();
    const events = Object.entries({ dragover: over, dragleave: over, drop }) as ['drop', typeof drop][];
    for (const [name, listener] of events) document.addEventListener(name, listener, end);
    return () => end.abort();
  }

  return {
    title: 'Your data',
    open,
    summary: () => {
      const { opened } = state;
      if (!opened) return '';
      const columns = opened.kind === 'table' ? `, ${plural(opened.columns.length, 'column')}` : '';
      return `${opened.name}: ${plural(opened.rows, NOUNS[opened.kind])}${columns}`;
    },
    settles: ['opened', 'source'],
  };
}
