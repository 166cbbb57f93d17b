/** Step 3: what to make, in plain words first; the words of the field stand beside them. */

import { isPrivate, type SystemName } from '../../gan/systems.ts';
import { type Change, planNumbers } from '../fields.ts';
import type { Plan, Ready, Size, Worth } from '../protocol.ts';
import { numberInput, radios, segments } from '../ui/controls.ts';
import { confirmed, count, h, put } from '../ui/dom.ts';
import { advanced } from './choose-advanced.ts';
import { about, isWeighed, type Length, lengthOf, trainedPlan, usualPlan, usualSystem } from './plan.ts';
import { cardsFor, cardTitle, fewLine, protectionFields } from './protection.ts';
import { Run } from './run.ts';
import { type GivenFields, givenFields } from './schema-fields.ts';
import type { App, Step } from './step.ts';
import { forget, keep, recall } from './storage.ts';

const QUESTIONS: Readonly<Record<Ready['kind'], string>> = {
  table: 'How well are the people in your table to be protected?',
  images: 'How well is each of your images to be protected?',
  points: 'How well is each of your points to be protected?',
};

const SIZES: Readonly<Record<Size, readonly [title: string, text: string]>> = {
  small: ['Small', 'fast; simple data'],
  medium: ['Medium', 'a good start'],
  large: ['Large', 'finer patterns, slower'],
};

const LENGTHS: Readonly<Record<Length | 'own', readonly [title: string, text: string]>> = {
  short: ['Short', 'a first look'],
  medium: ['Medium', 'usually enough'],
  long: ['Long', 'for the best rows'],
  own: ['Own', 'steps or minutes'],
};

export function chooseStep(app: App): Step {
  const { state } = app;

  function open(body: HTMLElement): () => void {
    const ready = state.ready as Ready;
    let plan = usualPlan(usualSystem(ready), ready);
    let length = 'medium' as Length | 'own';
    let unit: 'steps' | 'minutes' = 'steps';
    /** milliseconds a step, of plans as the one that is shown */
    let speed: number | undefined;
    /** what the budget of a plan is worth, and whether that is settled, where it is a question */
    let worth: Worth | undefined;
    let weighed = false;
    let asked = 0;
    let closed = false;

    const protection = h('div');
    const extra = h('div');
    const estimate = h('p.estimate');
    const begin = h('button.primary', { onclick: () => start() }, 'Start training');
    const own = h('div', { hidden: true });

    const protect = () => put(protection, ...protectionFields(plan, ready, change, known?.element));
    const change: Change = (fields, matters = true) => {
      plan = { ...plan, ...fields };
      // What epsilon means depends on them, and is said above.
      if ('whole' in fields || ('delta' in fields && !Number.isNaN(plan.delta))) protect();
      known?.price(plan);
      if (matters || (isWeighed(plan, ready) && ('epsilon' in fields || 'delta' in fields))) void measure();
      else tell();
    };
    const trained = () => trainedPlan(plan, length, ready, worth);
    state.entries ??= new Map();
    const changed = () => change({ given: known?.given() }, false);
    const known: GivenFields | undefined =
      ready.known && givenFields(ready.known, state.entries, state.opened?.name ?? '', changed, app.say);
    /** What has to be corrected of what is known, where it matters. */
    const wrong = () => (isPrivate(plan.system) ? known?.wrong() : undefined);
    const valid = () => Object.values(plan).every((value) => !Number.isNaN(value));

    /** How long the plan is worth being is found, and how long a step takes here, once for each plan that differs in it. */
    async function measure(): Promise<void> {
      const turn = ++asked;
      [speed, worth, weighed] = [undefined, undefined, !isWeighed(plan, ready)];
      tell();
      const found = await app.machine;
      // A plan that is still being typed would be measured in vain.
      await new Promise((done) => setTimeout(done, 400));
      if (closed || turn !== asked || !found.ok || !valid()) return;
      try {
        if (!weighed) {
          const found = await app.worker.call('worth', plan);
          if (turn !== asked || closed) return;
          [worth, weighed] = [found, true];
          await tell();
        }
        const took = await app.worker.call('speed', { ...trained(), steps: 1000 });
        if (turn === asked && !closed) speed = took;
      } catch {
        // What is wrong with the plan, its start will say.
        weighed ||= turn === asked;
      }
      await tell();
      if (turn === asked && !closed) app.say(estimate.textContent ?? '');
    }

    async function tell(): Promise<void> {
      const found = await app.machine;
      if (closed) return;
      if (unit === 'minutes' && length === 'own') minutesToSteps();
      const waits = !weighed && length !== 'own';
      begin.disabled = !found.ok || !valid() || waits || wrong() !== undefined;
      if (!found.ok)
        return put(estimate, 'Training cannot start in this browser; what to do stands at the top of the page.');
      if (!valid()) return put(estimate, 'One of the numbers above is out of its range.');
      if (wrong()) return put(estimate, wrong());
      if (waits) return put(estimate, 'Finding out how many steps the limit is worth\u2026');
      const sent = trained();
      const { name, software } = found.adapter;
      const machine = software ? `without a graphics card (${name})` : `(${name})`;
      const steps = `${count(sent.steps)} steps`;
      const time = speed === undefined ? 'measuring how long they take' : about((sent.steps * speed) / 1000);
      const few = worth ? fewLine(sent, worth) : '';
      const line = `${steps}, ${time} on this computer ${machine}. You can stop at any time and keep what there is.`;
      put(estimate, few ? `${line} ${few}` : line);
    }

    let minutes = 5;
    const minutesToSteps = () => {
      plan = { ...plan, steps: speed ? Math.max(10, Math.round((minutes * 60_000) / speed)) : plan.steps };
    };
    function ownLength(): void {
      const number =
        unit === 'steps'
          ? numberInput(plan.steps, planNumbers.steps, (steps) => change({ steps }, false))
          : numberInput(minutes, { min: 0.1, max: 10_000 }, (value) => {
              minutes = value;
              change({ steps: Number.isNaN(value) ? value : lengthOf('medium', plan, ready) }, false);
            });
      number.setAttribute('aria-label', planNumbers.steps.label);
      const option = (value: typeof unit) => h('option', { value, selected: value === unit }, value);
      const units = h('select', { 'aria-label': 'Unit' }, option('steps'), option('minutes'));
      units.addEventListener('change', () => {
        unit = units.value as typeof unit;
        ownLength();
        void tell();
      });
      put(own, h('div.buttons', number, units));
    }

    function choose(system: SystemName): void {
      const { size, seed } = plan;
      const usual = usualPlan(system, ready);
      const steps = length === 'own' ? plan.steps : usual.steps;
      const given = isPrivate(system) ? known?.given() : undefined;
      plan = { ...usual, size, steps, seed, given };
      protect();
      known?.price(plan);
      put(extra, advanced(plan, ready, change));
      void measure();
    }

    async function start(): Promise<void> {
      const left = document.querySelector('#kept');
      const question = 'Starting another training removes the one that was left.';
      if (left && recall()?.run && !(await confirmed(question, 'Start and remove it'))) return;
      left?.remove();
      forget();
      const sent = trained();
      const run = new Run(app.worker, sent, !isPrivate(sent.system) && ready.holdout > 0);
      const { opened, choice, source } = state;
      Object.assign(state, { plan: sent, run });
      void run.start((name) => {
        if (opened && choice && source)
          keep({ run: name, opened: { name: opened.name, kind: opened.kind }, ...source, choice, plan: sent });
      });
      app.next();
    }

    put(
      body,
      radios(QUESTIONS[ready.kind], cardsFor(ready), plan.system, choose),
      protection,
      segments('How large are the networks?', SIZES, plan.size, (size) => change({ size })),
      segments('How long do they learn?', LENGTHS, length, (value) => {
        const { steps } = trained();
        length = value;
        own.hidden = value !== 'own';
        // A number that is given begins with what the words came to.
        if (value === 'own') {
          plan = { ...plan, steps };
          ownLength();
        }
        void tell();
      }),
      own,
      extra,
      estimate,
      h('div.buttons', begin),
    );
    choose(plan.system);
    return () => {
      closed = true;
    };
  }

  return {
    title: 'Protection and size',
    open,
    summary: () => (state.plan ? planLine(state.plan) : ''),
    settles: ['plan', 'run'],
  };
}

/** `Guaranteed (DPGAN), epsilon 3; medium networks; 2,000 steps`. */
function planLine({ system, partitions, epsilon, size, steps }: Plan): string {
  const k = partitions > 1 ? `, ${partitions} critics` : '';
  const e = isPrivate(system) ? `, epsilon ${epsilon}` : '';
  return `${cardTitle(system)}${k}${e}; ${size} networks; ${count(steps)} steps`;
}
