import { VeilganError } from '../base/errors.ts';
import { type AnyShader, type Shader, specialise, type Variant, variantKey } from '../wgsl/shader.ts';
import type { Binding } from './pool.ts';

/** A compiled variant of a shader. */
export interface Kernel<B extends string = string, P extends string = string> {
  readonly shader: Shader<B, P>;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Bytes of a step block, and the alignment of dynamic uniform offsets. */
export const SLOT = 256;

/** Pipelines, their layouts (from reflection: `layout: 'auto'` has no dynamic offsets) and bind groups, each made once. */
export class Kernels {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Kernel>();
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  readonly #groups = new Map<string, { group: GPUBindGroup; ids: readonly number[] }>();
  readonly #keysOf = new Map<number, Set<string>>();
  readonly stepLayout: GPUBindGroupLayout;
  /** settles when all shaders so far have been compiled or found wrong */
  compiled: Promise<void> = Promise.resolve();
  readonly #fail: (error: VeilganError) => void;

  constructor(device: GPUDevice, fail: (error: VeilganError) => void) {
    this.#device = device;
    this.#fail = fail;
    this.stepLayout = device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: SLOT },
        },
      ],
    });
  }

  #layoutOf(shader: AnyShader) {
    let layout = this.#layouts.get(shader.name);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = shader.bindings.map(({ binding, access }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      }));
      if (shader.paramsSize) {
        entries.push({
          binding: 0,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: shader.paramsSize },
        });
      }
      const group = this.#device.createBindGroupLayout({ label: shader.name, entries });
      const bindGroupLayouts = shader.step ? [group, this.stepLayout] : [group];
      layout = { group, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts }) };
      this.#layouts.set(shader.name, layout);
    }
    return layout;
  }

  /** The pipeline of one variant. A shader that does not compile fails the device with file, line and message. */
  get<B extends string, P extends string>(shader: Shader<B, P>, variant: Variant = {}): Kernel<B, P> {
    const key = variantKey(shader, variant);
    let kernel = this.#pipelines.get(key);
    if (!kernel) {
      const code = specialise(shader, variant);
      const { group, pipeline: layout } = this.#layoutOf(shader);
      // A scope of its own: the device's error would come first and name no file.
      this.#device.pushErrorScope('validation');
      const module = this.#device.createShaderModule({ label: shader.name, code });
      const pipeline = this.#device.createComputePipeline({
        label: shader.name,
        layout,
        compute: { module, entryPoint: 'main', constants: { ...variant.overrides } },
      });
      const invalid = this.#device.popErrorScope().catch(() => null);
      const before = this.compiled;
      // A device that is lost meanwhile has its own error.
      this.compiled = this.#report(shader, code, module, invalid).then(
        () => before,
        () => before,
      );
      kernel = { shader, pipeline, layout: group };
      this.#pipelines.set(key, kernel);
    }
    return kernel as unknown as Kernel<B, P>;
  }

  async #report(
    shader: AnyShader,
    code: string,
    module: GPUShaderModule,
    invalid: Promise<GPUError | null>,
  ): Promise<void> {
    const { messages } = await module.getCompilationInfo();
    const bad = messages.find((m) => m.type === 'error');
    const why = bad ? `${bad.message} in «${code.split('\n')[bad.lineNum - 1]?.trim()}»` : (await invalid)?.message;
    if (!why) return;
    this.#fail(
      new VeilganError('SHADER', `${shader.name}.wgsl does not compile: ${why}`, {
        where: `shaders/${shader.name}.wgsl`,
        fix: 'Report this with the adapter that doctor prints',
      }),
    );
  }

  /**
   * The bind group of a kernel over these ranges, cached by buffer and range. The caller's uniform buffer is part of
   * the key.
   */
  group(kernel: Kernel, uniform: { id: number; buffer: GPUBuffer }, bindings: Readonly<Record<string, Binding>>) {
    const { shader } = kernel;
    let key = `${shader.name}@${uniform.id}`;
    for (const { name } of shader.bindings) {
      const b = bindings[name];
      if (!b) throw new VeilganError('VALIDATION', `${shader.name}.wgsl: no buffer for binding ${name}`);
      key += `|${b.storage.block.id}:${b.offset}:${b.size}`;
    }
    const known = this.#groups.get(key);
    if (known) return known.group;
    const entries: GPUBindGroupEntry[] = shader.bindings.map(({ name, binding }) => {
      const { storage, offset, size } = bindings[name];
      return { binding, resource: { buffer: storage.block.buffer, offset, size: Math.max(4, size) } };
    });
    if (shader.paramsSize) {
      entries.push({ binding: 0, resource: { buffer: uniform.buffer, size: shader.paramsSize } });
    }
    const group = this.#device.createBindGroup({ label: shader.name, layout: kernel.layout, entries });
    const ids = [uniform.id, ...shader.bindings.map(({ name }) => bindings[name].storage.block.id)];
    this.#groups.set(key, { group, ids });
    for (const id of ids) {
      const keys = this.#keysOf.get(id);
      if (keys) keys.add(key);
      else this.#keysOf.set(id, new Set([key]));
    }
    return group;
  }

  /** Forgets the bind groups over a destroyed buffer. */
  forget(id: number): void {
    for (const key of this.#keysOf.get(id) ?? []) {
      for (const other of this.#groups.get(key)?.ids ?? []) if (other !== id) this.#keysOf.get(other)?.delete(key);
      this.#groups.delete(key);
    }
    this.#keysOf.delete(id);
  }

  get sizes() {
    return { pipelines: this.#pipelines.size, bindGroups: this.#groups.size };
  }
}
