#!/usr/bin/env node
/**
 * The command: runs main.js, which lies beside it, in a process whose native stderr is filtered. Only native code
 * writes there: the child's own stderr is the terminal (or file, or pipe) itself, handed on as descriptor 3, so that
 * a progress bar knows its width and nothing is delayed or reordered.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { OWN_STDERR } from './stderr.ts';
import { WarningFilter } from './warnings.ts';

const main = fileURLToPath(new URL('./main.js', import.meta.url));
const args = [...process.execArgv, '--enable-source-maps', main, ...process.argv.slice(2)];
const child = spawn(process.execPath, args, {
  stdio: ['inherit', 'inherit', 'pipe', 2],
  env: { ...process.env, [OWN_STDERR]: '3' },
});

const filter = new WarningFilter();
const pass = (bytes: Uint8Array) => void (bytes.length && process.stderr.write(bytes));
child.stderr?.on('data', (bytes: Uint8Array) => pass(filter.push(bytes)));
child.stderr?.on('end', () => pass(filter.end()));
// Nobody reads any more; the child learns of it by itself.
process.stderr.on('error', () => {});

// A terminal's Ctrl-C reaches both, a signal to this process only this one: it is handed on, and `interruptible` takes
// two in quick succession for one. On Windows a signal from here would end the child without asking it.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => process.platform !== 'win32' && child.kill(name));
}
child.on('error', (error) => {
  process.stderr.write(`veilgan: Node could not be started again: ${error.message}\n`);
  process.exitCode = 1;
});
child.on('close', (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
});
