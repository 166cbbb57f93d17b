import { VeilganError } from '../base/errors.ts';
import { type Kernel, type Kernels, SLOT } from './kernels.ts';
import type { Binding } from './pool.ts';
import type { Profiler } from './profile.ts';
import { type Dispatch, MAX_ROWS, type Program, type Replay, STEP_WORDS } from './program.ts';
import { UniformPage } from './uniforms.ts';

const NONE = new Uint32Array(0);
const PAGES = 4;
// The last step block is never written: eager kernels that read one see step 0.
const EAGER = MAX_ROWS * SLOT;

/**
 * The one ordered queue: dispatches are recorded first, and submitted later with one encoder and one pass for all of
 * them, be they called (eager) or replayed.
 */
export class Queue {
  readonly #device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #pages: UniformPage[];
  #page = 0;
  #pending: Dispatch[] = [];
  readonly #steps: GPUBuffer;
  readonly #stepWords = new Uint32Array(MAX_ROWS * STEP_WORDS);
  readonly #stepFloats = new Float32Array(this.#stepWords.buffer);
  readonly #stepGroup: GPUBindGroup;
  readonly #stepOffset = new Uint32Array(1);
  /** while there is one, each dispatch has a pass of its own, whose time it takes */
  profiler: Profiler | null = null;

  constructor(device: GPUDevice, kernels: Kernels) {
    this.#device = device;
    this.#kernels = kernels;
    this.#pages = Array.from({ length: PAGES }, () => new UniformPage(device));
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    this.#steps = device.createBuffer({ size: EAGER + SLOT, usage, label: 'step blocks' });
    this.#stepGroup = device.createBindGroup({
      layout: kernels.stepLayout,
      entries: [{ binding: 0, resource: { buffer: this.#steps, size: SLOT } }],
    });
  }

  /**
   * Records one call: of a program, or to run at the next flush.
   * @param words parameters of the kernel, where it has any
   */
  record(
    kernel: Kernel,
    bindings: Readonly<Record<string, Binding>>,
    words: Uint32Array | null,
    grid: Dispatch['grid'],
    program: Program | null,
  ): void {
    const page = program ? program.page() : this.#eagerPage();
    const offset = words ? Uint32Array.of(page.push(words)) : NONE;
    const group = this.#kernels.group(kernel, page, bindings);
    (program ? program.dispatches : this.#pending).push({ kernel, group, offset, grid });
  }

  #eagerPage(): UniformPage {
    if (this.#pages[this.#page].full && ++this.#page === PAGES) this.flush();
    return this.#pages[this.#page];
  }

  /** Submits what was recorded. */
  flush(): void {
    if (this.#pending.length) this.#device.queue.submit([this.#encodePending().finish()]);
  }

  #encodePending(): GPUCommandEncoder {
    const encoder = this.#device.createCommandEncoder();
    if (this.#pending.length) {
      for (let i = 0; i <= this.#page && i < PAGES; i++) {
        this.#pages[i].write(this.#device.queue);
        this.#pages[i].reset();
      }
      this.#page = 0;
      this.#encode(encoder, [{ dispatches: this.#pending, at: EAGER }]);
      this.#pending = [];
    }
    return encoder;
  }

  #encode(encoder: GPUCommandEncoder, lists: { dispatches: readonly Dispatch[]; at: number }[]): void {
    const { profiler } = this;
    let pass = profiler ? null : encoder.beginComputePass();
    for (const { dispatches, at } of lists) {
      this.#stepOffset[0] = at;
      let pipeline: GPUComputePipeline | null = null;
      let stepSet = false;
      for (const { kernel, group, offset, grid } of dispatches) {
        if (profiler) {
          pass = profiler.pass(encoder, kernel.shader.name);
          pipeline = null;
          stepSet = false;
        }
        const p = pass as GPUComputePassEncoder;
        if (kernel.pipeline !== pipeline) {
          pipeline = kernel.pipeline;
          p.setPipeline(pipeline);
        }
        p.setBindGroup(0, group, offset, 0, offset.length);
        if (kernel.shader.step && !stepSet) {
          p.setBindGroup(1, this.#stepGroup, this.#stepOffset, 0, 1);
          stepSet = true;
        }
        p.dispatchWorkgroups(grid[0], grid[1], grid[2]);
        if (profiler) p.end();
      }
    }
    if (!profiler) pass?.end();
  }

  /** Submits what was recorded and a copy of these ranges, one after another, into the buffer that is returned. */
  stage(sources: readonly Binding[], label: string): GPUBuffer {
    return this.#stage(this.#encodePending(), sources, label);
  }

  #stage(encoder: GPUCommandEncoder, sources: readonly Binding[], label: string): GPUBuffer {
    const bytes = sources.reduce((sum, s) => sum + s.size, 0);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = this.#device.createBuffer({ size: Math.max(4, bytes), usage, label: `staging for ${label}` });
    // Mapping a buffer that no copy writes would not wait for the submit.
    if (!bytes) encoder.copyBufferToBuffer(this.#steps, 0, staging, 0, 4);
    let at = 0;
    for (const { storage, offset, size } of sources) {
      encoder.copyBufferToBuffer(storage.block.buffer, offset, staging, at, size);
      at += size;
    }
    this.#device.queue.submit([encoder.finish()]);
    return staging;
  }

  /**
   * Submits a chunk of replays behind what was recorded.
   * @returns ranges in which the programs log, a copy of them as `stage` makes it, and what turns their bytes into rows
   * @throws VeilganError as `Gpu.replay`; nothing is submitted then
   */
  replay(replays: readonly Replay[], label: string) {
    if (replays.length > MAX_ROWS) throw new VeilganError('OVER_LIMIT', `a chunk holds at most ${MAX_ROWS} replays`);
    const rows = new Map<Program, number>();
    const lists = replays.map((replay, i) => {
      const { program } = replay;
      if (program.disposed) throw new VeilganError('USE_AFTER_FREE', `program ${program.name} is disposed`);
      const row = rows.get(program) ?? 0;
      rows.set(program, row + 1);
      program.fill(this.#stepWords, this.#stepFloats, i * STEP_WORDS, row, replay);
      return { dispatches: program.dispatches, at: i * SLOT };
    });
    const columns = [...rows].flatMap(([{ logs }, count]) => logs.map((log) => ({ log, count })));
    const twice = columns.find(({ log }, i) => columns.findIndex((c) => c.log.name === log.name) < i);
    if (twice) {
      throw new VeilganError('CAPTURE', `two programs of a chunk log a column named ${twice.log.name}`, {
        fix: 'Give the columns different names',
      });
    }
    const encoder = this.#encodePending();
    this.#device.queue.writeBuffer(this.#steps, 0, this.#stepWords, 0, replays.length * STEP_WORDS);
    this.#encode(encoder, lists);
    const sources = columns.map(({ log, count }) => ({ ...log.region, size: log.size * count * 4 }));
    const log = (parts: readonly ArrayBuffer[]): Map<string, Float32Array[]> =>
      new Map(
        columns.map(({ log: { name, size }, count }, c) => {
          const all = new Float32Array(parts[c]);
          return [name, Array.from({ length: count }, (_, r) => all.slice(r * size, (r + 1) * size))];
        }),
      );
    return { sources, staging: this.#stage(encoder, sources, label), log };
  }

  /** Destroys the buffers. */
  destroy(): void {
    for (const { buffer } of this.#pages) buffer.destroy();
    this.#steps.destroy();
  }
}
