/** Adapters as the plans of kernels see them. */
import type { Gpu } from '../../src/gpu/gpu.ts';
import type { AdapterTraits } from '../../src/ops/matmul-plan.ts';

export const lavapipe: AdapterTraits = {
  software: true,
  subgroups: true,
  subgroupMin: 8,
  subgroupMax: 8,
  maxWorkgroupInvocations: 1024,
  maxWorkgroupStorage: 32768,
};
export const swiftshader: AdapterTraits = {
  software: true,
  subgroups: true,
  subgroupMin: 4,
  subgroupMax: 4,
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorage: 16384,
};
export const nvidia: AdapterTraits = {
  software: false,
  subgroups: true,
  subgroupMin: 32,
  subgroupMax: 32,
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorage: 16384,
};
export const least: AdapterTraits = { ...nvidia, subgroups: false, maxWorkgroupInvocations: 128 };
export const adapters = [lavapipe, swiftshader, nvidia, least];

/** Runs `fn` with what the plans would choose on a hardware adapter with this one's limits. */
export function asHardware<T>(gpu: Gpu, fn: () => T): T {
  const traits = gpu.adapter as { software: boolean };
  const was = traits.software;
  traits.software = false;
  try {
    return fn();
  } finally {
    traits.software = was;
  }
}
