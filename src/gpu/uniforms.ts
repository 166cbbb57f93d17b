import { SLOT } from './kernels.ts';

const SLOTS = 256;
let nextUniformId = -1;

/** A page of 256-byte parameter slots, bound once and addressed by dynamic offset. Negative ids never meet a block's. */
export class UniformPage {
  readonly id = nextUniformId--;
  readonly buffer: GPUBuffer;
  readonly #words = new Uint32Array((SLOTS * SLOT) / 4);
  #used = 0;

  constructor(device: GPUDevice) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ size: SLOTS * SLOT, usage, label: 'params' });
  }
  get full(): boolean {
    return this.#used === SLOTS;
  }
  /** Byte offset of the slot that now holds `params`. */
  push(params: Uint32Array): number {
    this.#words.set(params, (this.#used * SLOT) / 4);
    return this.#used++ * SLOT;
  }
  /** Sends the used slots in one write. */
  write(queue: GPUQueue): void {
    if (this.#used) queue.writeBuffer(this.buffer, 0, this.#words, 0, (this.#used * SLOT) / 4);
  }
  reset(): void {
    this.#used = 0;
  }
}
