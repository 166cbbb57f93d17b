/** Adapters as the plans of kernels see them. */
import type { AdapterTraits } from '../../src/ops/matmul_plan.ts';

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
