/** Run directories, made and opened: everything that one training leaves on disk (`README.md` lists the files). */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { VeilganError } from '../base/errors.ts';
import { fileError, readJson } from '../base/files.ts';
import { DirectoryRun, removeEmpty, removeStarted, writeRunInfo } from './directory-run.ts';
import { acquireLock } from './lock.ts';
import { CHECKPOINT, type NewRun } from './run.ts';
import { checkedRunInfo, RUN_FORMAT, type RunInfo } from './schema.ts';
import { codeVersion } from './version.ts';

const LOCK = 'lock';

/**
 * Makes a run directory and locks it. Without `out` it is ROOT/SYSTEM-DATA-DATE-N with the first N that is free
 * (root `./runs`, date local). A directory that is there and not empty is refused (USAGE). When anything fails,
 * nothing stays behind, parent directories included.
 */
export function createRun(
  out: string | undefined,
  meta: NewRun,
  options: { root?: string; now?: Date } = {},
): DirectoryRun {
  const now = options.now ?? new Date();
  const info: RunInfo = { format: RUN_FORMAT, ...meta, created: now.toISOString(), version: codeVersion() };
  if (out !== undefined) return start(resolve(out), info, true) ?? refuse(out);
  const name = [meta.system, meta.data.name].map((part) => part.replace(/[^\w.-]+/g, '_')).join('-');
  return firstFree(name, { ...options, now }, (dir) => start(dir, info, false));
}

/**
 * Makes a folder for several runs: `out`, which may be empty but hold nothing (USAGE), else ROOT/NAME-DATE-N with the
 * first N that is free. Returns its absolute path.
 */
export function freshDirectory(
  out: string | undefined,
  name: string,
  options: { root?: string; now?: Date } = {},
): string {
  try {
    if (out !== undefined) {
      const dir = resolve(out);
      mkdirSync(dirname(dir), { recursive: true });
      if (!claim(dir) && (!statSync(dir).isDirectory() || readdirSync(dir).length > 0)) refuse(out);
      return dir;
    }
    mkdirSync(resolve(options.root ?? 'runs'), { recursive: true });
    return firstFree(name, options, (dir) => (claim(dir) ? dir : undefined));
  } catch (cause) {
    throw fileError(cause, out ?? 'runs', 'create');
  }
}

/** What `make` gives for ROOT/NAME-DATE-N with the first N for which it gives something; the date as 20261121, local. */
function firstFree<T>(name: string, { root = 'runs', now = new Date() }, make: (dir: string) => T | undefined): T {
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((n) => `${n}`.padStart(2, '0')).join('');
  for (let n = 1; ; n++) {
    const made = make(resolve(root, `${name}-${day}-${n}`));
    if (made !== undefined) return made;
  }
}

/**
 * Opens a run, checking run.json. With `write` it is locked and can be continued (`resume`). Throws FILE when there
 * is no run, when it is damaged (naming the field), or when another process writes it.
 */
export function openRun(dir: string, options: { write?: boolean } = {}): DirectoryRun {
  const path = resolve(dir);
  const file = join(path, 'run.json');
  if (!existsSync(file)) {
    const there = existsSync(path);
    throw new VeilganError('FILE', there ? `${dir} is not a run directory: it has no run.json` : `no run at ${dir}`, {
      where: dir,
      fix: 'Name a directory that `veilgan train` made',
    });
  }
  const info = checkedRunInfo(readJson(file), file);
  return new DirectoryRun(path, info, options.write ? acquireLock(join(path, LOCK)) : undefined);
}

/** The new run, or undefined when something is in the way; an empty directory is not, where `reuse` allows it. */
function start(dir: string, info: RunInfo, reuse: boolean): DirectoryRun | undefined {
  const made: string[] = [];
  let release: (() => void) | undefined;
  let mine = false;
  try {
    for (let at = dir; !existsSync(at); at = dirname(at)) made.unshift(at);
    mkdirSync(dirname(dir), { recursive: true });
    mine = claim(dir) || (reuse && isEmpty(dir));
    if (!mine) return undefined;
    release = acquireLock(join(dir, LOCK));
    // Written last: a directory with a run.json is a whole one.
    writeRunInfo(dir, info);
    return new DirectoryRun(dir, info, release, made);
  } catch (cause) {
    // Where somebody else holds the lock, the directory is theirs by now.
    if (mine && (release || !existsSync(join(dir, LOCK)))) removeStarted(dir, made);
    else removeEmpty(made);
    release?.();
    throw fileError(cause, dir, 'create');
  }
}

/** Makes the directory; false when it is there already, so that of two processes only one gets it. */
function claim(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/** Nothing in it but what a start that was killed within its first millisecond may leave: lock and temporary file. */
function isEmpty(dir: string): boolean {
  if (!statSync(dir).isDirectory()) return false;
  return readdirSync(dir).every((name) => name === LOCK || /^\.run\.json\.\d+\.tmp$/.test(name));
}

function refuse(out: string): never {
  const isRun = existsSync(join(out, 'run.json'));
  const resumes = isRun && existsSync(join(out, CHECKPOINT));
  const state = isRun ? 'and holds a run' : statSync(out).isDirectory() ? 'and is not empty' : 'and is a file';
  throw new VeilganError('USAGE', `${out} exists ${state}`, {
    where: 'out',
    fix: `Choose another directory with \`out\`${resumes ? `, or continue that run with \`resume: ${out}\`` : ''}`,
  });
}
