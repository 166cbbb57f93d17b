/** Private systems that are watched while they train. */
import type { DpGan } from '../../gan/dpgan.ts';
import type { Gpu, Replay } from '../../gpu/index.ts';
import type { LossRow, System } from '../../train/loop.ts';

/** Drives exactly as the system itself. */
export abstract class Watcher implements System<LossRow> {
  readonly gan: DpGan;

  constructor(gan: DpGan) {
    this.gan = gan;
  }

  get gpu(): Gpu {
    return this.gan.gpu;
  }
  get step(): number {
    return this.gan.step;
  }
  get maxChunk(): number {
    return this.gan.maxChunk;
  }
  get exhausted(): boolean {
    return this.gan.exhausted;
  }
  get waits(): boolean {
    return this.gan.waits;
  }

  abstract chunk(most: number): Replay[];

  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    return this.gan.rows(logs, first);
  }
}

/**
 * The batches of a private system as the device gets them: rows that count, in what was uploaded for the replays of each
 * noisy update. That is what was sampled, whatever the samplers say of themselves.
 */
export class BatchWatcher extends Watcher {
  /** by critic: of each noisy update the rows that count */
  readonly batches: Uint32Array[][];
  #open: number[][];

  constructor(gan: DpGan) {
    super(gan);
    this.batches = Array.from({ length: gan.config.partitions }, () => []);
    this.#open = this.batches.map(() => []);
  }

  chunk(most: number): Replay[] {
    const { gpu } = this;
    const lists: Uint32Array[] = [];
    const { upload } = gpu;
    gpu.upload = (tensor, data) => {
      // The caller goes on using its array.
      if (data instanceof Uint32Array) lists.push(data.slice());
      upload.call(gpu, tensor, data);
    };
    try {
      const replays = this.gan.chunk(most);
      this.#note(replays, lists);
      return replays;
    } finally {
      Reflect.deleteProperty(gpu, 'upload');
    }
  }

  #note(replays: readonly Replay[], lists: readonly Uint32Array[]): void {
    const { first, reals, finish } = this.gan.programs;
    const reads = ({ program, live }: Replay) => live !== undefined && (program === first || program === reals);
    const reading = replays.filter(reads);
    // Tags are two words a row; the list of rows is the last thing of its length.
    const places = [...new Set(reading.map(({ index = 0 }) => index))];
    const each = places.length > 1 ? places[1] - places[0] : undefined;
    const list = lists.filter(({ length }) => !each || length === each * places.length).at(-1);
    const groups = this.batches.length;
    const physical = (each ?? list?.length ?? 0) / groups;
    for (const replay of replays) {
      const { program, index = 0, live } = replay;
      if (list && reads(replay)) {
        live?.forEach((count, k) => {
          const from = index + k * physical;
          this.#open[k].push(...list.subarray(from, from + count));
        });
      }
      if (program !== finish) continue;
      this.#open.forEach((rows, k) => {
        this.batches[k].push(Uint32Array.from(rows));
      });
      this.#open = this.batches.map(() => []);
    }
  }
}
