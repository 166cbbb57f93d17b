import { VeilganError } from '../base/errors.ts';

export interface OpenOptions {
  /** which adapter: any, only a hardware one, or only a software one */
  adapter?: 'auto' | 'hardware' | 'software';
}

/** Why a platform may have no adapter, and what its user can do about it. */
export interface Advice {
  readonly why: string;
  readonly fix: string;
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

/** Of an adapter or a device. */
interface Able {
  readonly features: { has(name: string): boolean };
  readonly limits: GPUSupportedLimits;
}

/** The report of an adapter (and of a device made from it). */
export function reportAdapter(
  adapter: Able & { readonly info: Partial<GPUAdapterInfo> },
  { features, limits }: Able = adapter,
): AdapterReport {
  const { info } = adapter;
  const { vendor = '', architecture = '' } = info;
  const name = [info.device, info.description].filter(Boolean).join(' ').trim();
  const text = `${vendor} ${architecture} ${name}`;
  return {
    name: name || architecture || vendor || 'unnamed adapter',
    vendor,
    architecture,
    software: info.isFallbackAdapter || SOFTWARE.test(text),
    subgroups: features.has('subgroups'),
    subgroupMin: info.subgroupMinSize ?? 0,
    subgroupMax: info.subgroupMaxSize ?? 0,
    timestamps: features.has('timestamp-query'),
    maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupStorage: limits.maxComputeWorkgroupStorageSize,
  };
}

/** What every kernel counts on: WebGPU's core defaults, which only a device of the compatibility mode may lack. */
const NEEDED = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
} as const;

/**
 * The report of a device that somebody else made.
 * @throws VeilganError WRONG_ADAPTER where it allows less than the kernels need, DEVICE_LOST where it is gone already
 */
export async function checkDevice(device: GPUDevice): Promise<AdapterReport> {
  // A browser hears of a loss from another process: ask for an answer that comes after it, whatever the queue is doing.
  device.pushErrorScope('validation');
  const lost = await Promise.race([device.lost, device.popErrorScope().catch(() => null)]);
  if (lost && 'reason' in lost) throw lostDevice(lost);
  for (const [name, least] of Object.entries(NEEDED)) {
    const found = device.limits[name as keyof typeof NEEDED];
    if (found >= least) continue;
    throw new VeilganError('WRONG_ADAPTER', `the device has ${name} = ${found}, and the engine needs ${least}`, {
      where: name,
      fix: "Request it from an adapter of featureLevel 'core', the default",
    });
  }
  // Browsers of before 2025 have no adapterInfo: the device is then taken for hardware.
  const { adapterInfo: info = {}, features, limits } = device;
  return reportAdapter({ info, features, limits });
}

export const lostDevice = ({ reason, message }: { reason: string; message: string }): VeilganError =>
  new VeilganError('DEVICE_LOST', `the GPU device was lost (${reason}): ${message}`, {
    fix: 'Open a new Gpu and resume from the last checkpoint',
  });

/** What an uncaptured error on a device means. @param owned whether nobody but the engine uses it */
export const uncaptured = (error: GPUError, owned: boolean): VeilganError =>
  error.constructor.name === 'GPUOutOfMemoryError'
    ? new VeilganError('OUT_OF_MEMORY', `the device is out of memory: ${error.message}`, { fix: 'Use a smaller batch' })
    : new VeilganError('VALIDATION', error.message, {
        fix: owned
          ? 'This is a defect of the engine: please report it'
          : 'Look for it among your own calls on this device first; else it is a defect of the engine: please report it',
      });

/**
 * Finds an adapter and opens a device with its real limits.
 * @throws VeilganError NO_ADAPTER, WRONG_ADAPTER (hardware asked for and only software there, or the reverse; Dawn's
 * null adapter, which computes nothing)
 * @param options.advice what to say where there is none; by default what to do in Node
 */
export async function openDevice(
  root: GPU | undefined,
  { adapter: want = 'auto', advice }: OpenOptions & { advice?: () => Advice } = {},
) {
  const none = (why: string) => {
    const told = advice?.();
    return new VeilganError('NO_ADAPTER', `no WebGPU adapter was found${told ? `: ${told.why}` : why}`, {
      fix:
        told?.fix ??
        "Run `npm run setup` to install a software Vulkan driver, or install your GPU vendor's driver; `npm run doctor` tells more",
    });
  };
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
      fix: `Install one, or ask for \`adapter: ${report.software ? 'software' : 'hardware'}\``,
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
