/** Step 5: new rows, the model, the report. */

import { isPrivate } from '../../gan/systems.ts';
import { troubleOf } from '../trouble.ts';
import { checkbox, numberInput } from '../ui/controls.ts';
import { type Child, confirmed, field, h, put, save } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { NOUNS, rowsOf } from './plan.ts';
import type { Run } from './run.ts';
import type { App, Step } from './step.ts';

const MOST_ROWS = 1_000_000;

export function downloadStep(app: App): Step {
  const { state, worker } = app;

  function open(body: HTMLElement): void {
    const run = state.run as Run;
    const dp = isPrivate(run.plan.system);
    const base = (state.opened?.name ?? 'data').replace(/\.[^.]*$/, '');
    const images = state.opened?.kind === 'images';
    const { samples } = run.samples ?? {};
    const labelled = samples?.kind === 'images' && samples.classes !== undefined;
    const noun = NOUNS[state.opened?.kind ?? 'table'];
    const problem = h('div');
    let rows = images || !state.ready ? 1000 : rowsOf(run.plan, state.ready);

    /** A button that makes a file and offers it. */
    function offer(text: string, kind: string, make: () => Promise<Blob> | undefined, primary = false): HTMLElement {
      const name = `${base}-${kind}`;
      const button = h('button', { class: primary && 'primary', onclick: () => act() }, text);
      async function act(): Promise<void> {
        put(problem);
        button.disabled = true;
        button.setAttribute('aria-busy', 'true');
        app.say(`Making ${name}`);
        try {
          const made = await make();
          if (made) {
            save(made, name);
            run.saved = true;
            app.say(`${name} is saved in your downloads`);
          }
        } catch (error) {
          put(problem, troubleBox(troubleOf(error)));
        }
        button.disabled = false;
        button.removeAttribute('aria-busy');
        button.focus();
      }
      return button;
    }

    const number = numberInput(rows, { min: 1, max: images ? 10_000 : MOST_ROWS, whole: true }, (value) => {
      rows = value;
    });
    /** What takes the number of rows, which must be one. */
    const counted = (call: 'csv' | 'npy' | 'labels' | 'picture') => () =>
      number.reportValidity() ? worker.call(call, { rows }) : undefined;
    let diagnostics = false;
    const looks = run.plan.whole ? 'comparisons' : 'attacks, comparisons';
    const owner = checkbox(`With a part for me only: ${looks} with real rows`, diagnostics, (on) => {
      diagnostics = on;
    });
    put(
      body,
      problem,
      images
        ? part(
            'card',
            'New images',
            'As one picture to look at, or as numbers for programs (.npy, the format of NumPy).',
            field('How many', number),
            h(
              'div.buttons',
              offer('Save the picture', 'synthetic.png', counted('picture'), true),
              offer('Save the numbers', 'synthetic.npy', counted('npy')),
              labelled ? offer('Save their classes', 'synthetic.labels.npy', counted('labels')) : null,
            ),
          )
        : part(
            'card',
            'New rows',
            'A CSV with the columns of your table, in the same formats. It holds values that your table allows, and nothing else.',
            field('How many rows', number, 'More rows than you began with are fine; they do not say more, though.'),
            h('div.buttons', offer('Save the rows', 'synthetic.csv', counted('csv'), true)),
          ),
      part(
        'card',
        'The report',
        'One page (HTML) that opens without a network: what is promised, what was trained and how, the losses and samples, what to be careful with.',
        dp
          ? h('p', owner.line)
          : h('p.hint', 'It attacks the model and compares with your real rows: for you only. That takes a moment.'),
        h(
          'div.buttons',
          offer('Save the report', 'report.html', () => worker.call('report', { diagnostics })),
        ),
      ),
      part(
        'card',
        'The model',
        'The networks with all settings and what your columns hold, in one file (.safetensors), for you to keep and for programs to read.',
        h(
          'div.buttons',
          offer('Save the model', 'model.safetensors', () => worker.call('model', undefined)),
        ),
      ),
      release(dp, run, noun),
      whatStays(app, run),
    );
  }

  return { title: 'Download', open, summary: () => '', settles: [] };
}

/** A headed part of the step. */
const part = (look: string, title: string, text: string, ...rest: Child[]): HTMLElement =>
  h('section', { class: look }, h('h3', title), h('p', text), rest);

/** What the browser keeps, and a way to remove it. */
function whatStays(app: App, run: Run): HTMLElement {
  const clear = async () => {
    const sure =
      run.saved || (await confirmed('Nothing has been downloaded yet. Remove it all the same?', 'Remove it'));
    if (sure) await app.clear();
  };
  return part(
    '',
    'What stays here?',
    run.kept
      ? 'The networks and the words of your columns are kept in this browser, on this computer, so that you can come back and go on. Your rows are not.'
      : 'Nothing: when you close this tab, all of it is gone.',
    h('div.buttons', h('button', { onclick: clear }, 'Remove everything and start anew')),
  );
}

/** What may be passed on. */
function release(dp: boolean, { plan, spent }: Run, noun: string): HTMLElement {
  const epsilon = spent ? `epsilon ${spent.epsilon.toFixed(2)} at delta ${spent.delta}` : `epsilon ${plan.epsilon}`;
  return part(
    dp ? 'panel' : 'panel care',
    'What may I pass on?',
    dp
      ? `The new ${noun}s, however many, and the report without its part for you: the limit of ${epsilon} covers them. What the report shows of real ${noun}s, and your own files, stay with you.`
      : `There is no guarantee: the new ${noun}s may repeat or betray some of yours. Pass them on only where you could also live with that; else go back to step 3 and choose a guaranteed way. Never pass on the model: its critics remember best.`,
  );
}
