/**
 * Differentially private GANs: with per-sample clipping (Bie, Kamath and Zhang 2023), with K critics on disjoint
 * partitions, or with clipped weights as DPGAN was published (Xie et al. 2018), which has no guarantee. Only the critics'
 * updates see data (`src/privacy/README.md`).
 */
import { VeilganError } from '../base/errors.ts';
import type { Gpu, Replay } from '../gpu/index.ts';
import { type PhysicalBatch, physicalBatches } from '../privacy/sampling.ts';
import { type LossRow, lossRows } from '../train/loop.ts';
import { type HostTensors, restoreCount } from '../train/player.ts';
import { LabelledRows, type TrainingData, trainingRows } from '../train/rows.ts';
import { networks } from './networks/index.ts';
import { checkPrivate, type PrivateConfig, physicalRows } from './private/config.ts';
import { samplesApart } from './private/guard.ts';
import { Schedule } from './private/schedule.ts';
import { type PrivateMeans, PrivateStep, type Programs } from './private/step.ts';
import { GanSystem } from './system.ts';

/** Most device batches of a chunk. */
const CHUNK = 256;

/** Most device batches that an expected batch may be cut into. */
const MOST = 64;

/** A chunk as it grows. */
interface Chunk {
  /** the generator step that it has come to, and the noisy updates since the last generator update */
  step: number;
  since: number;
  /** `batch`: which of the batches a replay reads */
  readonly replays: (Replay & { batch?: number })[];
  readonly batches: PhysicalBatch[];
  /** of each noisy update, how many records its largest critic sums */
  readonly largest: number[];
  /** noisy updates before each generator update */
  readonly before: number[];
}

export class DpGan extends GanSystem {
  declare readonly config: PrivateConfig;
  readonly maxChunk = CHUNK;
  readonly schedule: Schedule;
  /** most noisy updates that may be made in all */
  limit = Number.POSITIVE_INFINITY;
  readonly #means: PrivateMeans;
  readonly #data: TrainingData;
  readonly #total: number;
  readonly #physical: number;
  readonly #rows: LabelledRows;
  /** what an update does on the device */
  readonly #work: PrivateStep;
  #pending: PhysicalBatch[] | null = null;
  /** noisy updates since the last generator update */
  #since = 0;
  /** for each chunk in flight: how many noisy updates it makes before each of its generator updates */
  readonly #before: number[][] = [];
  #lastLoss: Float32Array | null = null;

  /** @throws VeilganError CONFIG where the networks cannot make such records, OVER_LIMIT for too many partitions */
  constructor(gpu: Gpu, config: PrivateConfig, data: TrainingData, seed: number, means: PrivateMeans) {
    checkPrivate(config);
    const physical = physicalRows(config);
    if (config.batch > MOST * physical) {
      throw new VeilganError('CONFIG', `batches of about ${config.batch} records in device batches of ${physical}`, {
        where: 'physicalBatch',
        fix: `Use at least ${Math.ceil(config.batch / MOST)}`,
      });
    }
    super(gpu, config, data, seed);
    this.schedule = new Schedule(config);
    this.#means = means;
    this.#data = data;
    this.#total = trainingRows(data, config);
    this.#physical = physical;
    const train = data.train.subarray(0, this.#total * data.features);
    const options = { width: data.features, perStep: config.partitions * physical, chunk: CHUNK };
    this.#rows = new LabelledRows(gpu, { ...data, train }, this.classes, options, means.tags);
    this.#work = new PrivateStep(this, this.#rows, means);
  }

  /** Noisy updates of the critics, done or submitted. */
  get updates(): number {
    return this.critics.optimizer.updates;
  }

  /** Whether batches have been drawn for an update that no chunk has had room for yet. */
  get drawn(): boolean {
    return this.#pending !== null;
  }

  override get exhausted(): boolean {
    return this.updates >= this.limit && this.#since === 0;
  }

  /** The adaptive schedule looks at a step before it decides about the next. */
  get waits(): boolean {
    return this.schedule.adaptive && this.#since === 0;
  }

  /** The last step may be short of some updates; an adaptive schedule decides on the way. */
  override stepsWithin(updates: number): number {
    if (this.schedule.adaptive || updates === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    let { step } = this;
    for (let made = this.updates - this.#since; made < updates; step++) made += this.schedule.updates(step);
    return step;
  }

  override async prepare(begun: boolean): Promise<number> {
    const { config } = this;
    if (this.#means.mechanism.clipping !== 'none') await samplesApart(this.#work);
    if (!begun) await networks[config.network].pretrain?.(this, this.#data, this.#total);
    return Number.POSITIVE_INFINITY;
  }

  /** A sample of every partition, cut into device batches: none where all are empty. */
  #draw(): PhysicalBatch[] {
    return physicalBatches(
      this.#means.samplers.map((sampler) => sampler.next()),
      this.#physical,
    );
  }

  /** What is replayed, in which order `chunk` says: who watches a run knows its updates by them. */
  get programs(): Programs {
    return this.#work.programs();
  }

  /**
   * The replays of up to `most` generator steps, each after its noisy updates; a chunk may end between two updates, and
   * ends for good where `limit` is reached. What they cost is told to `spend` before they are given out.
   */
  override chunk(most: number): Replay[] {
    this.snapshots.take(this.step);
    // Where the next number of updates is not known yet, the chunk ends with the step.
    const steps = this.schedule.adaptive ? 1 : Math.min(most, this.snapshots.room(this.step));
    const from = this.updates;
    const chunk: Chunk = { step: this.step, since: this.#since, replays: [], batches: [], largest: [], before: [] };
    while (chunk.before.length < steps) {
      const spent = from + chunk.largest.length >= this.limit;
      if (chunk.since === 0 && spent) break;
      if (chunk.since < this.schedule.updates(chunk.step) && !spent) {
        this.#pending ??= this.#draw();
        if (chunk.replays.length && !this.#fits(chunk, this.#pending)) break;
        this.#addUpdate(chunk, this.#pending);
        this.#pending = null;
      } else {
        chunk.replays.push({ program: this.programs.generate, step: chunk.step, repeat: 0 });
        chunk.before.push(chunk.largest.length);
        chunk.since = 0;
        chunk.step++;
      }
    }
    const { step, since, replays, batches, largest, before } = chunk;
    const places = this.#rows.send(batches.length, (list, at, i) => list.set(batches[i].index, at));
    this.#work.prepare(from, largest);
    if (largest.length) this.#means.spend(from, from + largest.length);
    this.step = step;
    this.#since = since;
    this.#before.push(before);
    return replays.map(({ batch, ...replay }) =>
      batch === undefined ? replay : { ...replay, index: places[batch], live: batches[batch].live },
    );
  }

  /** Whether a chunk has room for one more update, of these device batches. */
  #fits({ replays, batches, largest }: Chunk, next: readonly PhysicalBatch[]): boolean {
    const { fakeBatches, most } = this.#work;
    return (
      batches.length + Math.max(1, next.length) <= this.#rows.chunk &&
      replays.length + next.length + fakeBatches + 2 <= 2 * CHUNK &&
      largest.length < most
    );
  }

  /** One more noisy update: its sum over device batches of real and of generated records, noise, the optimiser's step. */
  #addUpdate(chunk: Chunk, next: readonly PhysicalBatch[]): void {
    const { programs } = this;
    const { together, fakeBatches } = this.#work;
    const { step, since, replays, batches, largest } = chunk;
    // Where all samples are empty, a batch of padding goes with the generated records.
    const sent = together && !next.length ? [this.#work.padding()] : next;
    if (!together) replays.push({ program: programs.first, step, repeat: since });
    // A record finds the same draws in whichever device batch of the update it stands.
    sent.forEach((batch, j) => {
      const program = together && j === 0 ? programs.first : programs.reals;
      replays.push({ program, step, repeat: since, batch: batches.length });
      batches.push(batch);
    });
    for (let j = 1; j < fakeBatches; j++) {
      replays.push({ program: programs.fakes, step, repeat: since * CHUNK + j, live: this.#work.liveFakes(j) });
    }
    replays.push({ program: programs.finish, step, repeat: since, index: largest.length });
    const records = Math.max(...this.#means.partitions.map((_, k) => total(next, k)));
    this.#work.admit(records, next.length);
    largest.push(records);
    chunk.since++;
  }

  /** The critics' losses are those on generated records before the step's last update: nothing of the data is in them. */
  override rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    this.#means.witness?.note(logs.get('sum') ?? [], logs.get('release') ?? []);
    const critics = logs.get('loss_d') ?? [];
    const aligned = (this.#before.shift() ?? []).map((n) => (n ? critics[n - 1] : this.#lastLoss) as Float32Array);
    this.#lastLoss = critics[critics.length - 1] ?? this.#lastLoss;
    for (const [share] of logs.get('seen_through') ?? []) this.schedule.note(share);
    return lossRows(new Map([...logs, ['loss_d', aligned]]), first);
  }

  override get anchorWeight(): number {
    return this.config.anchor;
  }

  override owners(): Uint32Array {
    const owners = new Uint32Array(this.#total).fill(this.config.partitions);
    this.#means.partitions.forEach((rows, k) => {
      for (const row of rows) owners[row] = k;
    });
    return owners;
  }

  override async state(): Promise<{ tensors: HostTensors; meta: Record<string, string> }> {
    const { tensors, meta } = await super.state();
    return { tensors, meta: { ...meta, critic_since: String(this.#since), ...this.schedule.state() } };
  }

  override restore(tensors: Readonly<HostTensors>, meta: Readonly<Record<string, string>>): void {
    super.restore(tensors, meta);
    this.#since = restoreCount(meta, 'critic_since');
    this.schedule.restore(meta);
  }

  override dispose(): void {
    this.#work.dispose();
    this.#rows.dispose();
    super.dispose();
  }
}

/** Records of critic k in all device batches of an update. */
const total = (batches: readonly PhysicalBatch[], k: number): number => batches.reduce((n, { live }) => n + live[k], 0);
