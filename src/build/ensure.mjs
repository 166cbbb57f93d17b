/** What launchers call before they start anything that needs a GPU: an adapter, or `npm run setup` first. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probeAdapter } from './adapter.mjs';
import { cacheFolder, driverFolders, vulkanEnvironment, vulkanRecord } from './vulkan.mjs';

const SETUP = fileURLToPath(new URL('./setup.mjs', import.meta.url));
const LOADERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
/** Variables that decide which driver a process gets. */
const VARIABLES = [
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'VK_ADD_DRIVER_FILES',
  'VK_LOADER_DRIVERS_SELECT',
  'LD_LIBRARY_PATH',
];

/**
 * Makes sure that Dawn finds an adapter, installing a software driver where it does not (`npm run setup`, its
 * output on stderr). A positive answer is remembered until Node, Dawn or a driver's files change, so that the
 * next start does not wait for it.
 * @returns {Promise<Record<string, string>>} variables to add to the environment of the process that shall
 *   have the adapter: {} or vulkanEnvironment()
 * @throws {Error} when there is no adapter and setup could not change that; the message is for people
 */
export async function ensureAdapter() {
  const known = remembered();
  if (known) return known;
  const found = firstWorking() ?? setUp();
  remember(found);
  return found;
}

function firstWorking() {
  if (probeAdapter().ok) return {};
  const unpacked = vulkanEnvironment();
  return unpacked && probeAdapter(unpacked).ok ? unpacked : null;
}

function setUp() {
  console.error('No WebGPU adapter found; running npm run setup.');
  const { status } = spawnSync(process.execPath, [SETUP], { stdio: ['inherit', 2, 2] });
  const found = status === 0 ? firstWorking() : null;
  if (!found) throw new Error('There is no WebGPU adapter, and setup could not provide one (its reason is above).');
  return found;
}

function notePath() {
  return join(cacheFolder(), 'adapter.json');
}

function remembered() {
  try {
    const note = JSON.parse(readFileSync(notePath(), 'utf8'));
    return note.key === fingerprint() ? note.environment : null;
  } catch {
    return null;
  }
}

function remember(environment) {
  try {
    mkdirSync(dirname(notePath()), { recursive: true });
    writeFileSync(notePath(), `${JSON.stringify({ key: fingerprint(), environment })}\n`);
  } catch {
    // A cache that cannot be written costs the next start a fifth of a second.
  }
}

/** Changes when Node, Dawn, a driver's manifest, the loader, the machine or what selects a driver does. */
function fingerprint() {
  const dawn = fileURLToPath(import.meta.resolve('webgpu'));
  const manifests = driverFolders().flatMap((folder) => list(folder).map((name) => join(folder, name)));
  const loaders = LOADERS.map((folder) => join(folder, 'libvulkan.so.1'));
  const files = [dawn, vulkanRecord(), ...manifests, ...loaders].map((file) => [file, modified(file)]);
  const variables = VARIABLES.map((name) => process.env[name] ?? null);
  return JSON.stringify([process.version, hostname(), release(), variables, files]);
}

function list(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function modified(file) {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
