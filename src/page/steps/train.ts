/** Step 4: training as it goes on: losses, samples, epsilon, time; and what only the owner should see. */

import { isFit, isPrivate, type Measured, measuredBy } from '../../gan/systems.ts';
import { gauge, lossChart } from '../ui/chart.ts';
import { type Child, count, explain, h, put } from '../ui/dom.ts';
import { troubleBox } from '../ui/notice.ts';
import { ownerPanel } from './owner-panel.ts';
import { about } from './plan.ts';
import type { Run, Status } from './run.ts';
import { samplesView } from './samples-view.ts';
import type { App, Step } from './step.ts';

/** Between two drawings, in milliseconds: often enough for eyes, seldom enough for the training. */
const DRAW_MS = 250;
/** What is said when the training comes to be so. */
const SAID: Partial<Record<Status, string>> = {
  starting: 'Training starts',
  training: 'Training',
  over: 'Training has ended',
};

/** How the curve of a fit is read. */
const CURVES: Readonly<Record<Measured, string>> = {
  tables:
    'How far the rows are from the noisy tables that were measured, in units of their noise. It falls quickly, then slowly; towards the end it levels out.',
  features:
    'How far the new ones are from the noisy sums that were measured, over how far the noise alone moved those: about 1 is as near as anyone can come. It falls quickly, then levels out.',
};

export function trainStep(app: App): Step {
  const { state } = app;

  function open(body: HTMLElement): () => void {
    const run = state.run as Run;
    const { system } = run.plan;
    const dp = isPrivate(system);
    const fits = isFit(system);
    const line = h('p.now');
    const bar = h('progress', { 'aria-label': 'Progress of the training', max: 1, value: 0 });
    const buttons = h('div.buttons');
    const problem = h('div');
    const spent = h('div');
    const notice = h('p.hint');
    const stay = h('p.hint');
    const chart = h('div.chart');
    const made = h('div.made');
    const owner = ownerPanel(run, run.plan.whole ? 0 : (state.ready?.holdout ?? 0), dp);
    put(
      body,
      problem,
      line,
      bar,
      buttons,
      stay,
      notice,
      dp ? spent : null,
      h('h3', 'What it makes now'),
      made,
      h('h3', 'Losses'),
      fits
        ? null
        : h(
            'p.legend',
            { 'aria-hidden': 'true' },
            h('span.key.generator', 'generator'),
            h('span.key.critics', run.plan.partitions > 1 ? 'critics, on average' : 'critic'),
          ),
      chart,
      explain(
        fits ? 'How do I read this curve?' : 'How do I read these curves?',
        isFit(system)
          ? CURVES[measuredBy(system)]
          : 'The generator makes rows, the critic judges them; each has a number for how badly it fares. The two pull against each other, so the curves do not fall to zero: they should settle into a band. If one runs away, stop, halve the learning rate and start again.',
      ),
      owner.element,
    );

    let drawn = { points: 0, step: -1, status: '', at: 0 };
    let timer = 0;
    function draw(): void {
      clearTimeout(timer);
      // Nobody looks at a hidden tab; it is drawn when it shows again.
      if (document.hidden) return;
      const wait = drawn.at + DRAW_MS - performance.now();
      if (run.status === drawn.status && wait > 0) {
        timer = window.setTimeout(draw, wait);
        return;
      }
      if (run.status !== drawn.status) controls();
      put(line, lineOf(run));
      put(notice, run.notice ?? '');
      put(stay, run.busy ? 'You can use other tabs meanwhile; keep this one open.' : '');
      bar.max = run.steps;
      if (run.status === 'starting') bar.removeAttribute('value');
      else bar.value = run.step;
      if (run.points.length && run.step !== drawn.points)
        put(chart, lossChart(run.points, Math.max(run.steps, run.step)));
      if (run.samples && run.samples.step !== drawn.step) put(made, samplesView(run.samples.samples));
      if (!run.samples) put(made, h('p.hint', 'The first ones appear within moments.'));
      if (dp) put(spent, spentView(run));
      owner.draw();
      drawn = { points: run.step, step: run.samples?.step ?? -1, status: run.status, at: performance.now() };
    }

    function controls(): void {
      const button = (text: string, act: () => void, primary = false) =>
        h('button', { class: primary && 'primary', onclick: act }, text);
      const more = () => void run.resume(Math.max(0, run.plan.steps - run.step) || run.plan.steps);
      const exhausted = run.ending === 'budget' || (dp && run.step >= run.plan.steps);
      const list: Child[] = {
        starting: [button('Stop', () => run.stop())],
        training: [button('Stop', () => run.stop())],
        stopping: [h('button', { disabled: true }, 'Stopping\u2026')],
        over: [
          button('Go on to the download', () => app.next(), true),
          exhausted ? null : button(run.ending === 'stopped' ? 'Continue training' : 'Train longer', more),
        ],
        failed: [
          run.trouble?.code === 'DEVICE_LOST' ? button('Try to go on', more, true) : null,
          run.step > 0 && run.samples ? button('Use what there is', () => app.next()) : null,
        ],
      }[run.status];
      const focused = buttons.contains(document.activeElement);
      put(buttons, list);
      if (focused) (buttons.querySelector('button:not(:disabled)') as HTMLElement | null)?.focus();
      put(problem, run.trouble ? troubleBox(run.trouble) : null);
      const said = SAID[run.status];
      if (said) app.say(said);
    }

    const title = document.title;
    const named = () => {
      document.title = run.busy && run.step ? `${Math.floor((100 * run.step) / run.steps)} % \u2013 VeilGAN` : title;
    };
    const deaf = run.listen(() => {
      named();
      draw();
    });
    document.addEventListener('visibilitychange', draw);
    draw();
    return () => {
      deaf();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', draw);
      document.title = title;
    };
  }

  return {
    title: 'Training',
    open,
    summary: () => {
      const { run } = state;
      if (!run) return '';
      const spent = run.spent ? `; epsilon ${run.spent.epsilon.toFixed(2)} spent` : '';
      return `${done(run)}${spent}`;
    },
    settles: [],
  };
}

/** `60 steps in 10 s`. */
const done = ({ step, seconds }: Run): string =>
  `${count(step)} steps${seconds ? ` in ${about(seconds).replace('about ', '')}` : ''}`;

/** What happens before the first step. */
const beginning = ({ plan: { system } }: Run): string =>
  isFit(system) && measuredBy(system) === 'features'
    ? 'Summing the features, once: a few seconds, of many thousands without a graphics card minutes\u2026'
    : 'Preparing the networks: a few seconds, on a slow computer longer\u2026';

function lineOf(run: Run): string {
  const steps = `step ${count(run.step)} of ${count(run.steps)}`;
  const left = run.left === undefined ? '' : `, ${about(run.left)} left`;
  const why = { done: 'Done', budget: 'Done: the limit is reached', stopped: 'Stopped' }[run.ending ?? 'done'];
  return {
    starting: run.step ? 'Going on\u2026' : beginning(run),
    training: run.step < run.steps ? `Training: ${steps}${left}` : 'Finishing\u2026',
    stopping: `Stopping after ${steps}`,
    failed: `Ended at ${steps}`,
    over: `${why}. ${done(run)}.`,
  }[run.status];
}

/** How much of epsilon is gone. */
function spentView({ spent, plan }: Run): HTMLElement {
  const value = spent?.epsilon ?? 0;
  const label = `Epsilon spent: ${value.toFixed(2)} of ${plan.epsilon}`;
  return h(
    'div.budget',
    h('p', h('strong', label), h('span.hint', ' Training ends before the limit is passed.')),
    gauge(value, plan.epsilon, label),
  );
}
