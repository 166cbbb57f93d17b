/** PAR-GAN in a dedicated worker: the page stays responsive, and stopping, a hidden tab and a lost device cost nothing. */
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findChromium } from '../../src/build/chromium.mjs';
import type { News, Start } from '../../src/examples/training-worker.ts';
import { bundled, installPackage } from '../support/package.ts';
import { withPage } from '../tools/browser.mjs';

/** Frames a second that a page must keep; browsers draw at most 60. */
const FRAMES = 30;
/** Of a small training: enough that a word from the page, sent at step 15, comes before the end. */
const STEPS = 300;
const PAGE = `<!doctype html><output>...</output><button name="start">Start</button><button name="stop">Stop</button>
<script type="module" src="/training.js"></script>`;

/** What the tests add to the worker: timers are counted, and its device can be destroyed from outside. */
const PROBE = `const probe = { timers: 0, device: null };
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  return (probe.device = await request.call(this, descriptor));
};
for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame']) {
  const plain = globalThis[name].bind(globalThis);
  globalThis[name] = (...given) => (probe.timers++, plain(...given));
}
addEventListener('message', ({ data }) => {
  if (data.order === 'lose') probe.device.destroy();
  if (data.order === 'timers') postMessage({ news: 'timers', timers: probe.timers });
});
`;

declare global {
  interface Window {
    /** ends the process in which the browser talks to the GPU, as a crashing driver does */
    crashGpu(): Promise<void>;
  }
}

interface Story {
  /** the generator's loss at each step as often as it was told of */
  readonly losses: Record<number, number[]>;
  readonly samples: number[];
  /** steps that a lost device sent the training back to */
  readonly lost: number[];
  readonly stops: number;
  /** of the worker, by the time training was done */
  readonly timers: number;
}

/** In the page: a training that is interrupted once the step is reached, however it is done. */
async function story(page: Page, how: '' | 'stop' | 'lose' | 'crash'): Promise<Story> {
  const fields = { steps: STEPS, partitions: 2, batch: 16, rows: 1000, generatorHidden: [32], criticHidden: [32] };
  const start: Start = { order: 'start', fields, every: 10 };
  return page.evaluate(
    ([start, how]) =>
      new Promise<Story>((resolve, reject) => {
        const worker = new Worker('/training-worker.js', { type: 'module' });
        const told = {
          losses: {} as Record<number, number[]>,
          samples: [] as number[],
          lost: [] as number[],
          stops: 0,
        };
        let interrupt = how;
        worker.onmessage = ({ data }: MessageEvent<News | { news: 'timers'; timers: number }>) => {
          if (data.news === 'rows') {
            for (const { step, loss_g } of data.rows) (told.losses[step] ??= []).push(loss_g);
            if (!interrupt || data.rows[data.rows.length - 1].step < 15) return;
            if (interrupt === 'crash') window.crashGpu();
            else worker.postMessage({ order: interrupt });
            interrupt = '';
          } else if (data.news === 'lost') told.lost.push(data.from);
          else if (data.news === 'stopped') {
            told.stops++;
            worker.postMessage(start);
          } else if (data.news === 'done') {
            told.samples = Array.from(data.samples);
            worker.postMessage({ order: 'timers' });
          } else if (data.news === 'timers') {
            worker.terminate();
            resolve({ ...told, timers: data.timers });
          } else if (data.news === 'failed') reject(new Error(data.why));
        };
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(start);
      }),
    [start, how] as const,
  );
}

/** Frames a second of the page over some milliseconds. */
const frames = (page: Page, ms: number): Promise<number> =>
  page.evaluate(
    (ms) =>
      new Promise<number>((done) => {
        let [start, count] = [0, -1];
        const frame = (now: number) => {
          start ||= now;
          count++;
          if (now - start < ms) requestAnimationFrame(frame);
          else done((1000 * count) / (now - start));
        };
        requestAnimationFrame(frame);
      }),
    ms,
  );

/** Clicks a button and gives the number in the output once it reads `word step N`, and N is large enough. */
async function stepAfter(page: Page, button: string, word: string, least = 0): Promise<number> {
  await page.click(`button[name=${button}]`);
  const found = await page.waitForFunction(
    ([word, least]) => {
      const text = document.querySelector('output')?.textContent ?? '';
      const step = Number(/\d+$/.exec(text)?.[0]);
      return text.startsWith(word) && step > least && step;
    },
    [word, least] as const,
  );
  return (await found.jsonValue()) as number;
}

interface Seen {
  /** frames a second before and after */
  readonly idle: readonly number[];
  /** frames a second in two stretches of training; other programs may take one of them */
  readonly busy: readonly number[];
  readonly steps: readonly [running: number, stopped: number, resumed: number];
  readonly whole: Story;
  readonly stopped: Story;
  readonly lost: Story;
  readonly crashed: Story;
}

async function look(page: Page): Promise<Seen> {
  const browser = await page.context().browser()?.newBrowserCDPSession();
  await page.exposeFunction('crashGpu', () => browser?.send('Browser.crashGpuProcess'));
  const idle = [await frames(page, 1000)];
  const running = await stepAfter(page, 'start', 'step');
  const busy = [await frames(page, 2000), await frames(page, 2000)];
  const stopped = await stepAfter(page, 'stop', 'stopped');
  const resumed = await stepAfter(page, 'start', 'step', stopped);
  await stepAfter(page, 'stop', 'stopped');
  idle.push(await frames(page, 1000));
  const whole = await story(page, '');
  return {
    ...{ idle, busy, steps: [running, stopped, resumed], whole },
    stopped: await story(page, 'stop'),
    lost: await story(page, 'lose'),
    crashed: await story(page, 'crash'),
  };
}

if (!findChromium()) {
  console.error('# SKIPPED: training in a worker was NOT tested; there is no Chromium (npm run setup -- --browser)');
  test.skip('training in a worker');
} else {
  const installed = await installPackage('embed-worker', { types: false });
  const [app, worker] = await Promise.all(
    ['training.ts', 'training-worker.ts'].map((file) => bundled(installed, { file })),
  ).finally(installed.remove);
  const files = { '/training.js': app, '/training-worker.js': PROBE + worker };
  tests(await withPage(look, { html: PAGE, files, timeout: 120_000 }));
}

function tests({ idle, busy, steps, whole, stopped, lost, crashed }: Seen): void {
  test('the page draws while the worker trains', () => {
    const list = (rates: readonly number[]) => rates.map((x) => x.toFixed(0)).join(', ');
    console.error(`# frames a second: ${list(busy)} while training, ${list(idle)} before and after`);
    // On a machine that cannot draw an idle page in time, training may cost half of what it draws.
    assert.ok(Math.max(...busy) >= Math.min(FRAMES, Math.min(...idle) / 2));
  });

  test('it stops, and goes on from there', () => {
    const [running, stopped, resumed] = steps;
    assert.ok(running >= 1 && stopped >= running && resumed > stopped);
  });

  test('training asks for no timer and no frame, which hidden tabs are denied', () => {
    for (const { timers } of [whole, stopped]) assert.is(timers, 0);
  });

  test('a training that was stopped has the bits of one that was not', () => {
    assert.is(stopped.stops, 1);
    assert.is(Object.keys(whole.losses).length, STEPS);
    assert.equal(stopped.losses, whole.losses);
    assert.equal(stopped.samples, whole.samples);
  });

  test('one whose device was lost, or whose driver crashed, goes on from its checkpoint, to the same bits', () => {
    for (const { lost: from, samples, losses } of [lost, crashed]) {
      assert.is(from.length, 1);
      assert.ok(from[0] >= 10 && from[0] % 10 === 0);
      assert.equal(samples, whole.samples);
      for (const [step, told] of Object.entries(losses)) {
        for (const loss of told) assert.is(loss, whole.losses[Number(step)][0], `step ${step}`);
      }
    }
    assert.is(whole.samples.length, 2000);
    assert.ok(new Set(whole.samples).size > 1000);
  });
}

test.run();
