/**
 * The command line from source: builds it (0.3 s), makes sure of an adapter where the verb needs one, and runs it: here, or
 * where a driver was unpacked in a process that is started with the variables for it.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { pathToFileURL } from 'node:url';
import { buildCli } from './build.mjs';
import { ensureAdapter } from './ensure.mjs';
import { vulkanEnvironment } from './vulkan.mjs';

const VERBS = ['demo', 'train', 'sample', 'attack', 'evaluate', 'report', 'classifier', 'experiment', 'audit', 'bench'];
const args = process.argv.slice(2);
const needsAdapter = VERBS.includes(args[0]) && !args.some((a) => a === '--help' || a === '-h');

try {
  const file = await buildCli();
  const driver = needsAdapter ? await ensureAdapter() : vulkanEnvironment();
  if (Object.keys(driver ?? {}).length) restart(file, driver);
  else await import(pathToFileURL(file).href);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Starts Node again with these variables, which the Vulkan loader reads when a process begins. */
function restart(file, variables) {
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit', env: { ...process.env, ...variables } });
  // A terminal's Ctrl-C reaches both, a signal to this process only this one: it is handed on, and the command takes two in
  // quick succession for one. On Windows a signal from here would end the child without asking it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => process.platform !== 'win32' && child.kill(name));
  }
  child.on('error', (error) => {
    process.stderr.write(`veilgan: Node could not be started again: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
}
