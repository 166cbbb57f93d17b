/** Finds the Chromium that browser tests use. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './errors.mjs';

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser', 'chrome'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * The path of a Chromium or Chrome: the one the variable CHROMIUM names, else the first on PATH or in the
 * system's usual place, else null. A CHROMIUM that cannot be run is an error, not a reason to take another.
 */
export function findChromium() {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (!runnable(chosen)) throw new SetupError(`CHROMIUM names ${chosen}, which cannot be run`);
    return chosen;
  }
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/snap/bin'].filter(Boolean);
  const windows = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    .filter(Boolean)
    .map((base) => join(base, 'Google', 'Chrome', 'Application', 'chrome.exe'));
  const places = { darwin: MAC, win32: windows }[process.platform] ?? [];
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...places, ...onPath].find(runnable) ?? null;
}

function runnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
