/** A training as the main thread knows it: what the worker said of it so far. */
import { VeilganError } from '../../base/errors.ts';
import type { AttackScore, Ending, LossPoint, News, Plan, Samples, Spent, Trouble } from '../protocol.ts';
import type { Remote } from '../remote.ts';
import { troubleOf } from '../trouble.ts';
import { forget } from './storage.ts';

export type Status = 'starting' | 'training' | 'stopping' | 'over' | 'failed';

/** Points of the loss curves that are kept; beyond it neighbours become their mean. */
const POINTS = 400;

export class Run {
  readonly plan: Plan;
  status: Status = 'starting';
  ending?: Ending;
  trouble?: Trouble;
  /** what went wrong last without ending it */
  notice?: string;
  step = 0;
  /** generator steps in all */
  steps: number;
  seconds = 0;
  points: LossPoint[] = [];
  samples?: { readonly step: number; readonly samples: Samples };
  spent?: Spent;
  scores: AttackScore[] = [];
  watched: boolean;
  /** whether the owner has downloaded what there is now */
  saved = false;
  /** whether the browser keeps it over a reload */
  kept = false;
  readonly #worker: Remote;
  readonly #changed = new Set<() => void>();
  readonly #deaf: () => void;
  /** where the stretch began by which time is estimated: its first steps compile the kernels */
  #anchor = { step: 0, seconds: 0 };
  #every = 1;
  #pending: LossPoint[] = [];

  /** A training that is about to begin, or to be opened again. */
  constructor(worker: Remote, plan: Plan, watched: boolean) {
    this.#worker = worker;
    this.plan = plan;
    this.steps = plan.steps;
    this.watched = watched;
    this.#deaf = worker.listen((news) => this.#hear(news));
  }

  /** @param begun is given the name that the browser keeps it under, if it does */
  async start(begun: (run: string | undefined) => void): Promise<void> {
    await this.#do(async () => {
      await this.#worker.call('watch', this.watched);
      const { run } = await this.#worker.call('start', this.plan);
      this.kept = run !== undefined;
      begun(run);
    });
  }

  /** Whether leaving the page loses something. */
  get unsaved(): boolean {
    return this.busy || (this.step > 0 && !this.saved && !this.kept);
  }

  get busy(): boolean {
    return this.status === 'starting' || this.status === 'training' || this.status === 'stopping';
  }

  /** Seconds until the end at the speed so far; undefined while nobody knows. */
  get left(): number | undefined {
    const [step, seconds] = [this.step - this.#anchor.step, this.seconds - this.#anchor.seconds];
    return step < 5 ? undefined : ((this.steps - this.step) * seconds) / step;
  }

  /** Calls `listener` after every change, until the function that comes back is called. */
  listen(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  }

  async stop(): Promise<void> {
    if (!this.busy) return;
    this.status = 'stopping';
    this.#tell();
    await this.#do(() => this.#worker.call('stop', undefined));
  }

  /** Goes on, with `more` steps where it was at its end. */
  async resume(more: number): Promise<void> {
    this.steps = Math.max(this.steps, this.step) + more;
    this.status = 'starting';
    this.trouble = undefined;
    this.saved = false;
    this.#anchor = { step: 0, seconds: 0 };
    this.#tell();
    await this.#do(() => this.#worker.call('resume', { steps: this.steps }));
  }

  async watch(on: boolean): Promise<void> {
    this.watched = on;
    await this.#do(() => this.#worker.call('watch', on));
  }

  /** Hears and tells nothing any more. */
  leave(): void {
    this.#deaf();
    this.#changed.clear();
  }

  /** Ends it, and removes what is kept of it. */
  async discard(): Promise<void> {
    this.leave();
    this.status = 'over';
    this.saved = true;
    forget();
    await this.#worker.call('forget', {}).catch(() => {});
  }

  async #do(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (error instanceof VeilganError && error.code === 'INTERRUPTED') return;
      this.#failed(troubleOf(error));
    }
  }

  #failed(trouble: Trouble): void {
    this.status = 'failed';
    this.trouble = trouble;
    this.#tell();
  }

  #hear(news: News): void {
    switch (news.news) {
      case 'losses':
        if (this.status === 'starting') this.status = 'training';
        this.seconds = news.seconds;
        this.steps = news.steps;
        for (const point of news.points) this.#add(point);
        if (!this.#anchor.step) this.#anchor = { step: this.step, seconds: this.seconds };
        break;
      case 'samples':
        this.samples = news;
        break;
      case 'spent':
        this.spent = news.spent;
        break;
      case 'attack':
        this.scores = [...this.scores.filter(({ name }) => name !== news.score.name), news.score];
        break;
      case 'ended':
        this.status = 'over';
        this.ending = news.how;
        this.step = news.step;
        this.seconds = news.seconds;
        break;
      case 'failed':
        this.step = news.step;
        this.#failed(news.trouble);
        return;
      case 'notice':
        this.notice = news.text;
        break;
      default:
        return;
    }
    this.#tell();
  }

  /** Keeps the curves short: where there are too many points, two become one. */
  #add(point: LossPoint): void {
    this.step = Math.max(this.step, point.step);
    this.#pending.push(point);
    if (this.#pending.length < this.#every) return;
    this.points.push(mean(this.#pending));
    this.#pending = [];
    if (this.points.length < POINTS) return;
    this.points = Array.from({ length: POINTS / 2 }, (_, i) => mean(this.points.slice(2 * i, 2 * i + 2)));
    this.#every *= 2;
  }

  #tell(): void {
    for (const listener of this.#changed) listener();
  }
}

function mean(points: readonly LossPoint[]): LossPoint {
  const of = (value: (point: LossPoint) => number) => points.reduce((sum, p) => sum + value(p), 0) / points.length;
  return { step: points[points.length - 1].step, generator: of((p) => p.generator), critics: of((p) => p.critics) };
}
