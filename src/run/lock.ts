/**
 * One writer a run directory: a lock file that names its owner. A lock whose owner no longer lives is stale and
 * is taken over; a process id that the system has given to somebody else since is told apart by its start time.
 */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { fileError } from '../base/files.ts';

const owned = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Start of the process in clock ticks since boot (Linux), '' where the platform does not tell. */
  start: z.string(),
});
type Owner = z.infer<typeof owned>;

/** A lock file without a readable owner is being written right now, unless it is older than this. */
const SETTLE_MS = 10_000;

const held = new Set<string>();
let releaseAtExit = false;

/** What a lock of process `pid` on this machine contains (exported for the tests). */
export function lockText(pid: number): string {
  return JSON.stringify({ pid, host: hostname(), start: processStart(pid) } satisfies Owner);
}

/**
 * Takes the lock file `path`; returns what releases it (also done at process exit). Throws FILE when another live
 * process, or this one, holds it. A lock of another machine counts as held: whether it lives cannot be seen from here.
 */
export function acquireLock(path: string): () => void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      writeFileSync(path, lockText(process.pid), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, path, 'create');
      const text = lockHolder(path);
      if (text !== undefined) removeStale(path, text);
      continue;
    }
    held.add(path);
    if (!releaseAtExit) {
      releaseAtExit = true;
      process.once('exit', () => {
        for (const file of held) rmSync(file, { force: true });
      });
    }
    return () => {
      if (held.delete(path)) rmSync(path, { force: true });
    };
  }
  throw inUse(path, 'other processes are opening it at the same time');
}

/** Text of a stale lock, undefined when the lock is gone by now; throws FILE when its owner lives. */
function lockHolder(path: string): string | undefined {
  let text: string;
  let age: number;
  try {
    age = Date.now() - statSync(path).mtimeMs;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path, 'read');
  }
  const owner = parseOwner(text);
  if (!owner) {
    if (age > SETTLE_MS) return text;
    throw inUse(path, 'another process is just opening it');
  }
  if (owner.host !== hostname()) throw inUse(path, `process ${owner.pid} on ${owner.host} has it open`);
  if (owner.pid === process.pid) {
    if (held.has(path)) throw inUse(path, 'this process has it open already');
    return text;
  }
  if (isAlive(owner)) throw inUse(path, `process ${owner.pid} has it open`);
  return text;
}

/** Moves the stale lock away. Somebody quicker may have replaced it in between: then theirs is put back. */
function removeStale(path: string, text: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readFileSync(aside, 'utf8') === text) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function parseOwner(text: string): Owner | undefined {
  try {
    return owned.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = processStart(owner.pid);
  return owner.start === '' || start === '' || start === owner.start;
}

/** Field 22 (`starttime`) of /proc/PID/stat; the command name before it may contain spaces and brackets. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not noticed yet.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function inUse(path: string, why: string): VeilganError {
  return new VeilganError('FILE', `the run is in use: ${why}`, {
    where: path,
    fix: `Wait for it to end or stop it; if nothing works on this run any more, delete ${path}`,
  });
}
