/**
 * A training in a page, for a dedicated worker: what the command line does with a run directory, with a run in memory
 * that the browser keeps where it can. A device that is lost is opened again, and training goes on from the last
 * checkpoint, as it does in a tab that was closed, once the same rows are opened again: they are kept nowhere.
 */
import { type AttackName, basicAttacks } from '../../attack/index.ts';
import '../../ops/install.ts';
import { VeilganError } from '../../base/errors.ts';
import { fingerprintOf, type Source } from '../../data/dataset.ts';
import type { Gpu } from '../../gpu/index.ts';
import { reportOn } from '../../report/compare.ts';
import { factsOf } from '../../report/facts.ts';
import { renderReport } from '../../report/html.ts';
import { ATTACKS_FILE } from '../../report/results.ts';
import { type Assessment, attackRun } from '../../run/assess/attacks.ts';
import { type RunPlan, stepsOf, type TrainingJob } from '../../run/job.ts';
import { MemoryRun, type MemoryRunOptions } from '../../run/memory-run.ts';
import { RUN_FORMAT } from '../../run/schema.ts';
import { type Spending, spending } from '../../run/spend.ts';
import { beginJob, openJob, runTraining, type TrainingResult } from '../../run/training.ts';
import type { LossRow } from '../../train/loop.ts';
import { keeping, OpfsRun } from './opfs.ts';

/** Milliseconds of work a submit: the page draws 60 times a second with the same device. */
const TARGET_MS = 8;
/** How often a device may be lost without a step in between. */
const LOSSES = 3;

export interface SessionOptions {
  /** opens a device; called again where one is lost */
  readonly open: () => Promise<Gpu>;
  /** told of each finished chunk */
  readonly onRows?: (rows: readonly LossRow[]) => void;
  /** told, in a sentence or two, of what went wrong and does not end the training */
  readonly onNotice?: (notice: string) => void;
  /** default 10 */
  readonly checkpointSeconds?: number;
  /** milliseconds for which a kept run that is open elsewhere is waited for; default 10,000 */
  readonly wait?: number;
  /** of the package, for run.json */
  readonly version?: string;
}

type Job = TrainingJob<MemoryRun>;

export class PageSession {
  /** what the run is called here and in reports: `dpgan-people-20261121093000` */
  readonly name: string;
  readonly run: MemoryRun;
  readonly #options: SessionOptions;
  readonly #data: Source;
  readonly #kept: OpfsRun | undefined;
  #gpu: Gpu;
  #job: Job;
  #training: Promise<TrainingResult> | undefined;
  #stopped = false;

  /**
   * A new run.
   * @param data its fingerprint is filled in where it has none
   * @throws VeilganError CONFIG where the plan does not fit the data or the budget, FILE, or what `open` throws
   */
  static async start(data: Source, plan: RunPlan, options: SessionOptions): Promise<PageSession> {
    const created = new Date().toISOString();
    const label = `${plan.system}-${data.name}`.replace(/[^\w.-]+/g, '_');
    const name = `${label}-${created.replace(/\D/g, '').slice(0, 14)}`;
    const added = { created, version: { veilgan: options.version ?? 'unknown' } };
    return PageSession.#open(name, data, options, (gpu, more) =>
      beginJob(gpu, data, plan, (meta) => new MemoryRun(name, { format: RUN_FORMAT, ...meta, ...added }, more)),
    );
  }

  /**
   * A kept run that goes on.
   * @param name as `keptRuns` has it
   * @param data what it was trained on
   * @throws VeilganError DATA for other rows; FILE where the run is damaged or open in another tab
   */
  static async reopen(name: string, data: Source, options: SessionOptions): Promise<PageSession> {
    return PageSession.#open(name, data, options, (gpu, more, state) => {
      if (!state) {
        throw new VeilganError('FILE', 'the browser has kept nothing of this run', { where: name, fix: 'Start anew' });
      }
      const run = MemoryRun.fromBytes(name, state, more);
      if (run.info.data.sha256 !== data.meta.sha256) {
        throw new VeilganError('DATA', 'these are not the rows that the run was trained on', {
          where: name,
          fix: 'Open the same file, with the same columns and types',
        });
      }
      return openJob(gpu, run, data, { write: true, warn: options.onNotice });
    });
  }

  static async #open(
    name: string,
    data: Source,
    options: SessionOptions,
    makeJob: (gpu: Gpu, more: MemoryRunOptions, state: Uint8Array | undefined) => Job,
  ): Promise<PageSession> {
    data.meta.sha256 ??= await fingerprintOf(data);
    const kept = await OpfsRun.open(name, options.wait);
    let gpu: Gpu | undefined;
    try {
      gpu = await options.open();
      const job = makeJob(gpu, keeping(kept, options.onNotice), kept?.read());
      return new PageSession(options, data, kept, gpu, job);
    } catch (error) {
      gpu?.close();
      await kept?.abandon();
      throw error;
    }
  }

  private constructor(options: SessionOptions, data: Source, kept: OpfsRun | undefined, gpu: Gpu, job: Job) {
    [this.name, this.run, this.#options, this.#data] = [job.run.dir, job.run, options, data];
    [this.#kept, this.#gpu, this.#job] = [kept, gpu, job];
  }

  /** What the run is as of now: the generator and the critics of the last submitted step. */
  get job(): Job {
    return this.#job;
  }

  /** Whether the browser keeps the run when its tab is closed. */
  get kept(): boolean {
    return this.#kept !== undefined;
  }

  /**
   * Trains to the last step, or until `stop`, and over lost devices.
   * @param steps generator steps in all; by default as planned
   * @throws VeilganError USAGE while it trains already; NAN; FILE where a private run cannot pay; DEVICE_LOST where
   * devices are lost again and again
   */
  train(steps = this.#job.steps): Promise<TrainingResult> {
    if (this.#training) {
      return Promise.reject(new VeilganError('USAGE', 'the run is being trained', { fix: 'Stop it first' }));
    }
    this.#stopped = false;
    const training = this.#train(steps).finally(() => {
      this.#training = undefined;
    });
    this.#training = training;
    return training;
  }

  async #train(wanted: number): Promise<TrainingResult> {
    const { checkpointSeconds = 10, onRows, onNotice } = this.#options;
    const [started, first] = [performance.now(), this.#job.gan.step];
    let [losses, reached] = [0, first];
    for (;;) {
      const { gan, guarantee } = this.#job;
      this.#job = { ...this.#job, steps: stepsOf(wanted, gan, guarantee) };
      try {
        const result = await runTraining(this.#job, {
          targetMs: TARGET_MS,
          checkpointSeconds,
          checkpointFirst: true,
          stop: () => this.#stopped,
          onRows: (rows) => {
            [losses, reached] = [0, Math.max(reached, rows[rows.length - 1].step)];
            onRows?.(rows);
          },
        });
        return { ...result, added: result.steps - first, seconds: (performance.now() - started) / 1000 };
      } catch (error) {
        if (!isLost(error) || ++losses > LOSSES) throw error;
        await this.#renew();
        const again = reached - this.#job.gan.step;
        onNotice?.(
          `The graphics device was lost and opened again; ${again ? `${again} steps are repeated` : 'nothing was lost'}.`,
        );
      }
    }
  }

  /** Another device in place of a lost one, and the run as its last checkpoint has it. */
  async #renew(): Promise<void> {
    this.#job.guarantee?.close();
    this.#gpu.close();
    this.#gpu = await this.#options.open();
    const { steps } = this.#job;
    this.#job = openJob(this.#gpu, this.run, this.#data, { write: true, steps, warn: this.#options.onNotice });
  }

  /** Work on the run as it is now. While it trains, a lost device is the training's to open again. */
  async #doing<T>(work: (job: Job) => Promise<T>): Promise<T> {
    try {
      return await work(this.#job);
    } catch (error) {
      if (!isLost(error) || this.#training || !this.run.hasCheckpoint()) throw error;
      await this.#renew();
      return work(this.#job);
    }
  }

  /** Training ends after the chunks that are under way; `train` goes on. */
  stop(): void {
    this.#stopped = true;
  }

  /** Generated records [n, features], in between the chunks of a training too. @param stream another one, other records */
  sample(n: number, stream = 0): Promise<Float32Array> {
    return this.#doing(({ gan }) => gan.sample(n, stream));
  }

  /**
   * Attacks the run as it is now: the owner's business where it is private. Reports have what the run was attacked with
   * last.
   * @throws VeilganError USAGE while it trains, DATA where training left no rows out
   */
  async attack(names: readonly AttackName[] = basicAttacks): Promise<Assessment> {
    // Weights that move between two questions would answer them differently: members and others would be told by that.
    if (this.#training) throw new VeilganError('USAGE', 'the run is being trained', { fix: 'Stop it first' });
    const found = await this.#doing((job) => attackRun(job, names));
    this.run.writeJson(ATTACKS_FILE, found);
    return found;
  }

  /** What a private run has paid for; the accountant may take a second. */
  spending(): Spending | undefined {
    const { guarantee } = this.#job;
    return guarantee && spending(guarantee);
  }

  /**
   * The report as one HTML file, the one that the command line writes.
   * @param wanted.attack whether the quick attacks are run where none were
   * @param wanted.diagnostics of a private run what only its owner may see
   */
  report(wanted: { attack?: boolean; diagnostics?: boolean } = {}): Promise<string> {
    return this.#doing(async (job) => renderReport(await reportOn([await factsOf(job, this.name, wanted)])));
  }

  /** Ends the training, wipes the keys and gives device and files back; what the browser keeps stays. */
  async close(): Promise<void> {
    this.stop();
    await this.#training?.catch(() => {});
    this.#job.guarantee?.close();
    this.#gpu.close();
    this.#kept?.close();
  }
}

const isLost = (error: unknown): boolean => error instanceof VeilganError && error.code === 'DEVICE_LOST';
