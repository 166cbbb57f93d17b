/** Scratch copies of the project outside of it, each for one mutant, and the tests that run in one. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';

/** Copies of one project; all are gone after `clean`, and what runs in them has ended. */
export class Scratch {
  #root;
  #folder = mkdtempSync(join(tmpdir(), 'veilgan-mutants-'));
  #running = new Set();
  #copies = 0;

  /** @param {string} root the project's folder */
  constructor(root) {
    this.#root = root;
  }

  /**
   * The working tree as it is now, uncommitted changes with it, without what .gitignore names; node_modules is a link.
   * @returns {string} the copy's folder
   */
  copy() {
    const root = this.#root;
    const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
      .split('\n')
      .map((line) => line.trim().replace(/\/$/, ''));
    const left = new Set([...ignored, '.git', 'shared', 'node_modules'].filter(Boolean));
    const to = join(this.#folder, String(this.#copies++));
    cpSync(root, to, { recursive: true, filter: (path) => !left.has(relative(root, path).split(sep)[0]) });
    symlinkSync(realpathSync(join(root, 'node_modules')), join(to, 'node_modules'), 'junction');
    return to;
  }

  /** A copy with one mutant in it. @throws {Error} that names file and text where the text does not stand there once */
  mutated({ file, find, replace }) {
    const to = this.copy();
    const path = join(to, file);
    const [before, after, more] = readFileSync(path, 'utf8').split(find);
    if (after === undefined || more !== undefined)
      throw new Error(`${JSON.stringify(find)} does not stand once in ${file}`);
    writeFileSync(path, before + replace + after);
    return to;
  }

  drop(copy) {
    rmSync(copy, { recursive: true, force: true });
  }

  /**
   * Builds and runs test files in a copy, in the order of the filters, until one test fails.
   * @param {number} limit seconds after which all of it is killed
   * @returns {Promise<{ passed: boolean, failed: string, late: boolean, output: string, seconds: number }>} `failed`:
   *   the file with the failing test; '' where none failed, or where the tests could not be built
   */
  test(copy, filters, limit) {
    const started = performance.now();
    const args = [join(copy, 'test', 'tools', 'test.mjs'), '--bail', ...filters];
    // A group of its own, so that what the tests start ends with them.
    const child = spawn(process.execPath, args, { cwd: copy, detached: process.platform !== 'win32' });
    this.#running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    return new Promise((done) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        end(child);
      }, limit * 1000);
      child.on('error', (error) => (output += error.message));
      child.on('close', (code) => {
        clearTimeout(timer);
        this.#running.delete(child);
        const failed = /^FAIL ([^\s:]+(?::[^\s:]+)?):/m.exec(output)?.[1] ?? '';
        done({ passed: code === 0, failed, late, output, seconds: (performance.now() - started) / 1000 });
      });
    });
  }

  /** Ends what runs and removes every copy; may be called at any moment, also twice. */
  clean() {
    for (const child of this.#running) end(child);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function end(child) {
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
