/** Which code a run was made with. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type CodeVersion = {
  veilgan: string;
  node: string;
  /** Absent where the code is not a git checkout (an installed package) or git does not answer. */
  git?: { commit: string; dirty: boolean };
};

const GIT_TIMEOUT_MS = 2000;

/** Directory of this package (the nearest package.json called veilgan above the running file) and its version. */
export function packageRoot(from: string = fileURLToPath(import.meta.url)): { directory: string; version: string } {
  for (let directory = dirname(from); ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    if (existsSync(file)) {
      try {
        const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
        if (name === 'veilgan') return { directory, version: version ?? 'unknown' };
      } catch {}
    }
    if (dirname(directory) === directory) return { directory: '', version: 'unknown' };
  }
}

/** Version of package, Node and git commit. Never throws: a run must not fail because git is not there. */
export function codeVersion(): CodeVersion {
  const { directory, version } = packageRoot();
  const git = directory === '' ? undefined : gitVersion(directory);
  return { veilgan: version, node: process.versions.node, ...(git ? { git } : {}) };
}

/** Commit of the checkout whose top is `directory`; undefined when that is not the top of a git checkout. */
export function gitVersion(directory: string): CodeVersion['git'] {
  const parsed = git(directory, ['rev-parse', '--show-toplevel', 'HEAD']);
  const [top, commit] = parsed?.split('\n') ?? [];
  // Installed inside somebody else's repository, the commit would be theirs.
  if (!top || !commit || !/^[0-9a-f]{40,64}$/.test(commit) || !sameDirectory(top, directory)) return undefined;
  const changes = git(directory, ['status', '--porcelain', '--untracked-files=no']);
  return { commit, dirty: changes !== '' };
}

function git(directory: string, args: string[]): string | undefined {
  const result = spawnSync('git', args, {
    cwd: directory,
    timeout: GIT_TIMEOUT_MS,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
  });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

function sameDirectory(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
