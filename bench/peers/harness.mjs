/**
 * What every peer's script shares: Dawn as `navigator.gpu` (in this process only), a list of cases of which one that
 * fails is skipped, one JSON document as a line on stdout, and a limit that holds even while native code blocks the
 * thread.
 */
import { Worker } from 'node:worker_threads';

/** Seconds after which a script gives up, prints what it has and ends; `--limit` sets another. */
const LIMIT = 300;

/** Prints the last document it was sent and ends the process; a thread of its own, as compiling a shader blocks. */
const WATCHDOG = `
const { parentPort, workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
let last = null;
parentPort.on('message', (message) => { last = message; });
setTimeout(() => {
  const { document, running } = last;
  const why = 'the time limit of ' + workerData.seconds + ' s was reached';
  for (const one of running) document.skipped.push({ ...one, why });
  writeSync(1, JSON.stringify(document) + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, workerData.seconds * 1000);
`;

/**
 * Sets `navigator.gpu` to Dawn's object. `navigator` holds it, so it is not collected (Node aborts when it is).
 * @returns {Promise<string>} the adapter that a peer will be given
 */
async function installDawn() {
  const { create, globals } = await import('webgpu');
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  // Node has a navigator from version 21 on only, and the peers look at its userAgent.
  if (!globalThis.navigator) {
    const value = { userAgent: `Node.js/${process.versions.node.split('.')[0]}` };
    Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
  }
  const gpu = create([]);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('no WebGPU adapter was found');
  const { device, description, architecture, vendor } = adapter.info;
  return [device, description].filter(Boolean).join(' ').trim() || architecture || vendor || 'unnamed adapter';
}

const firstLine = (error) => String(error?.message ?? error).split('\n')[0];

const flag = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};

/**
 * Runs a peer's cases and prints its document. Flags: `--large` for the large cases too,
 * `--only SUITE,SUITE`, `--limit SECONDS`.
 * @param {object} spec
 * @param {string} spec.peer
 * @param {() => Promise<{ version: string, device: GPUDevice, context: object }>} spec.open loads the engine on
 *   its WebGPU backend
 * @param {Array<{ suite: string, case: string, impl?: string, large?: boolean, why?: string,
 *   run?: (context: object) => Promise<Array<object>> }>} spec.cases a case with `why` and no `run` is always skipped;
 *   `impl` tells apart two ways to write one case; `run` checks what it computes, then gives rows of a result, less
 *   suite and case
 */
export async function runPeer({ peer, open, cases }) {
  console.log = console.error;
  const only = flag('--only')?.split(',');
  const chosen = cases.filter((c) => (process.argv.includes('--large') || !c.large) && (!only || only.includes(c.suite)));
  const document = { peer, version: null, adapter: null, results: [], skipped: [] };
  const watchdog = new Worker(WATCHDOG, { eval: true, workerData: { seconds: Number(flag('--limit') ?? LIMIT) } });
  const skip = ({ suite, case: name, impl }, why) => document.skipped.push({ suite, case: name, impl, why });
  // The worker prints rows for the case that runs and for those that would have come after it.
  const report = (i) => {
    const running = chosen.slice(i).map(({ suite, case: name, impl }) => ({ suite, case: name, impl }));
    watchdog.postMessage({ document, running });
  };

  let context = null;
  let invalid = null;
  report(0);
  try {
    document.adapter = await installDawn();
    const opened = await open();
    document.version = opened.version;
    context = opened.context;
    // Where a peer breaks a limit, WebGPU drops the work and says so here only: the rest would be a fast nothing.
    opened.device.addEventListener('uncapturederror', (event) => {
      invalid ??= event.error.message;
    });
  } catch (error) {
    for (const c of chosen) skip(c, firstLine(error));
  }
  if (context) {
    for (const [i, c] of chosen.entries()) {
      report(i);
      if (!c.run) {
        skip(c, c.why);
        continue;
      }
      invalid = null;
      try {
        const rows = await c.run(context);
        if (invalid) throw new Error(invalid);
        for (const row of rows) document.results.push({ suite: c.suite, case: c.case, ...row });
      } catch (error) {
        if (process.env.DEBUG) console.error(error);
        skip(c, firstLine(invalid ?? error));
      }
    }
  }
  // Exit at once: a peer's device is still alive, and what it left pending would keep the process.
  process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(0));
}
