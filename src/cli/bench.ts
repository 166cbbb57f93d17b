import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import {
  againstPeers,
  convPeersSuite,
  descriptions,
  meanOfBoth,
  type Result,
  type SuiteName,
  suites,
  withNewer,
} from '../../bench/index.ts';
import { VeilganError } from '../base/errors.ts';
import { packageRoot } from '../run/version.ts';
import { packageVersion } from './doctor.ts';
import { flag } from './flags.ts';
import { formatBytes, table } from './format.ts';
import { verb } from './verb.ts';

/** Suites that the peers have too. */
const PEERS: readonly SuiteName[] = ['matmul', 'blobs', 'conv'];

interface PeerDocument {
  readonly peer: string;
  readonly version: string;
  readonly results: readonly Result[];
  readonly skipped: readonly { suite: string; case: string; why: string }[];
}

const names = Object.keys(suites) as SuiteName[];

export default verb({
  about: 'Measures on this adapter; rounds alternate, figures are medians.',
  args: {
    suites: z.array(z.enum(names)).default([]).describe('which (default all)'),
  },
  flags: {
    peers: flag(
      `also other WebGPU engines on the same adapter (${PEERS.join(', ')}; needs \`npm ci --prefix bench/peers\`)`,
    ),
    large: flag("also sizes, and the presets' own batches, that take minutes on a software adapter"),
    kernels: z
      .enum(['chosen', 'all'])
      .default('chosen')
      .describe('<which> conv: the naive and the chosen kernel, or every one that can'),
  },
  device: true,
  notes: `\nSuites:\n${names.map((name) => `  ${name.padEnd(9)}${descriptions[name]}`).join('\n')}`,
  run: async ({ suites: wanted, peers: withPeers, ...options }, { gpu, progress }) => {
    const chosen = wanted.length ? wanted : names;
    const compared = withPeers ? PEERS.filter((name) => chosen.includes(name)) : [];
    if (compared.length) checkPeers();
    const convAlone = () => {
      if (!compared.includes('conv')) return [];
      progress.note('conv, K = 1, to compare with peers ...');
      return convPeersSuite(gpu, options.large);
    };
    let results: Result[] = [];
    for (const name of chosen) {
      progress.note(`${name} ...`);
      results.push(...(await suites[name](gpu, { ...options, cli: join(root(), 'dist', 'cli.js') })));
    }
    const before = await convAlone();
    if (compared.length) progress.note('peers ...');
    const peers = compared.length ? runPeers(options.large, compared) : [];
    // The machine may drift while the peers run, so ours are measured before and after them.
    if (before.length) results = withNewer(results, meanOfBoth(before, await convAlone()));
    const theirs = peers.flatMap((p) => p.results.map((r) => ({ ...r, impl: `${p.peer} ${p.version}: ${r.impl}` })));
    results.push(
      ...againstPeers(
        results,
        theirs.filter((r) => compared.includes(r.suite as SuiteName)),
      ),
    );
    const skipped = peers.flatMap((p) => p.skipped.map((s) => ({ peer: p.peer, ...s })));
    const adapter = gpu.adapter.name;
    const versions = { node: process.version, webgpu: packageVersion('webgpu') };
    return {
      document: { adapter, versions, results, ...(withPeers ? { skipped } : {}) },
      text: [
        `${adapter}, Node ${versions.node}, webgpu ${versions.webgpu}\n\n${resultTable(results)}`,
        ...skipped.map(({ peer, suite, case: which, why }) => `not measured: ${peer} ${suite} ${which}: ${why}`),
      ].join('\n'),
    };
  },
});

const root = (): string => packageRoot().directory;

const peerScript = (): string => join(root(), 'bench', 'peers', 'index.mjs');

function checkPeers(): void {
  if (existsSync(join(root(), 'bench', 'peers', 'node_modules'))) return;
  throw new VeilganError('USAGE', 'the other engines are not installed', {
    where: 'peers',
    fix: 'Run `npm ci --prefix bench/peers`',
  });
}

function runPeers(large: boolean | undefined, wanted: readonly SuiteName[]): PeerDocument[] {
  const { status, stdout } = spawnSync(
    process.execPath,
    [peerScript(), '--json', ...(large ? ['--large'] : []), '--only', wanted.join(',')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0)
    throw new VeilganError('FILE', "the other engines' benchmarks failed", {
      where: peerScript(),
      fix: 'See their output above',
    });
  return JSON.parse(stdout) as PeerDocument[];
}

function resultTable(results: readonly Result[]): string {
  const time = (ms: number) => (ms < 1 ? `${(1000 * ms).toFixed(2)} us` : `${ms.toFixed(2)} ms`);
  const rows = results.map((r) => [
    r.suite,
    r.case,
    r.impl,
    time(r.median_ms),
    r.best_ms === undefined ? '-' : time(r.best_ms),
    r.gflops === undefined ? '-' : r.gflops.toFixed(1),
    r.bytes === undefined ? '-' : formatBytes(r.bytes),
    r.ratio === undefined ? '-' : `${r.ratio.toFixed(2)} of ${r.of}`,
  ]);
  return table(['suite', 'case', 'implementation', 'median', 'best', 'GFLOP/s', 'peak', 'compared'], rows);
}
