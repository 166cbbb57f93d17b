/** The page: one line of steps, one of them open; those before it are summed up, those after it wait. */

import { Remote } from './remote.ts';
import { chooseStep } from './steps/choose.ts';
import { columnsStep } from './steps/columns.ts';
import { dataStep } from './steps/data.ts';
import { downloadStep } from './steps/download.ts';
import { offerToGoOn } from './steps/resume.ts';
import type { App, State, Step } from './steps/step.ts';
import { machine, startOffline, warnOfMachine } from './steps/surroundings.ts';
import { trainStep } from './steps/train.ts';
import { confirmed, h, put } from './ui/dom.ts';

const say = (text: string): void => put(document.querySelector('#said') as Element, text);

class Page implements App {
  readonly state: State = {};
  readonly worker = new Remote();
  readonly machine = machine(this.worker);
  readonly say = say;
  readonly #steps: readonly Step[] = [dataStep, columnsStep, chooseStep, trainStep, downloadStep].map((step) =>
    step(this),
  );
  readonly #items = this.#steps.map(() => h('li'));
  #current = 0;
  #close: (() => void) | void = undefined;

  constructor() {
    put(document.querySelector('#steps') as Element, this.#items);
    this.go(0, false);
    addEventListener('beforeunload', (event) => {
      if (this.state.run?.unsaved) event.preventDefault();
    });
  }

  next(): void {
    this.go(this.#current + 1);
  }

  async clear(): Promise<void> {
    await this.state.run?.discard();
    this.go(0);
  }

  go(step: number, focus = true): void {
    this.#close?.();
    this.#current = step;
    for (const { settles } of this.#steps.slice(step)) for (const key of settles) delete this.state[key];
    // Who has begun knows what the page is for.
    document.body.classList.toggle('begun', step > 0);
    this.#items.forEach((item, i) => this.#draw(item, i));
    if (!focus) return;
    const heading = this.#items[step].querySelector('h2') as HTMLElement;
    heading.focus({ preventScroll: true });
    this.#items[step].scrollIntoView({ block: 'start' });
  }

  /** Back to a step that is done; what would be lost is asked for first. */
  async #back(step: number): Promise<void> {
    const { run } = this.state;
    if (step < 3 && run) {
      const going = run.status === 'training' || run.status === 'starting';
      const question = going ? 'Stop the training and discard it?' : 'Discard what was trained?';
      if (!(await confirmed(question, 'Discard it', 'Keep it'))) return;
      await run.discard();
    }
    this.go(step);
  }

  #draw(item: HTMLElement, i: number): void {
    const { title } = this.#steps[i];
    const number = h('span.number', { 'aria-hidden': 'true' }, i < this.#current ? '\u2713' : String(i + 1));
    const where = h('span.hidden', `Step ${i + 1}${i < this.#current ? ', done' : ''}: `);
    const heading = h('h2', { tabindex: -1 }, where, title);
    item.className = i < this.#current ? 'done' : i === this.#current ? 'open' : 'later';
    if (i === this.#current) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
    if (i < this.#current) {
      const change = h(
        'button.quiet',
        { onclick: () => this.#back(i) },
        i < 3 ? 'Change' : 'Look again',
        h('span.hidden', `: ${title}`),
      );
      put(item, number, h('div.summary', heading, h('p', this.#steps[i].summary()), change));
      return;
    }
    const body = h('div.body');
    put(item, number, h('section', heading, i === this.#current ? body : null));
    if (i === this.#current) this.#close = this.#steps[i].open(body);
  }
}

const page = new Page();
void warnOfMachine(page.machine);
offerToGoOn(page, (step) => page.go(step));
void startOffline();
