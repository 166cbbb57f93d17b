/** The built command line as a process of its own, in a folder of its own. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** What Dawn's native code says of most software adapters; nobody can act on it, and nothing keeps it from saying so. */
const DAWN = /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced .*\r?\n/gm;

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
    const built = join('.build', `${name}-${process.pid}`);
    await build.bundleCli(built, { calls: 'test/cli/calls.ts' });
    return new CommandLine(join(root, built), fs.mkdtempSync(join(tmpdir(), `veilgan-${name}-`)));
  }

  get #env() {
    return { ...process.env, VEILGAN_DATA: join(this.#home, 'data'), NO_COLOR: '1' };
  }

  /** Starts `veilgan ARGS`. */
  start(args: readonly string[]) {
    const child = spawn(process.execPath, [join(this.#built, 'cli.js'), ...args], { cwd: this.cwd, env: this.#env });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => (out.stdout += data));
    child.stderr.on('data', (data) => (out.stderr += data));
    child.stdin.end();
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (code) => resolve({ code, stdout: out.stdout, stderr: out.stderr.replace(DAWN, '') })),
    );
    return { child, ended };
  }

  /** Runs a command as people do. */
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
  fails(args: readonly string[], code: number): Promise<string> {
    return this.#refused(args, code, () => this.run(...args));
  }

  async #refused(args: readonly string[], code: number, run: () => Promise<Ended>): Promise<string> {
    const before = this.listing();
    const ended = await run();
    const what = `veilgan ${args.join(' ')}\n${ended.stderr}`;
    assert.is(ended.code, code, what);
    assert.is(ended.stdout, '', what);
    assert.match(ended.stderr, /^veilgan: [^\n]+\n$/, what);
    assert.equal(this.listing(), before, what);
    return ended.stderr.trimEnd();
  }

  /** Many such commands: the first as a process, the others one after another in one. */
  async allFail([[first, ...expected], ...others]: readonly Wrong[]): Promise<void> {
    assert.match(await this.fails(first.split(' '), expected[0]), expected[1]);
    await this.inOne(async (run) => {
      for (const [line, code, says] of others) {
        const args = line.split(' ');
        assert.match(await this.#refused(args, code, () => run(args)), says);
      }
    });
  }

  /** Lends a process that runs commands one after another (calls.ts). */
  async inOne(use: (run: (args: readonly string[]) => Promise<Ended>) => Promise<void>): Promise<void> {
    const worker = fork(join(this.#built, 'calls.js'), [join(this.#built, 'cli.js')], {
      cwd: this.cwd,
      env: this.#env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const gone = once(worker, 'exit').then(() => Promise.reject(new Error('a command ended the process of others')));
    gone.catch(() => {});
    try {
      await use(async (args) => {
        worker.send(args);
        const [ended] = await Promise.race([once(worker, 'message'), gone]);
        return ended as Ended;
      });
    } finally {
      worker.kill('SIGKILL');
    }
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
