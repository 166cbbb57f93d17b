/** Where the time goes: milliseconds by kernel, from timestamps around each dispatch. */
export interface ProfileRow {
  readonly kernel: string;
  readonly count: number;
  readonly ms: number;
}

const CAPACITY = 2048;

/** Timestamps need a pass a dispatch, so this is a mode, not something that always runs. */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  #names: string[] = [];
  readonly #sums = new Map<string, { count: number; ms: number }>();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * CAPACITY });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    this.#resolved = device.createBuffer({ size: 16 * CAPACITY, usage });
  }

  /** A pass whose begin and end are stamped for `kernel`; past the capacity of one submit, a plain one. */
  pass(encoder: GPUCommandEncoder, kernel: string): GPUComputePassEncoder {
    if (this.#names.length === CAPACITY) return encoder.beginComputePass();
    const at = 2 * this.#names.push(kernel) - 2;
    return encoder.beginComputePass({
      timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 },
    });
  }

  /** Reads the stamps of everything submitted so far into the sums. */
  async collect(): Promise<void> {
    const names = this.#names;
    this.#names = [];
    if (!names.length) return;
    const bytes = 16 * names.length;
    const staging = this.#device.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, 2 * names.length, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, 0, bytes);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    names.forEach((name, i) => {
      const sum = this.#sums.get(name) ?? { count: 0, ms: 0 };
      sum.count++;
      sum.ms += Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6;
      this.#sums.set(name, sum);
    });
  }

  /** Longest first. */
  rows(): ProfileRow[] {
    return [...this.#sums].map(([kernel, sum]) => ({ kernel, ...sum })).sort((a, b) => b.ms - a.ms);
  }

  close(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
