import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  againstPeers,
  type BenchOptions,
  convPeersSuite,
  descriptions,
  meanOfBoth,
  type Result,
  type SuiteName,
  suites,
  withNewer,
} from '../../bench/index.ts';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/index.ts';
import { packageRoot } from '../run/version.ts';
import { formatBytes, printJson, table } from './format.ts';
import { type CommonOptions, withDevice, withGpu } from './options.ts';

type BenchFlags = CommonOptions & Pick<BenchOptions, 'large' | 'kernels'> & { peers?: boolean };

/** Suites that the peers have too. */
const PEERS: readonly SuiteName[] = ['matmul', 'blobs', 'conv'];

interface PeerDocument {
  readonly peer: string;
  readonly version: string;
  readonly results: readonly Result[];
  readonly skipped: readonly { suite: string; case: string; why: string }[];
}

export function benchCommand(): Command {
  const names = Object.keys(suites) as SuiteName[];
  const command = new Command('bench')
    .summary('benchmarks of kernels and training steps')
    .description('Measures on this adapter; rounds alternate, figures are medians.')
    .argument('[suites...]', `some of ${names.join(', ')} (default all)`)
    .option(
      '--peers',
      `also other WebGPU engines on the same adapter (${PEERS.join(', ')}; needs \`npm ci --prefix bench/peers\`)`,
    )
    .option('--large', "also sizes, and the presets' own batches, that take minutes on a software adapter")
    .addOption(
      new Option('--kernels <which>', 'conv: the naive and the chosen kernel, or every one that can')
        .choices(['chosen', 'all'])
        .default('chosen'),
    )
    .addHelpText('after', `\nSuites:\n${names.map((name) => `  ${name.padEnd(9)}${descriptions[name]}`).join('\n')}`);
  return withDevice(command).action(async (wanted: string[], flags: BenchFlags) => {
    const unknown = wanted.find((name) => !names.includes(name as SuiteName));
    if (unknown !== undefined) {
      throw new VeilganError('USAGE', `there is no benchmark ${unknown}`, {
        where: 'bench',
        fix: `Use some of ${names.join(', ')}`,
      });
    }
    const chosen = (wanted.length ? wanted : names) as SuiteName[];
    const compared = flags.peers ? PEERS.filter((name) => chosen.includes(name)) : [];
    if (compared.length) checkPeers();
    const options: BenchOptions = { ...flags, cli: join(root(), 'dist', 'cli.js') };
    const convAlone = (gpu: Gpu) => {
      if (!compared.includes('conv')) return [];
      process.stderr.write('conv, K = 1, to compare with peers ...\n');
      return convPeersSuite(gpu, flags.large);
    };
    let results: Result[] = [];
    let before: Result[] = [];
    const adapter = await withGpu(flags, async (gpu) => {
      for (const name of chosen) {
        process.stderr.write(`${name} ...\n`);
        results.push(...(await suites[name](gpu, options)));
      }
      before = await convAlone(gpu);
      return gpu.adapter.name;
    });
    const peers = compared.length ? runPeers(flags.large, compared) : [];
    if (before.length) {
      // The machine may drift while the peers run, so ours are measured before and after them.
      const after = await withGpu(flags, async (gpu) => convAlone(gpu));
      results = withNewer(results, meanOfBoth(before, after));
    }
    const theirs = peers.flatMap((p) => p.results.map((r) => ({ ...r, impl: `${p.peer} ${p.version}: ${r.impl}` })));
    results.push(
      ...againstPeers(
        results,
        theirs.filter((r) => compared.includes(r.suite as SuiteName)),
      ),
    );
    const skipped = peers.flatMap((p) => p.skipped.map((s) => ({ peer: p.peer, ...s })));
    if (flags.json) {
      printJson({
        adapter,
        versions: { node: process.version, webgpu: dawnVersion() },
        results,
        ...(flags.peers ? { skipped } : {}),
      });
      return;
    }
    process.stdout.write(`${adapter}, Node ${process.version}, webgpu ${dawnVersion()}\n\n${resultTable(results)}\n`);
    for (const { peer, suite, case: which, why } of skipped)
      process.stdout.write(`not measured: ${peer} ${suite} ${which}: ${why}\n`);
  });
}

const root = (): string => packageRoot().directory;

function dawnVersion(): string {
  const file = createRequire(import.meta.url).resolve('webgpu/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const peerScript = (): string => join(root(), 'bench', 'peers', 'index.mjs');

function checkPeers(): void {
  if (existsSync(join(root(), 'bench', 'peers', 'node_modules'))) return;
  throw new VeilganError('USAGE', 'the other engines are not installed', {
    where: '--peers',
    fix: 'Run `npm ci --prefix bench/peers`',
  });
}

function runPeers(large: boolean | undefined, wanted: readonly SuiteName[]): PeerDocument[] {
  process.stderr.write('peers ...\n');
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
  const rows = results.map((r) => [
    r.suite,
    r.case,
    r.impl,
    r.median_ms < 1 ? `${(1000 * r.median_ms).toFixed(2)} us` : `${r.median_ms.toFixed(2)} ms`,
    r.best_ms === undefined
      ? '-'
      : r.best_ms < 1
        ? `${(1000 * r.best_ms).toFixed(2)} us`
        : `${r.best_ms.toFixed(2)} ms`,
    r.gflops === undefined ? '-' : r.gflops.toFixed(1),
    r.bytes === undefined ? '-' : formatBytes(r.bytes),
    r.ratio === undefined ? '-' : `${r.ratio.toFixed(2)} of ${r.of}`,
  ]);
  return table(['suite', 'case', 'implementation', 'median', 'best', 'GFLOP/s', 'peak', 'compared'], rows);
}
