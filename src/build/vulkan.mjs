/**
 * Where an unpacked software Vulkan driver lives and how a process is told to use it.
 *
 * `setup.mjs` unpacks a driver here when it may not install one. Its libraries are found only by a process
 * that is started with the right LD_LIBRARY_PATH and VK_DRIVER_FILES, so launchers start Node once more.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The user's cache folder for this project: below `$XDG_CACHE_HOME` (absolute values only) where it is set, else
 * where the platform keeps caches. Data sets live in its `data` (src/data/store/home.ts).
 */
export function cacheFolder() {
  const xdg = process.env.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'veilgan');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'veilgan');
  if (process.platform !== 'win32') return join(homedir(), '.cache', 'veilgan');
  return join(process.env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'veilgan', 'Cache');
}

/** The folder of the unpacked driver; it exists only when `setup` could not install one for the whole machine. */
export function vulkanFolder() {
  return join(cacheFolder(), 'vulkan');
}

/** The file that says the unpacked driver is complete and works: `{ libraries: string[], drivers: string[] }`. */
export function vulkanRecord() {
  return join(vulkanFolder(), 'driver.json');
}

/**
 * Variables for a child process that shall use the unpacked driver, or null where there is none.
 * A driver the user chose himself (VK_DRIVER_FILES or VK_ICD_FILENAMES) stays chosen.
 * Both names are given: loaders before 1.3.207 know only the older one.
 */
export function vulkanEnvironment() {
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return null;
  let record;
  try {
    record = JSON.parse(readFileSync(vulkanRecord(), 'utf8'));
  } catch {
    return null;
  }
  if (!record.drivers.every((file) => existsSync(file))) return null;
  const drivers = record.drivers.join(delimiter);
  const libraries = [...record.libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return { LD_LIBRARY_PATH: libraries, VK_DRIVER_FILES: drivers, VK_ICD_FILENAMES: drivers };
}

/** Folders in which the Vulkan loader of this system looks for driver manifests (Linux; empty elsewhere). */
export function driverFolders() {
  if (process.platform !== 'linux') return [];
  const split = (name, fallback) => (process.env[name] || fallback).split(delimiter).filter(isAbsolute);
  const bases = [
    join(homedir(), '.config'),
    ...split('XDG_CONFIG_DIRS', '/etc/xdg'),
    '/etc',
    process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'),
    ...split('XDG_DATA_DIRS', '/usr/local/share:/usr/share'),
  ];
  return [...new Set(bases.map((base) => join(base, 'vulkan', 'icd.d')))];
}
