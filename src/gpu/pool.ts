import { VeilganError } from '../base/errors.ts';

/** One GPU buffer of the pool. `id` is unique for the life of the process and names the buffer in cache keys. */
export interface Block {
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** bytes, a size class */
  readonly size: number;
  readonly pool: Pool;
}

export interface MemoryReport {
  /** bytes in blocks that tensors hold */
  live: number;
  /** bytes in blocks that wait for reuse */
  pooled: number;
  /** the largest `live + pooled` so far */
  peak: number;
  /** GPU buffers that exist */
  buffers: number;
}

/** Sums over every pool of a device, so that `memory()` hides nothing. */
export class MemoryAccount implements MemoryReport {
  live = 0;
  pooled = 0;
  peak = 0;
  buffers = 0;
}

let nextId = 1;

/** The next of 2^n and 1.5 * 2^n, at least 256: at most a third of a block is slack. */
export function sizeClass(bytes: number): number {
  let size = 256;
  while (size < bytes) {
    if (size * 1.5 >= bytes) return size * 1.5;
    size *= 2;
  }
  return size;
}

/**
 * Whole buffers by size class, never ranges of one: a dispatch may not bind disjoint ranges of a buffer as read and
 * as read_write. The queue runs in order, so a freed block may be handed out at once.
 */
export class Pool {
  readonly #device: GPUDevice;
  readonly #account: MemoryAccount;
  readonly #onDestroy: (id: number) => void;
  /** programs that allocate here; the last to go destroys it */
  users = 0;
  readonly #free = new Map<number, Block[]>();
  readonly #live = new Set<Block>();

  constructor(device: GPUDevice, account: MemoryAccount, onDestroy: (id: number) => void) {
    this.#device = device;
    this.#account = account;
    this.#onDestroy = onDestroy;
  }

  /**
   * @param bytes wanted size
   * @throws VeilganError OVER_LIMIT where no storage binding of the adapter can hold it
   */
  alloc(bytes: number, where = 'tensor'): Block {
    const limit = Math.min(this.#device.limits.maxStorageBufferBindingSize, this.#device.limits.maxBufferSize);
    if (bytes > limit) {
      throw new VeilganError('OVER_LIMIT', `${where} needs ${bytes} bytes, but a binding holds at most ${limit}`, {
        where,
        fix: 'Use a smaller batch, or split the tensor',
      });
    }
    const size = Math.min(sizeClass(bytes), limit);
    const account = this.#account;
    let block = this.#free.get(size)?.pop();
    if (block) {
      account.pooled -= size;
    } else {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      block = { id: nextId++, buffer: this.#device.createBuffer({ size, usage, label: where }), size, pool: this };
      account.buffers++;
    }
    account.live += size;
    account.peak = Math.max(account.peak, account.live + account.pooled);
    this.#live.add(block);
    return block;
  }

  /** Takes a block back; it keeps its contents until somebody else writes to it. */
  free(block: Block): void {
    if (!this.#live.delete(block)) return;
    this.#account.live -= block.size;
    this.#account.pooled += block.size;
    const list = this.#free.get(block.size);
    if (list) list.push(block);
    else this.#free.set(block.size, [block]);
  }

  /** Destroys the blocks that nobody holds. */
  trim(): void {
    for (const block of [...this.#free.values()].flat()) {
      this.#account.pooled -= block.size;
      this.#drop(block);
    }
    this.#free.clear();
  }

  /** Destroys every block; what still holds one must not be used again. */
  destroy(): void {
    this.trim();
    for (const block of this.#live) {
      this.#account.live -= block.size;
      this.#drop(block);
    }
    this.#live.clear();
  }

  #drop(block: Block): void {
    this.#account.buffers--;
    this.#onDestroy(block.id);
    block.buffer.destroy();
  }
}

/** A counted reference to a block: tensors that are views of one another share it. */
export class Storage {
  readonly block: Block;
  /** counts assignments, so that backward can tell that a value it needs is gone */
  version = 0;
  #refs = 1;

  constructor(block: Block) {
    this.block = block;
  }
  retain(): this {
    this.#refs++;
    return this;
  }
  release(): void {
    if (--this.#refs === 0) this.block.pool.free(this.block);
  }
}

/** What a kernel binds: a range of a storage, in bytes; `offset` is a multiple of 256. */
export interface Binding {
  readonly storage: Storage;
  readonly offset: number;
  readonly size: number;
}
