/**
 * The other WebGPU engines on the adapter that this machine has, each in a process of its own, one after the other.
 * `node bench/peers/index.mjs [--json] [--large] [--only SUITE,SUITE] [--peer NAME] [--limit SECONDS]`
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Name of a peer, its script, and the packages that it needs installed here. */
const PEERS = [
  { peer: 'tfjs-webgpu', script: 'tfjs.mjs', packages: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'] },
  { peer: 'jax-js', script: 'jax-js.mjs', packages: ['@jax-js/jax'] },
];

/** Seconds a script gives itself, and how long after that it is killed, should even its watchdog have failed. */
const LIMIT = 300;
const LARGE_LIMIT = 540;
const GRACE = 15;

/**
 * Runs every peer and gives their documents. A peer that fails gives a document that says so under `skipped`.
 * @param {object} options
 * @param {string} [options.root] the repository; by default the one this file is in
 * @param {Record<string, string | undefined>} [options.env] environment of the children, so that they find the adapter
 * @param {boolean} [options.large] the large cases too
 * @param {string} [options.only] these suites only, comma-separated
 * @param {string} [options.peer] this peer only
 * @param {number} [options.limit] seconds for each peer
 * @returns {Promise<Array<{ peer: string, version: string | null, adapter: string | null,
 *   results: Array<{ suite: string, case: string, impl: string, median_ms: number, best_ms: number, gflops?: number,
 *     ways_ms: { await: number, sleep: number }, rounds: number, units_per_round: number }>,
 *   skipped: Array<{ suite: string, case: string, impl?: string, why: string }> }>>} `ways_ms`: the median of each way
 *   of waiting, of which `impl` names the better, the one in median_ms and best_ms
 * @throws Error where the peers are not installed; the message says how
 */
export async function runPeers({ root = defaultRoot(), env = process.env, large = false, only, peer, limit } = {}) {
  const folder = join(root, 'bench', 'peers');
  const chosen = PEERS.filter((p) => !peer || p.peer === peer);
  if (!chosen.length) throw new Error(`there is no peer ${peer}; there are ${PEERS.map((p) => p.peer).join(', ')}`);
  const absent = chosen.flatMap((p) => p.packages).filter((name) => !existsSync(join(folder, 'node_modules', name)));
  if (absent.length) {
    throw new Error(`the peers are not installed (${absent.join(', ')}). Run \`npm ci --prefix bench/peers\``);
  }
  const seconds = limit ?? (large ? LARGE_LIMIT : LIMIT);
  const flags = ['--limit', String(seconds), ...(large ? ['--large'] : []), ...(only ? ['--only', only] : [])];
  const documents = [];
  for (const p of chosen) documents.push(await runScript(p, folder, flags, env, seconds + GRACE));
  return documents;
}

function defaultRoot() {
  return fileURLToPath(new URL('../..', import.meta.url));
}

function runScript({ peer, script }, folder, flags, env, seconds) {
  const child = spawn(process.execPath, [join(folder, script), ...flags], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  const timer = setTimeout(kill, seconds * 1000);
  process.once('exit', kill);
  const out = [];
  let said = '';
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => {
    if (env.DEBUG) process.stderr.write(chunk);
    said = (said + chunk).slice(-4000);
  });
  return new Promise((resolve) => {
    const end = (why) => {
      clearTimeout(timer);
      process.off('exit', kill);
      try {
        // Dawn itself prints validation errors on stdout.
        const lines = Buffer.concat(out).toString().split('\n');
        resolve(JSON.parse(lines.filter((line) => line.startsWith('{"peer"')).at(-1)));
      } catch {
        const last = said.trim().split('\n').at(-1);
        const reason = last ? `${why}: ${last}` : why;
        resolve({ peer, version: null, adapter: null, results: [], skipped: [{ suite: '*', case: '*', why: reason }] });
      }
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(`${script} ended with ${signal ?? `exit code ${code}`}`));
  });
}

/** One line a result, for people. */
function table(documents) {
  const lines = [];
  for (const { peer, version, adapter, results, skipped } of documents) {
    lines.push(`${peer} ${version ?? ''} on ${adapter ?? 'no adapter'}`);
    for (const r of results) {
      const rate = r.gflops ? `  ${r.gflops.toFixed(2)} GFLOP/s` : '';
      const time = `${r.median_ms.toFixed(1)} ms (best ${r.best_ms.toFixed(1)})`;
      lines.push(`  ${r.suite} ${r.case}  ${time}${rate}  ${r.impl}`);
    }
    for (const s of skipped) lines.push(`  ${s.suite} ${s.case}  skipped: ${s.why}`);
  }
  return lines.join('\n');
}

async function main(args) {
  const value = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const limit = value('--limit');
  const documents = await runPeers({
    large: args.includes('--large'),
    only: value('--only'),
    peer: value('--peer'),
    limit: limit === undefined ? undefined : Number(limit),
  });
  console.log(args.includes('--json') ? JSON.stringify(documents, null, 2) : table(documents));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
