/** Where imported data sets live. Node only. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The folder in it that holds what `data fetch` downloaded; no data set may have this name. */
export const DOWNLOADS = 'downloads';

/**
 * The folder of stored data sets: `$VEILGAN_DATA`, else `veilgan/data` in the user's cache directory
 * (`$XDG_CACHE_HOME` or ~/.cache; ~/Library/Caches on macOS; %LOCALAPPDATA% on Windows).
 */
export function dataHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (env.VEILGAN_DATA) return env.VEILGAN_DATA;
  // The XDG specification: a relative path in the variable is invalid and ignored.
  const xdg = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : undefined;
  if (xdg) return join(xdg, 'veilgan', 'data');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'veilgan', 'Cache', 'data');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'veilgan', 'data');
  return join(home, '.cache', 'veilgan', 'data');
}
