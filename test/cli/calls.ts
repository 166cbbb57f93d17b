/**
 * Runs cli.js (first argument) again and again, once for each message that brings its arguments: every time as a
 * module of its own, with nothing left of the call before but Node. Starting that is most of what a wrong call takes.
 */
import { pathToFileURL } from 'node:url';

const main = process.argv[2];
const out = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    out[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    for (const call of [encoding, done]) if (typeof call === 'function') call();
    return true;
  };
}

let calls = 0;
process.on('message', (args: string[]) => {
  process.argv.splice(1, process.argv.length, main, ...args);
  process.exitCode = undefined;
  for (const name of ['stdout', 'stderr'] as const) process[name].removeAllListeners('error');
  Object.assign(out, { stdout: '', stderr: '' });
  process.exit = ((code: number) => void process.send?.({ code, ...out })) as typeof process.exit;
  import(`${pathToFileURL(main).href}?${calls++}`).catch((error: Error) => {
    process.send?.({ code: null, stdout: out.stdout, stderr: String(error.stack) });
  });
});
