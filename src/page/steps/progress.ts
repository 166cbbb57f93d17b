/** How far the reading of a file has come, and a way to end it. */

import { troubleOf } from '../trouble.ts';
import { h, put } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import type { App } from './step.ts';

/** Below this nothing is shown that would only flicker. */
const PATIENCE_MS = 250;

/**
 * Shows a bar in `progress` while `work` reads `name`; hides `form` meanwhile, and gives it back where the work failed or
 * was cancelled, with what went wrong in `problem`.
 */
export async function whileReading<T>(
  { worker, say }: App,
  name: string,
  { form, progress, problem }: Readonly<Record<'form' | 'progress' | 'problem', HTMLElement>>,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const bar = h('progress', { 'aria-label': `Reading ${name}` });
  const line = h('p.hint', `Reading ${name}`);
  const cancel = h('button', { onclick: () => void worker.call('cancel', undefined) }, 'Cancel');
  const deaf = worker.listen((news) => {
    if (news.news !== 'reading' || !news.of) return;
    [bar.max, bar.value] = [news.of, news.bytes];
    put(line, `Reading ${name}: ${Math.floor((100 * news.bytes) / news.of)} %`);
  });
  const focused = document.activeElement;
  put(problem);
  const timer = setTimeout(() => {
    form.hidden = true;
    put(progress, line, h('div.bar', bar, cancel));
    cancel.focus();
  }, PATIENCE_MS);
  try {
    return await work();
  } catch (error) {
    form.hidden = false;
    const trouble = troubleOf(error);
    if (trouble.code === 'INTERRUPTED') say('Cancelled');
    else put(problem, troubleBox(trouble));
    (focused as HTMLElement | null)?.focus();
    return undefined;
  } finally {
    clearTimeout(timer);
    put(progress);
    deaf();
  }
}
