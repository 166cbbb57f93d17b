/** The command line from source: builds it (0.2 s), makes sure of an adapter where the verb needs one, and runs it. */
import { spawn } from 'node:child_process';
import { buildCli } from './build.mjs';
import { ensureAdapter } from './ensure.mjs';
import { vulkanEnvironment } from './vulkan.mjs';

const args = process.argv.slice(2);
const needsAdapter = ['demo', 'train', 'sample', 'attack', 'evaluate', 'bench'].includes(args[0]) && !args.some((a) => a === '--help' || a === '-h');

try {
  const file = await buildCli();
  const env = { ...process.env, ...(needsAdapter ? await ensureAdapter() : vulkanEnvironment()) };
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { stdio: 'inherit', env });
  // The terminal sends Ctrl-C to both; the child decides when to stop.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.exitCode === null && signal === 'SIGTERM' && child.kill(signal));
  child.on('close', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
