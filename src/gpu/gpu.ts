import { VeilganError } from '../base/errors.ts';
import { packParams, type Shader, type Variant } from '../wgsl/shader.ts';
import {
  type AdapterReport,
  type Advice,
  checkDevice,
  lostDevice,
  type OpenOptions,
  openDevice,
  uncaptured,
} from './device.ts';
import { type Kernel, Kernels } from './kernels.ts';
import { type Binding, MemoryAccount, type MemoryReport, Pool, Storage } from './pool.ts';
import { type ProfileRow, Profiler } from './profile.ts';
import { kindOf, Program, type Replay } from './program.ts';
import { Queue } from './queue.ts';
import { Waiter } from './wait.ts';

// How long after a failed read the reason may come.
const LOSS_MS = 500;

// Dawn's Node binding aborts the process when the object that create() returned is collected while devices live; a
// Gpu holds it, and this set holds the Gpu until close().
const open = new Set<Gpu>();

/** What a submitted chunk gives back. */
export interface Ticket {
  /** Waits for the chunk; gives for each log column the rows its replays wrote, in order. */
  done(): Promise<Map<string, Float32Array[]>>;
}

/** A device with everything that must exist once for it: one ordered queue, kernels, memory, waiting, errors. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterReport;
  readonly kernels: Kernels;
  readonly waiter: Waiter;
  readonly #root: GPU | undefined;
  readonly #owned: boolean;
  readonly #account = new MemoryAccount();
  readonly #pool: Pool;
  readonly #queue: Queue;
  #program: Program | null = null;
  readonly #programs = new Set<Program>();
  #failure: VeilganError | null = null;
  #closed = false;
  readonly #lost: Promise<never>;
  readonly #uncaptured: (event: Event) => void;

  /**
   * Opens the adapter that `options` ask for; see `openDevice` for what it throws.
   * @param options.polls whether asking for a result costs a core, as in Node
   */
  static async open(
    root: GPU | undefined,
    options: OpenOptions & { polls?: boolean; advice?: () => Advice } = {},
  ): Promise<Gpu> {
    const { device, report } = await openDevice(root, options);
    return new Gpu(root, device, report, options.polls, true);
  }

  /**
   * Computes on a device that the caller made and keeps: `close` frees what the engine made there, and no more. The
   * device is faster with the feature `subgroups`, and holds larger tensors with the adapter's maxStorageBufferBindingSize
   * and maxBufferSize. An uncaptured error on it, whoever caused it, fails the engine.
   * @throws VeilganError as `checkDevice`
   */
  static async from(device: GPUDevice, { polls = false }: { polls?: boolean } = {}): Promise<Gpu> {
    return new Gpu(undefined, device, await checkDevice(device), polls);
  }

  /** @param owned whether `close` destroys the device */
  constructor(root: GPU | undefined, device: GPUDevice, adapter: AdapterReport, polls = false, owned = false) {
    this.#root = root;
    this.#owned = owned;
    this.device = device;
    this.adapter = adapter;
    this.waiter = new Waiter(polls);
    const fail = (error: VeilganError) => {
      // A shader's own message says more than the validation errors that follow from it, and comes later.
      if (error.code === 'SHADER' && this.#failure?.code === 'VALIDATION') this.#failure = error;
      this.#failure ??= error;
    };
    this.kernels = new Kernels(device, fail);
    this.#pool = new Pool(device, this.#account, (id) => this.kernels.forget(id));
    this.#queue = new Queue(device, this.kernels);
    this.#uncaptured = (event) => fail(uncaptured((event as GPUUncapturedErrorEvent).error, owned));
    device.addEventListener('uncapturederror', this.#uncaptured);
    this.#lost = device.lost.then((info) => {
      const error = lostDevice(info);
      fail(error);
      throw error;
    });
    this.#lost.catch(() => {});
    open.add(this);
  }

  /** @throws VeilganError whatever has failed on the device since it was opened; everything that waits calls it */
  check(): void {
    if (this.#closed) throw new VeilganError('DEVICE_LOST', 'this Gpu is closed', { fix: 'Open a new one' });
    if (this.#failure) throw this.#failure;
  }

  /** `check`, once it is known whether a failed validation comes from a shader. */
  async #explain(): Promise<void> {
    if (this.#failure?.code === 'VALIDATION') {
      await Promise.race([this.kernels.compiled, new Promise((done) => setTimeout(done, 200))]);
    }
    this.check();
  }

  /** The program being recorded, or null. */
  get capturing(): Program | null {
    return this.#program;
  }

  memory(): MemoryReport & { bindGroups: number; pipelines: number } {
    const { live, pooled, peak, buffers } = this.#account;
    return { live, pooled, peak, buffers, ...this.kernels.sizes };
  }

  /** A storage of at least `bytes`; `lasting` ones come from the shared pool even while a program is recorded. */
  alloc(bytes: number, where?: string, lasting = false): Storage {
    const pool = this.#program && !lasting ? this.#program.pool : this.#pool;
    return new Storage(pool.alloc(Math.max(4, bytes), where));
  }

  /** Gives unused buffers back to the driver. */
  trim(): void {
    this.#pool.trim();
  }

  /** Records one kernel call; it runs at the next flush, or at each replay while a program is recorded. */
  run<B extends string, P extends string>(
    shader: Shader<B, P>,
    variant: Variant,
    bindings: Readonly<Record<B, Binding>>,
    params: Readonly<Record<P, number | readonly number[]>>,
    grid: readonly [number, number, number],
  ): void {
    const kernel = this.kernels.get(shader, variant);
    const words = shader.paramsSize ? packParams(shader, params) : null;
    if (Math.max(...grid) > this.device.limits.maxComputeWorkgroupsPerDimension) {
      throw new VeilganError('OVER_LIMIT', `${shader.name}.wgsl: grid ${grid} is over the adapter's limit`, {
        where: shader.name,
        fix: 'Split the tensor',
      });
    }
    if (grid.includes(0)) return;
    const program = this.#program;
    if (program) for (const { name } of shader.bindings) program.hold(bindings[name].storage);
    this.#queue.record(kernel as Kernel, bindings, words, grid, program);
  }

  /** Submits what was recorded. One encoder, one pass. */
  flush(): void {
    this.#queue.flush();
  }

  /** Writes host data; ordered after everything recorded before. */
  upload(target: Binding, data: ArrayBufferView, byteOffset = 0): void {
    if (this.#program && target.storage.block.pool === this.#program.pool) {
      throw new VeilganError('CAPTURE', 'host data cannot be written to an intermediate of a program');
    }
    // Also while a program is recorded: a write would overtake what was called before and is not submitted yet.
    this.flush();
    this.device.queue.writeBuffer(
      target.storage.block.buffer,
      target.offset + byteOffset,
      data.buffer,
      data.byteOffset,
      data.byteLength,
    );
  }

  /**
   * Reads ranges back, in one submit with what was recorded before.
   * @throws VeilganError CAPTURE inside a program, DEVICE_LOST, or whatever failed before
   */
  async read(...sources: Binding[]): Promise<ArrayBuffer[]> {
    if (this.#program) {
      throw new VeilganError('CAPTURE', `program ${this.#program.name} reads a tensor back while it is recorded`, {
        fix: 'Log the value, or read it after the replay',
      });
    }
    this.check();
    return this.#fetch(this.#queue.stage(sources, 'read'), sources, 'read', 0);
  }

  /** The ranges that a staging buffer was just submitted with. */
  async #fetch(staging: GPUBuffer, sources: readonly Binding[], kind: string, units: number): Promise<ArrayBuffer[]> {
    const submitted = performance.now();
    const mapped = () => Promise.race([staging.mapAsync(GPUMapMode.READ), this.#lost]);
    try {
      if (units) await this.waiter.settle(kind, units, submitted, mapped);
      else await mapped();
    } catch (error) {
      // A lost device also rejects the mapping, in a page well before it is told of; its own error says more.
      await Promise.race([this.#lost, new Promise((done) => setTimeout(done, LOSS_MS))]).catch(() => {});
      throw this.#failure ?? error;
    }
    await this.#explain();
    const all = staging.getMappedRange();
    let at = 0;
    const parts = sources.map(({ size }) => all.slice(at, (at += size)));
    staging.destroy();
    await this.#queue.profiler?.collect();
    return parts;
  }

  /** Waits until all that was recorded has run. */
  async idle(): Promise<void> {
    this.check();
    this.flush();
    await Promise.race([this.device.queue.onSubmittedWorkDone(), this.#lost]);
    await this.#explain();
    await this.#queue.profiler?.collect();
  }

  /**
   * Runs `fn` once, recording instead of running; what comes back is replayed by `replay`.
   * @param beside a program whose intermediates may lie in the same memory: none of them outlasts a replay, and replays
   * run one after another
   * @throws VeilganError CAPTURE when nested, and whatever `fn` throws (nothing is kept then)
   */
  capture(name: string, fn: () => void, beside?: Program): Program {
    if (this.#program) throw new VeilganError('CAPTURE', `program ${name} is recorded inside ${this.#program.name}`);
    const pool = beside?.pool ?? new Pool(this.device, this.#account, (id) => this.kernels.forget(id));
    const program = new Program(name, this.device, pool, (id) => this.kernels.forget(id));
    this.#program = program;
    try {
      fn();
      program.seal();
    } catch (error) {
      program.dispose();
      throw error;
    } finally {
      this.#program = null;
    }
    for (const earlier of this.#programs) if (earlier.disposed) this.#programs.delete(earlier);
    this.#programs.add(program);
    return program;
  }

  /**
   * Submits a chunk of replays, in order, in one pass. At most MAX_ROWS of them.
   * Index lists and variables must be uploaded before; the host-evaluated rates are taken here.
   */
  replay(replays: readonly Replay[]): Ticket {
    this.check();
    const kind = kindOf(replays);
    const { sources, staging, log } = this.#queue.replay(replays, kind);
    const fetched = this.#fetch(staging, sources, kind, replays.length);
    fetched.catch(() => {});
    return { done: async () => log(await fetched) };
  }

  /** Runs `fn` with a timestamped pass a dispatch; gives milliseconds by kernel. Needs `timestamp-query`. */
  async profile(fn: () => Promise<void>): Promise<ProfileRow[]> {
    if (!this.device.features.has('timestamp-query')) {
      throw new VeilganError('VALIDATION', 'this adapter has no timestamp queries', {
        fix: 'Profile on another adapter',
      });
    }
    await this.idle();
    const profiler = new Profiler(this.device);
    this.#queue.profiler = profiler;
    try {
      await fn();
      await this.idle();
    } finally {
      this.#queue.profiler = null;
    }
    const rows = profiler.rows();
    profiler.close();
    return rows;
  }

  /** Destroys all buffers, and the device where it is not the caller's own. Nothing can be computed here any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    open.delete(this);
    void this.#root;
    if (this.#owned) {
      this.device.destroy();
      return;
    }
    this.device.removeEventListener('uncapturederror', this.#uncaptured);
    for (const program of this.#programs) program.dispose();
    this.#pool.destroy();
    this.#queue.destroy();
  }
}
