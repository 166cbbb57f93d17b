import { VeilganError } from '../base/errors.ts';
import { type Kernel, SLOT } from './kernels.ts';
import type { Binding, Pool, Storage } from './pool.ts';
import { UniformPage } from './uniforms.ts';

/** One recorded kernel call. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly group: GPUBindGroup;
  /** dynamic offset of the parameters, or empty; an array object because setBindGroup is fastest with one */
  readonly offset: Uint32Array;
  readonly grid: readonly [number, number, number];
}

/** Rates (host-evaluated numbers) and live counts that fit in a step block; see shaders/lib/step.wgsl. */
export const MAX_RATES = 28;
export const MAX_LIVE = 32;
/** Rows of a program's log: the most replays of one submit. */
export const MAX_ROWS = 1024;

/** What differs between two replays of a program. */
export interface Replay {
  readonly program: Program;
  readonly step: number;
  readonly repeat?: number;
  /** offset into the index lists of the chunk, in indices */
  readonly index?: number;
  /** rows of each group that count, where a batch is not full */
  readonly live?: readonly number[];
}

/** What the waiter knows a chunk of these replays as: the names of their programs. */
export const kindOf = (replays: readonly Replay[]): string =>
  [...new Set(replays.map(({ program }) => program.name))].join('+');

interface LogColumn {
  readonly name: string;
  readonly size: number;
  readonly region: Binding;
}

/**
 * A dispatch list recorded once and replayed with no graph work in JavaScript. It has a private pool: what its
 * intermediates share among themselves nobody else may touch, or a replay would overwrite it; except another program,
 * whose replays come before or after.
 */
export class Program {
  readonly name: string;
  /** 32-bit name for the counter-based random numbers */
  readonly hash: number;
  readonly dispatches: Dispatch[] = [];
  readonly pool: Pool;
  readonly logs: LogColumn[] = [];
  readonly #device: GPUDevice;
  readonly #forget: (id: number) => void;
  readonly #pages: UniformPage[] = [];
  readonly #rates: (() => number)[] = [];
  readonly #held = new Set<Storage>();
  #sites = 0;
  #disposed = false;

  /** @param forget told the id of each parameter page that is destroyed */
  constructor(name: string, device: GPUDevice, pool: Pool, forget: (id: number) => void) {
    this.name = name;
    this.pool = pool;
    pool.users++;
    this.#device = device;
    this.#forget = forget;
    let h = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    this.hash = h >>> 0;
  }

  /** The page that takes the next dispatch's parameters. */
  page(): UniformPage {
    const last = this.#pages[this.#pages.length - 1];
    if (last && !last.full) return last;
    const page = new UniformPage(this.#device);
    this.#pages.push(page);
    return page;
  }

  /** Keeps a storage that was made outside alive as long as the program. */
  hold(storage: Storage): void {
    if (storage.block.pool === this.pool || this.#held.has(storage)) return;
    this.#held.add(storage.retain());
  }

  /** A draw site of its own for each random operation. */
  site(): number {
    return this.#sites++;
  }

  /**
   * A number that the host computes anew for each replay (a learning rate with its bias correction); kernels find it
   * in the step block.
   * @returns its slot
   * @throws VeilganError CAPTURE where the block is full
   */
  rate(next: () => number): number {
    if (this.#rates.length === MAX_RATES) {
      throw new VeilganError('CAPTURE', `program ${this.name} wants more than ${MAX_RATES} host-evaluated rates`, {
        fix: 'Split it into several programs',
      });
    }
    return this.#rates.push(next) - 1;
  }

  /**
   * Writes this replay's step block at `at` (in words). Evaluates every rate once, in order of registration.
   * @throws VeilganError OVER_LIMIT for more live counts than a block holds
   */
  fill(words: Uint32Array, floats: Float32Array, at: number, row: number, replay: Replay): void {
    if ((replay.live?.length ?? 0) > MAX_LIVE) {
      throw new VeilganError('OVER_LIMIT', `program ${this.name}: a step block holds at most ${MAX_LIVE} live counts`, {
        fix: 'Use fewer groups',
      });
    }
    words.fill(0, at, at + STEP_WORDS);
    words[at] = replay.step;
    words[at + 1] = replay.repeat ?? 0;
    words[at + 2] = replay.index ?? 0;
    words[at + 3] = row;
    this.#rates.forEach((next, i) => {
      floats[at + 4 + i] = next();
    });
    replay.live?.forEach((n, i) => {
      words[at + 4 + MAX_RATES + i] = n;
    });
  }

  /** Called once, after recording: uploads all parameters. */
  seal(): void {
    for (const page of this.#pages) page.write(this.#device.queue);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Frees the private pool and lets go of everything it held. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const page of this.#pages) {
      this.#forget(page.id);
      page.buffer.destroy();
    }
    for (const storage of this.#held) storage.release();
    for (const { region } of this.logs) region.storage.release();
    if (--this.pool.users === 0) this.pool.destroy();
  }
}

/** Words of one step block. */
export const STEP_WORDS = SLOT / 4;
