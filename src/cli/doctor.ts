/** What this machine offers to the engine, and what to do where that is not enough. Changes nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dawn } from '../api/node.ts';
import { VeilganError } from '../base/errors.ts';
import { findChromium } from '../build/chromium.mjs';
import { driverFolders, vulkanEnvironment, vulkanFolder } from '../build/vulkan.mjs';
import { type AdapterReport, openDevice, reportAdapter } from '../gpu/index.ts';
import { packageRoot } from '../run/version.ts';
import { formatBytes, listing } from './format.ts';
import { EXIT, verb } from './verb.ts';

export interface DoctorReport {
  /** Whether the engine runs here: an adapter was found and gives a device. */
  ok: boolean;
  adapter: AdapterReport | null;
  features: string[];
  /** Every limit of the adapter, by its WebGPU name. */
  limits: Record<string, number>;
  node: string;
  platform: string;
  /** Versions; null for one that is not installed. */
  packages: Record<string, string | null>;
  /** Manifests of the Vulkan drivers the loader finds (Linux), and the folder of one that setup unpacked. */
  vulkan: { manifests: string[]; unpacked: string | null };
  /** Path of the Chromium that tests in a page use. */
  chromium: string | null;
  advice: string[];
}

/** The limits that decide how the engine runs, with what it is built for. */
const NEEDED: Readonly<Record<string, number>> = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
};
const BYTES = new Set(['maxStorageBufferBindingSize', 'maxBufferSize', 'maxComputeWorkgroupStorageSize']);

export default verb({
  about: 'What WebGPU finds on this machine, and what to install',
  run: async () => {
    const report = await doctor();
    return { document: report, text: formatDoctor(report), code: report.ok ? EXIT.done : EXIT.failed };
  },
});

/** Examines the machine. Never throws: what fails becomes `ok: false` and a line of advice. */
export async function doctor(): Promise<DoctorReport> {
  const advice: string[] = [];
  const found = await examine(advice);
  if (found.adapter) adviseOn(found, advice);
  const chromium = browser(advice);
  return {
    ...found,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}${systemName()}`,
    packages: {
      veilgan: packageRoot().version,
      webgpu: packageVersion('webgpu'),
      'playwright-core': packageVersion('playwright-core'),
    },
    vulkan: { manifests: manifests(), unpacked: existsSync(vulkanFolder()) ? vulkanFolder() : null },
    chromium,
    advice,
  };
}

type Found = Pick<DoctorReport, 'ok' | 'adapter' | 'features' | 'limits'>;

async function examine(advice: string[]): Promise<Found> {
  const found: Found = { ok: false, adapter: null, features: [], limits: {} };
  try {
    const root = await dawn();
    const adapter = await root.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter) {
      found.adapter = reportAdapter(adapter);
      found.features = [...adapter.features].sort();
      found.limits = numbers(adapter.limits);
    }
    const { device } = await openDevice(root);
    device.destroy();
    found.ok = true;
  } catch (error) {
    advice.push(error instanceof VeilganError ? error.line() : dawnFails(error));
    const unpacked = process.env.VK_DRIVER_FILES === undefined && vulkanEnvironment() !== null;
    if (unpacked) advice.push('setup unpacked a driver for you: start through `npm run veilgan`, which points there.');
  }
  return found;
}

/** Dawn's binary is missing or does not load. */
function dawnFails(error: unknown): string {
  const message = String((error as Error)?.message ?? error).split('\n')[0];
  if (/GLIBC_/.test(message)) return `Dawn needs a newer C library than this system has (${message}).`;
  return `Dawn does not load (${message}). Run \`npm ci\`.`;
}

function adviseOn({ adapter, features, limits }: Found, advice: string[]): void {
  if (adapter?.software) {
    const device = hardware();
    if (device) advice.push(`There is a GPU (${device}), but no Vulkan driver for it: install its vendor's driver.`);
    else advice.push('The adapter is software: results are the same, a hardware GPU is many times faster.');
  }
  if (!features.includes('subgroups')) advice.push('No subgroups: matrix products take a slower kernel.');
  if (!features.includes('timestamp-query')) advice.push('No timestamp queries: profiles by kernel are not available.');
  for (const [name, needed] of Object.entries(NEEDED)) {
    if (limits[name] < needed) advice.push(`${name} is ${limits[name]}; the engine is built for at least ${needed}.`);
  }
}

function browser(advice: string[]): string | null {
  try {
    const path = findChromium();
    if (!path) advice.push('No Chromium: tests in a page are skipped. Run `npm run setup -- --browser`.');
    return path;
  } catch (error) {
    advice.push((error as Error).message);
    return null;
  }
}

/** The report for people, a line a fact. */
export function formatDoctor(report: DoctorReport): string {
  const { adapter } = report;
  const rows: [string, string][] = [
    ['adapter', adapter ? `${adapter.name} (${adapter.software ? 'software' : 'hardware'})` : 'none'],
    ['usable', report.ok ? 'yes' : 'no'],
  ];
  if (adapter) {
    const sizes = adapter.subgroups ? `, subgroups of ${range(adapter.subgroupMin, adapter.subgroupMax)}` : '';
    rows.push(['vendor', `${adapter.vendor || 'unknown'} / ${adapter.architecture || 'unknown'}${sizes}`]);
    rows.push(['features', report.features.join(' ')]);
    for (const name of Object.keys(NEEDED)) {
      const value = report.limits[name];
      rows.push([name, BYTES.has(name) ? formatBytes(value) : String(value)]);
    }
  }
  rows.push(
    ['system', `${report.platform}, Node ${report.node}`],
    [
      'packages',
      Object.entries(report.packages)
        .map(([name, version]) => `${name} ${version ?? '(none)'}`)
        .join(', '),
    ],
    ['Vulkan drivers', report.vulkan.manifests.join(' ') || 'none found'],
  );
  if (report.vulkan.unpacked) rows.push(['unpacked driver', report.vulkan.unpacked]);
  rows.push(['Chromium', report.chromium ?? 'none found']);
  return [listing(rows), ...report.advice.map((line) => `- ${line}`)].join('\n');
}

function numbers(limits: GPUSupportedLimits): Record<string, number> {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(limits));
  const pairs = names.map((name) => [name, (limits as unknown as Record<string, unknown>)[name]] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
}

function manifests(): string[] {
  const chosen = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (chosen) return chosen.split(':');
  return driverFolders().flatMap((folder) =>
    files(folder)
      .filter((n) => n.endsWith('.json'))
      .map((n) => join(folder, n)),
  );
}

/** A device node that only a GPU has. */
function hardware(): string | null {
  const render = files('/dev/dri').find((name) => name.startsWith('renderD'));
  const nodes = [...(render ? [`/dev/dri/${render}`] : []), '/dev/nvidia0', '/dev/kfd', '/dev/dxg'];
  return nodes.find((node) => existsSync(node)) ?? null;
}

function systemName(): string {
  const match = /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'));
  return match ? `, ${match[1]}` : '';
}

/** Version of an installed package; null where it is not installed. */
export function packageVersion(name: string): string | null {
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve(name)));
    while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
    return (JSON.parse(read(join(folder, 'package.json'))) as { version?: string }).version ?? null;
  } catch {
    return null;
  }
}

function files(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function range(low: number, high: number): string {
  return low === high ? String(low) : `${low} to ${high}`;
}
