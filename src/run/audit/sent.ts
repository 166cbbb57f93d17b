/**
 * The batches of a private system as the device gets them: rows that count, in what was uploaded for the replays of each
 * noisy update. That is what was sampled, whatever the samplers say of themselves.
 */
import type { DpGan } from '../../gan/dpgan.ts';
import type { Replay } from '../../gpu/index.ts';
import type { LossRow, System } from '../../train/loop.ts';

/** Programs that see real records, and the one that ends an update. */
const READS = new Set(['dpgan.first', 'dpgan.reals']);
const ENDS = 'dpgan.finish';

/** A private system that is listened to while it trains; it drives exactly as the system itself. */
export class SentBatches implements System<LossRow> {
  /** by critic: of each noisy update the rows that count */
  readonly batches: Uint32Array[][];
  readonly #gan: DpGan;
  #open: number[][];

  constructor(gan: DpGan) {
    this.#gan = gan;
    this.batches = Array.from({ length: gan.config.partitions }, () => []);
    this.#open = this.batches.map(() => []);
  }

  get gpu() {
    return this.#gan.gpu;
  }
  get step(): number {
    return this.#gan.step;
  }
  get maxChunk(): number {
    return this.#gan.maxChunk;
  }
  get exhausted(): boolean {
    return this.#gan.exhausted;
  }
  get waits(): boolean {
    return this.#gan.waits;
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
      const replays = this.#gan.chunk(most);
      this.#note(replays, lists);
      return replays;
    } finally {
      Reflect.deleteProperty(gpu, 'upload');
    }
  }

  #note(replays: readonly Replay[], lists: readonly Uint32Array[]): void {
    const reading = replays.filter(({ program, live }) => READS.has(program.name) && live);
    // Tags are two words a row; the list of rows is the last thing of its length.
    const places = [...new Set(reading.map(({ index = 0 }) => index))];
    const each = places.length > 1 ? places[1] - places[0] : undefined;
    const list = lists.filter(({ length }) => !each || length === each * places.length).at(-1);
    const groups = this.batches.length;
    const physical = (each ?? list?.length ?? 0) / groups;
    for (const { program, index = 0, live } of replays) {
      if (READS.has(program.name) && live && list) {
        live.forEach((count, k) => {
          const from = index + k * physical;
          this.#open[k].push(...list.subarray(from, from + count));
        });
      }
      if (program.name !== ENDS) continue;
      this.#open.forEach((rows, k) => {
        this.batches[k].push(Uint32Array.from(rows));
      });
      this.#open = this.batches.map(() => []);
    }
  }

  rows(logs: ReadonlyMap<string, readonly Float32Array[]>, first: number): LossRow[] {
    return this.#gan.rows(logs, first);
  }
}
