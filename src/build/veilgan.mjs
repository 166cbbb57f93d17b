/** The command line from source: builds it (0.2 s), makes sure of an adapter where the verb needs one, and runs it. */
import { pathToFileURL } from 'node:url';
import { buildCli } from './build.mjs';
import { ensureAdapter } from './ensure.mjs';
import { vulkanEnvironment } from './vulkan.mjs';

const VERBS = ['demo', 'train', 'sample', 'attack', 'evaluate', 'report', 'classifier', 'experiment', 'audit', 'bench'];
const args = process.argv.slice(2);
const needsAdapter = VERBS.includes(args[0]) && !args.some((a) => a === '--help' || a === '-h');

try {
  const file = await buildCli();
  // The launcher starts a process, which is where variables for the Vulkan loader count.
  Object.assign(process.env, needsAdapter ? await ensureAdapter() : vulkanEnvironment());
  await import(pathToFileURL(file).href);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
