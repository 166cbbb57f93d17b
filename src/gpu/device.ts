import { VeilganError } from './errors.ts';

export interface OpenOptions {
  /** which adapter: any, only a hardware one, or only a software one */
  adapter?: 'auto' | 'hardware' | 'software';
}

/** What is known of the adapter; goes into run.json, reports and benchmarks. */
export interface AdapterReport {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly software: boolean;
  readonly subgroups: boolean;
  readonly subgroupMin: number;
  readonly subgroupMax: number;
  readonly timestamps: boolean;
  readonly maxWorkgroupInvocations: number;
  readonly maxWorkgroupStorage: number;
}

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|warp/i;

/** The report of an adapter (and of a device made from it). */
export function reportAdapter(adapter: GPUAdapter, device?: GPUDevice): AdapterReport {
  const { info } = adapter;
  const features = device?.features ?? adapter.features;
  const limits = device?.limits ?? adapter.limits;
  const name = [info.device, info.description].filter(Boolean).join(' ').trim();
  const text = `${info.vendor} ${info.architecture} ${name}`;
  return {
    name: name || info.architecture || info.vendor || 'unnamed adapter',
    vendor: info.vendor,
    architecture: info.architecture,
    software: info.isFallbackAdapter || SOFTWARE.test(text),
    subgroups: features.has('subgroups'),
    subgroupMin: info.subgroupMinSize ?? 0,
    subgroupMax: info.subgroupMaxSize ?? 0,
    timestamps: features.has('timestamp-query'),
    maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
  };
}

/**
 * Finds an adapter and opens a device with its real limits.
 * @throws VeilganError NO_ADAPTER, WRONG_ADAPTER (hardware asked for and only software there, or the reverse; Dawn's
 * null adapter, which computes nothing)
 */
export async function openDevice(root: GPU, { adapter: want = 'auto' }: OpenOptions = {}) {
  const none = (why: string) =>
    new VeilganError('NO_ADAPTER', `no WebGPU adapter was found${why}`, {
      fix: "Run `npm run setup` to install a software Vulkan driver, or install your GPU vendor's driver; `npm run doctor` tells more",
    });
  if (!root?.requestAdapter) throw none(': this platform has no WebGPU');
  let adapter: GPUAdapter | null;
  try {
    adapter = await root.requestAdapter({
      powerPreference: 'high-performance',
      forceFallbackAdapter: want === 'software' ? true : undefined,
    });
    if (!adapter && want === 'software') adapter = await root.requestAdapter();
  } catch (cause) {
    throw none(`: ${(cause as Error).message}`);
  }
  if (!adapter) throw none('');
  const report = reportAdapter(adapter);
  if (/null[ -]backend/i.test(report.name)) {
    throw new VeilganError('WRONG_ADAPTER', 'the only adapter is the null one, which computes nothing', {
      fix: 'Run `npm run setup`',
    });
  }
  if (want !== 'auto' && report.software !== (want === 'software')) {
    throw new VeilganError('WRONG_ADAPTER', `a ${want} adapter was asked for, but the one found is ${report.name}`, {
      fix: `Install one, or use --adapter ${report.software ? 'software' : 'hardware'}`,
    });
  }
  const optional = ['subgroups', 'timestamp-query'] as GPUFeatureName[];
  const names = [
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
    'maxComputeWorkgroupStorageSize',
  ] as const;
  const device = await adapter.requestDevice({
    requiredFeatures: optional.filter((f) => (adapter as GPUAdapter).features.has(f)),
    requiredLimits: Object.fromEntries(names.map((n) => [n, (adapter as GPUAdapter).limits[n]])),
  });
  return { device, report: reportAdapter(adapter, device) };
}
