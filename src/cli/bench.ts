import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Command } from 'commander';
import { type Result, type SuiteName, suites } from '../../bench/index.ts';
import { VeilganError } from '../gpu/errors.ts';
import { packageRoot } from '../run/version.ts';
import { formatBytes, printJson, table } from './format.ts';
import { type CommonOptions, withDevice, withGpu } from './options.ts';

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
    .option('--peers', 'also other WebGPU engines on the same adapter (needs `npm ci --prefix bench/peers`)')
    .option('--large', 'also sizes that take minutes on a software adapter');
  return withDevice(command).action(
    async (wanted: string[], flags: CommonOptions & { peers?: boolean; large?: boolean }) => {
      const unknown = wanted.find((name) => !names.includes(name as SuiteName));
      if (unknown !== undefined) {
        throw new VeilganError('USAGE', `there is no benchmark ${unknown}`, {
          where: 'bench',
          fix: `Use some of ${names.join(', ')}`,
        });
      }
      const chosen = (wanted.length ? wanted : names) as SuiteName[];
      const results: Result[] = [];
      const adapter = await withGpu(flags, async (gpu) => {
        for (const name of chosen) {
          process.stderr.write(`${name} ...\n`);
          results.push(...(await suites[name](gpu, { cli: join(root(), 'dist', 'cli.js'), large: flags.large })));
        }
        return gpu.adapter.name;
      });
      const peers = flags.peers ? runPeers(flags.large, chosen) : [];
      for (const { peer, version, results: theirs } of peers) {
        results.push(
          ...theirs
            .filter((r) => chosen.includes(r.suite as SuiteName))
            .map((r) => ({ ...r, impl: `${peer} ${version}: ${r.impl}` })),
        );
      }
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
    },
  );
}

const root = (): string => packageRoot().directory;

function dawnVersion(): string {
  const file = createRequire(import.meta.url).resolve('webgpu/package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function runPeers(large: boolean | undefined, chosen: readonly SuiteName[]): PeerDocument[] {
  const wanted = chosen.filter((name) => name === 'matmul' || name === 'blobs');
  if (!wanted.length) return [];
  const script = join(root(), 'bench', 'peers', 'index.mjs');
  if (!existsSync(join(root(), 'bench', 'peers', 'node_modules'))) {
    throw new VeilganError('USAGE', 'the other engines are not installed', {
      where: '--peers',
      fix: 'Run `npm ci --prefix bench/peers`',
    });
  }
  process.stderr.write('peers ...\n');
  const { status, stdout } = spawnSync(
    process.execPath,
    [script, '--json', ...(large ? ['--large'] : []), ...(wanted.length === 1 ? ['--only', wanted[0]] : [])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0)
    throw new VeilganError('FILE', "the other engines' benchmarks failed", {
      where: script,
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
