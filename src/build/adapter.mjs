/** Asks, in a child process, whether Dawn finds an adapter that works (probe.mjs says why a child). */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROBE = fileURLToPath(new URL('./probe.mjs', import.meta.url));
const TIMEOUT_MS = 120_000;

/**
 * @param {Record<string, string> | null} [environment] variables to add (vulkanEnvironment())
 * @returns {{ ok: boolean, adapter?: { vendor: string, architecture: string, device: string, description: string,
 *   software: boolean }, why?: string }} `why` is one line for people when `ok` is false
 */
export function probeAdapter(environment) {
  const child = spawnSync(process.execPath, [PROBE], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  });
  if (child.error) return { ok: false, why: `the check did not end: ${child.error.message}` };
  const line = child.stdout.trim().split('\n').at(-1);
  const end = child.signal ?? `exit ${child.status}`;
  if (!line) return { ok: false, why: `loading Dawn or the driver ends Node (${end})` };
  const answer = JSON.parse(line);
  if (!answer.ok) answer.why = explain(answer.why, child.stderr);
  return answer;
}

/** One line for people: `llvmpipe: Mesa 25.0.7 (LLVM 15.0.6) [mesa, software]`. */
export function adapterLine({ vendor, architecture, device, description, software }) {
  const name = description || device || architecture || 'unnamed adapter';
  return `${name} [${vendor || 'unknown vendor'}, ${software ? 'software' : 'hardware'}]`;
}

/** Adds to Dawn's answer what its warnings say, and what they mean. */
function explain(why, stderr) {
  if (/GLIBC_[\d.]+' not found/.test(why)) return `Dawn needs a newer C library than this system has (${why})`;
  if (/Cannot find (module|package)/.test(why)) return `Dawn's binary is not there; run npm ci (${why})`;
  const refusal = /^Warning: (Vulkan .* required)/m.exec(stderr);
  return refusal ? `${why}; it refuses the driver that is here: ${refusal[1]}` : why;
}
