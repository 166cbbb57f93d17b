import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from './measure.ts';

/**
 * Seconds from process start to the end of the first training step, on an empty driver cache and then on a warm one;
 * each in a process of its own, which starts the command line as a user would.
 * @param cli the bundled command line
 */
export function startupSuite(cli: string): Result[] {
  const folder = mkdtempSync(join(tmpdir(), 'veilgan-bench-'));
  const env = { ...process.env, MESA_SHADER_CACHE_DIR: join(folder, 'cache') };
  try {
    const cases = [
      { impl: 'empty driver cache', budget: 15 },
      { impl: 'warm driver cache', budget: 2 },
      { impl: 'warm driver cache, again', budget: 2 },
    ];
    return cases.map(({ impl, budget }, i) => {
      const args = [
        'train',
        'pargan',
        '--data',
        'blobs',
        '--preset',
        'blobs-js',
        '--steps',
        '1',
        '--json',
        '--out',
        join(folder, `run-${i}`),
      ];
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { env, encoding: 'utf8' });
      if (status !== 0) throw new Error(`startup: ${stderr}`);
      const seconds = (JSON.parse(stdout) as { first_step_seconds: number }).first_step_seconds;
      return {
        suite: 'startup',
        case: 'process start to first Blobs step',
        impl,
        median_ms: 1000 * seconds,
        ratio: seconds / budget,
        of: `budget ${budget} s`,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
