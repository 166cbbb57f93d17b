/** What launch.test.ts puts in the place of main.js: does what its first argument says. */
import { writeSync } from 'node:fs';
import { interruptible } from '../../src/cli/progress.ts';
import { useOwnStderr } from '../../src/cli/stderr.ts';

useOwnStderr();

const WARNINGS = ['Uniform', 'Storage'].map(
  (kind) =>
    `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n`,
);
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const native = (text: string) => void writeSync(2, text);

const jobs: Record<string, () => Promise<void>> = {
  async warnings() {
    native('Warning: another one\n');
    for (const warning of WARNINGS) {
      for (let at = 0; at < warning.length; at += 37) {
        native(warning.slice(at, at + 37));
        await pause(20);
      }
    }
    native(`${WARNINGS.join('')}ünative\n`);
    process.stderr.write('own\n');
    console.error('console');
    native('no end of line');
    process.exitCode = 7;
  },
  async order() {
    for (let i = 0; i < 20; i++) (i % 2 ? process.stderr : process.stdout).write(`${i}\n`);
  },
  async killed() {
    process.kill(process.pid, 'SIGKILL');
  },
  /** A bar without an end of line, until it is interrupted; then it takes its time. */
  async training() {
    const { signal } = interruptible(() => process.stderr.write('[stopping]'));
    process.stderr.write('bar 10 %');
    native('native 10 %');
    while (!signal.aborted) await pause(10);
    await pause(300);
    process.stderr.write('[saved]');
    process.exitCode = 130;
  },
};

await jobs[process.argv[2]]();
process.stderr.write('', () => process.exit());
