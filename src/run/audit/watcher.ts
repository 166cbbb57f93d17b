/** A private system that is watched while it trains: it drives exactly as the system itself. */
import type { DpGan } from '../../gan/dpgan.ts';
import type { Gpu, Replay } from '../../gpu/index.ts';
import type { LossRow, System } from '../../train/loop.ts';

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
