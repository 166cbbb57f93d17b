/** A training in the worker: begun by a plan, told of as it goes on, asked for what it made. */

import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { isFit } from '../../gan/systems.ts';
import { Gpu } from '../../gpu/index.ts';
import { lossesOf } from '../../run/run.ts';
import type { LossRow } from '../../train/loop.ts';
import type { LossPoint, News, Plan } from '../protocol.ts';
import { troubleOf } from '../trouble.ts';
import { configOf } from './config.ts';
import { keptRuns, removeRun } from './opfs.ts';
import { PageSession, type SessionOptions } from './session.ts';
import type { Shelf } from './shelf.ts';
import { samplesOf, shownOf } from './shown.ts';

/** Milliseconds between samples that are shown, at least; the first come at once. */
const SHOW_MS = 1500;
/** Milliseconds between attacks, at least; they take at most a tenth of the time. */
const ATTACK_MS = 8000;
/** Steps before which there is nothing to attack. */
const FIRST_ATTACK = 50;

/** Of the package; set where the page is built. */
declare const VERSION: string;

type Say = (news: News) => void;

const pointOf = ({ step, loss_g, loss_d }: LossRow): LossPoint => ({
  step,
  generator: loss_g,
  critics: loss_d.length ? loss_d.reduce((sum, x) => sum + x / loss_d.length, 0) : Number.NaN,
});

/** A training, what it is of, and how it was planned. */
export interface Trained {
  readonly session: PageSession;
  readonly data: Dataset;
  readonly plan: Plan;
}

export class Training {
  readonly #say: Say;
  readonly #shelf: Shelf;
  #session?: PageSession;
  #plan?: Plan;
  /** a device that no session has yet */
  #spare?: Gpu;
  #attacks = false;
  /** when something is due next, by performance.now() */
  #next = { samples: 0, attack: 0, spent: 0 };
  #showing = false;
  /** whether the owner wants an end, rather than an attack a pause */
  #stopping = false;
  /** milliseconds of training before the current stretch */
  #before = 0;
  #stretch = 0;

  constructor(shelf: Shelf, say: Say) {
    this.#shelf = shelf;
    this.#say = say;
  }

  /** The device, which is opened where there is none. @throws VeilganError NO_ADAPTER */
  async gpu(): Promise<Gpu> {
    if (this.#spare) return this.#spare;
    const gpu = await Gpu.open(navigator.gpu);
    this.#spare = gpu;
    void gpu.device.lost.then(() => {
      if (this.#spare === gpu) this.#spare = undefined;
    });
    return gpu;
  }

  async start(plan: Plan): Promise<{ run?: string }> {
    await this.forget();
    this.#stopping = false;
    const config = configOf(plan, this.#shelf.records(plan));
    const { system, seed } = plan;
    const session = await PageSession.start(this.#shelf.trained(plan), { system, config, seed }, this.#options());
    this.#begin(session, plan);
    void this.#train(plan.steps);
    return session.kept ? { run: session.name } : {};
  }

  /** A kept training, as if it had been stopped just now. @throws VeilganError DATA, FILE */
  async reopen(run: string, plan: Plan): Promise<void> {
    await this.#close();
    const session = await PageSession.reopen(run, this.#shelf.trained({ whole: plan.whole }), this.#options());
    this.#begin(session, plan);
    const rows = lossesOf(session.run);
    const { step } = session.job.gan;
    this.#say({ news: 'losses', points: rows.map(pointOf), steps: plan.steps, seconds: 0 });
    await this.#show(step);
    this.#spent();
    this.#say({ news: 'ended', how: session.job.gan.exhausted ? 'budget' : 'stopped', step, seconds: 0 });
  }

  #begin(session: PageSession, plan: Plan): void {
    [this.#session, this.#plan, this.#before] = [session, plan, 0];
    this.#next = { samples: 0, attack: 0, spent: 0 };
  }

  #options(): SessionOptions {
    return {
      open: async () => {
        const gpu = await this.gpu();
        this.#spare = undefined;
        return gpu;
      },
      onRows: (rows) => this.#onRows(rows),
      onNotice: (text) => this.#say({ news: 'notice', text }),
      version: VERSION,
    };
  }

  async #close(): Promise<void> {
    this.#stopping = true;
    await this.#session?.close();
    this.#session = undefined;
  }

  /**
   * Ends the training and removes whatever no other tab uses.
   * @param run one that is to go even if the page that was just left has it open still
   * @throws VeilganError FILE where another tab has that one open
   */
  async forget(run?: string): Promise<void> {
    await this.#close();
    const others = (await keptRuns()).filter(({ name }) => name !== run);
    for (const { name } of others) await removeRun(name, 0).catch(() => {});
    if (run !== undefined) await removeRun(run);
  }

  /** What is being or was trained. @throws VeilganError USAGE before the first start */
  live(): Trained {
    const [session, plan] = [this.#session, this.#plan];
    if (session && plan) return { session, data: session.job.data, plan };
    throw new VeilganError('USAGE', 'nothing has been trained yet', { fix: 'Start the training first' });
  }

  /** Trains to `steps`; pauses for attacks, for which the networks must hold still. */
  async #train(steps: number): Promise<void> {
    const { session } = this.live();
    try {
      while (!this.#stopping) {
        this.#stretch = performance.now();
        const { interrupted } = await session.train(steps);
        this.#before += performance.now() - this.#stretch;
        if (!interrupted) break;
        if (!this.#stopping) await this.#attack(session.job.gan.step);
      }
      const { gan } = session.job;
      await this.#show(gan.step);
      this.#spent();
      const how = gan.step >= steps ? 'done' : gan.exhausted ? 'budget' : 'stopped';
      this.#say({ news: 'ended', how, step: gan.step, seconds: this.#before / 1000 });
    } catch (error) {
      this.#say({ news: 'failed', trouble: troubleOf(error), step: session.job.gan.step });
    }
  }

  #onRows(rows: readonly LossRow[]): void {
    const { plan, session } = this.live();
    const points = rows.map(pointOf);
    const now = performance.now();
    const { step } = rows[rows.length - 1];
    this.#say({ news: 'losses', points, steps: plan.steps, seconds: (this.#before + now - this.#stretch) / 1000 });
    if (this.#attacks && now >= this.#next.attack && step >= FIRST_ATTACK) session.stop();
    if (now >= this.#next.samples && !this.#showing) void this.#look(step);
  }

  /** Samples and epsilon, from time to time; the accountant is slow and asked less often. */
  async #look(step: number): Promise<void> {
    this.#showing = true;
    const started = performance.now();
    try {
      await this.#show(step);
      this.#next.samples = performance.now() + Math.max(SHOW_MS, 5 * (performance.now() - started));
      const asked = performance.now();
      if (asked < this.#next.spent) return;
      this.#spent();
      this.#next.spent = performance.now() + Math.max(SHOW_MS, 20 * (performance.now() - asked));
    } catch {
      // What is wrong, the training itself will say.
    } finally {
      this.#showing = false;
    }
  }

  async #show(step: number): Promise<void> {
    const { session, data } = this.live();
    const { classes } = session.job.gan;
    const rows = await session.sample(shownOf(data, classes));
    this.#say({ news: 'samples', step, samples: samplesOf(data, rows, classes) });
  }

  #spent(): void {
    const { session, plan } = this.live();
    const spent = session.spending()?.epsilon;
    if (spent) this.#say({ news: 'spent', spent: { epsilon: spent.pld ?? spent.rdp, delta: plan.delta } });
  }

  async #attack(step: number): Promise<void> {
    const { session, plan } = this.live();
    const started = performance.now();
    // Where there is no critic to ask, the new records are all that there is to look at.
    const { attacks } = await session.attack([isFit(plan.system) ? 'nearest-sample' : 'white-box']);
    for (const { name, accuracy, ci95 } of attacks) {
      this.#say({ news: 'attack', score: { step, name, accuracy, low: ci95[0], high: ci95[1] } });
    }
    this.#next.attack = performance.now() + Math.max(ATTACK_MS, 10 * (performance.now() - started));
  }

  stop(): void {
    this.#stopping = true;
    this.#session?.stop();
  }

  resume(steps: number): void {
    const { plan } = this.live();
    this.#plan = { ...plan, steps };
    this.#stopping = false;
    void this.#train(steps);
  }

  watch(on: boolean): void {
    this.#attacks = on;
  }
}
