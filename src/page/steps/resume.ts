/** After a reload: what is left of a training, and the way to go on with it. */

import type { Source } from '../protocol.ts';
import { troubleOf } from '../trouble.ts';
import { fileButton } from '../ui/controls.ts';
import { h, put } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { NOUNS } from './plan.ts';
import { whileReading } from './progress.ts';
import { Run } from './run.ts';
import type { App } from './step.ts';
import { forget, type Kept, recall } from './storage.ts';

const text = ({ run, opened, example }: Kept): string => {
  if (!run) return 'This window keeps nothing, so what was trained is gone. Choose your file again to start anew.';
  const again =
    opened.kind === 'images'
      ? `choose the same files again, ${opened.name} and the others`
      : `choose ${opened.name} again`;
  const rows = example ? '' : ` Your ${NOUNS[opened.kind]}s were kept nowhere: ${again}.`;
  return `Its networks are kept in this browser, so you can go on where you were.${rows}`;
};

/** Offers, above the steps, to go on with what was being trained when the page was left. */
export function offerToGoOn(app: App, show: (step: number) => void): void {
  const kept = recall();
  if (!kept) {
    void app.worker.call('forget', {}).catch(() => {});
    return;
  }
  if (!kept.run) forget();
  const form = h('div');
  const progress = h('div');
  const problem = h('div');
  const box = h(
    'section.panel.care',
    { id: 'kept', 'aria-label': 'A training that was left' },
    h('p', h('strong', `The page was left while ${kept.opened.name} was being trained on. `), text(kept)),
    form,
    progress,
    problem,
  );
  async function remove(): Promise<void> {
    put(problem);
    form.inert = true;
    try {
      if (kept?.run) await app.worker.call('forget', { run: kept.run });
      forget();
      box.remove();
    } catch (error) {
      form.inert = false;
      put(problem, troubleBox(troubleOf(error)));
    }
  }

  async function goOn(source: Source): Promise<void> {
    const { worker, state } = app;
    const { run: name, choice, plan } = kept as Kept & { run: string };
    const reopen = async () => {
      const opened = await worker.call('open', source);
      const ready = await worker.call('choose', choice);
      const run = new Run(worker, plan, false);
      run.kept = true;
      try {
        await worker.call('reopen', { run: name, plan });
      } catch (error) {
        // What is kept stays: another file, or closing another tab, may be all that it takes.
        run.leave();
        throw error;
      }
      return { opened, ready, choice, plan, run };
    };
    const found = await whileReading(app, kept?.opened.name ?? '', { form, progress, problem }, reopen);
    if (!found) return;
    Object.assign(state, found);
    box.remove();
    show(3);
  }

  const { run, example, opened } = kept;
  const images = opened.kind === 'images';
  const again = example
    ? h('button.primary', { onclick: () => goOn({ from: 'example', example }) }, 'Go on')
    : fileButton(`Choose ${opened.name}`, (files) => void goOn({ from: 'file', files }), {
        id: 'kept-file',
        multiple: images,
      });
  const end = h('button', { onclick: remove }, run ? 'Remove what is kept' : 'Close');
  put(form, h('div.buttons', ...[run && again, end].flat()));
  (document.querySelector('#notices') as Element).append(box);
}
