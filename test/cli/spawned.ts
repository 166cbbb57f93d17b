/** The built command line as a process of its own, in a folder of its own. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { root } from '../house/sources.ts';

// Not bundled into the tests: the build scripts know the project's root by where they lie.
const build: typeof import('../../src/build/build.mjs') = await import(
  pathToFileURL(join(root, 'src', 'build', 'build.mjs')).href
);

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Arguments, exit code (2: how it was called, 1: everything else), and what the line says. */
export type Wrong = readonly [args: string, code: number, says: RegExp];

/** A working directory with a folder of data sets beside it, and the command line built for this test alone. */
export class CommandLine {
  readonly #built: string;
  readonly #home: string;
  /** where the commands run */
  readonly cwd: string;

  private constructor(built: string, home: string) {
    this.#built = built;
    this.#home = home;
    this.cwd = join(home, 'work');
    fs.mkdirSync(this.cwd);
  }

  static async make(name: string): Promise<CommandLine> {
    // Below the root, so that packages are found; not dist/, which somebody may be running.
    const built = join(root, '.build', `${name}-${process.pid}`);
    await build.bundleForNode({ cli: 'src/cli/launch.ts', main: 'src/cli/main.ts' }, built);
    return new CommandLine(built, fs.mkdtempSync(join(tmpdir(), `veilgan-${name}-`)));
  }

  /** Starts `veilgan ARGS`. */
  start(args: readonly string[]) {
    const env = { ...process.env, VEILGAN_DATA: join(this.#home, 'data'), NO_COLOR: '1' };
    const child = spawn(process.execPath, [join(this.#built, 'cli.js'), ...args], { cwd: this.cwd, env });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => (out.stdout += data));
    child.stderr.on('data', (data) => (out.stderr += data));
    child.stdin.end();
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...out })));
    return { child, ended };
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** Runs a command that must succeed, and gives the one JSON document that it prints. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    assert.is(code, 0, `${args.join(' ')}: exit ${code}\n${stderr}`);
    assert.match(stdout, /[}\]]\n$/);
    return JSON.parse(stdout) as T;
  }

  /** Runs a command that must fail: one line on stderr, which is returned, nothing on stdout, nothing written. */
  async fails(args: readonly string[], code: number): Promise<string> {
    const before = this.listing();
    const ended = await this.start(args).ended;
    const what = `veilgan ${args.join(' ')}\n${ended.stderr}`;
    assert.is(ended.code, code, what);
    assert.is(ended.stdout, '', what);
    assert.match(ended.stderr, /^veilgan: [^\n]+\n$/, what);
    assert.equal(this.listing(), before, what);
    return ended.stderr.trimEnd();
  }

  /** Many such commands: side by side, `width` at a time, since they write nothing. */
  allFail(list: readonly Wrong[], width = 3): Promise<void> {
    return inParallel(
      list.map(
        ([args, code, says]) =>
          async () =>
            assert.match(await this.fails(args.split(' '), code), says),
      ),
      width,
    );
  }

  /** Every file with its size, data sets included. */
  listing(): string[] {
    return (fs.readdirSync(this.#home, { recursive: true }) as string[])
      .map((name) => `${name} ${fs.statSync(join(this.#home, name)).size}`)
      .sort();
  }

  write(name: string, text: string): void {
    fs.writeFileSync(join(this.cwd, name), text);
  }

  read(name: string): Buffer {
    return fs.readFileSync(join(this.cwd, name));
  }

  remove(): void {
    for (const folder of [this.#built, this.#home]) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A CSV of `rows` seeded points in two columns. */
export function csv(rows: number, columns = 'x,y'): string {
  const lines = Array.from(
    { length: rows },
    (_, i) => `${Math.sin(i * 7.3).toFixed(4)},${Math.cos(i * 3.1).toFixed(4)}`,
  );
  return `${columns}\n${lines.join('\n')}\n`;
}

/** Runs `jobs` in order, `width` at a time. */
export async function inParallel(jobs: readonly (() => Promise<void>)[], width: number): Promise<void> {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  };
  await Promise.all(Array.from({ length: width }, worker));
}
