import { Command, InvalidArgumentError, Option } from 'commander';
import { ofClass } from '../data/dataset.ts';
import { loadDataset } from '../data/store/store.ts';
import { isGenerated } from '../data/synthetic.ts';
import { privateConfig } from '../gan/private/config.ts';
import { type SystemName, systemNamed, systemsWith } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { type Audited, audit, parts } from '../run/audit/audit.ts';
import { sensitivityCells } from '../run/audit/cells.ts';
import type { AuditSetting, PartName } from '../run/audit/part.ts';
import { holds, replayCells, replayed } from '../run/audit/replay.ts';
import { auditConfig } from './audit-config.ts';
import { HELP } from './audit-help.ts';
import { auditDocument, auditLines, partLines } from './audit-print.ts';
import { printJson } from './format.ts';
import { type CommonOptions, wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { createProgress } from './progress.ts';

interface AuditFlags extends CommonOptions, Record<string, unknown> {
  data: string;
  preset?: string;
  quick?: boolean;
  sensitivity?: boolean;
  parts?: PartName[];
  claims?: number[];
  updates?: number;
  mode: AuditSetting['mode'];
  score: AuditSetting['score'];
  canaries?: number;
  runs?: number;
  confidence: number;
  seed: number;
  insecureSeed?: number;
  quiet?: boolean;
}

/** Canaries of a run, and runs. */
const SIZES = { 'one-run': [16, 16], 'many-run': [1, 200] } as const;
/** Systems that claim something. */
const PRIVATE = systemsWith({ private: true });
const QUICK_SIZES = { 'one-run': [16, 2], 'many-run': [1, 20] } as const;

/** `audit`: tries to disprove what a private training claims. */
export function auditCommand(): Command {
  const command = new Command('audit')
    .summary('try to disprove the privacy claim of private training')
    .description('Compares what private training does with what its ledger says, and bounds epsilon from below.')
    .argument('[system]', PRIVATE.join(' or '), PRIVATE.at(-1))
    .option('--quick', 'all parts in small form, under a minute on two cores')
    .option('--parts <names>', `some of ${parts.map(({ name }) => name).join(', ')}, comma-separated`, partNames)
    .option('--claims <list>', 'epsilons that single updates are tested for, each with its noise', claimList)
    .option('--updates <n>', 'noisy updates that are looked at one by one', wholeNumber(20, 1e6))
    .option('--sensitivity', 'what one record adds to a sum, for a few kinds of updates, and nothing else')
    .option('--data <name>', 'data set that the canaries join, see `data list`', 'blobs')
    .option('--preset <name>', 'settings to start from, as in `train`')
    .option('--canaries <n>', 'transcript: in each run (default 16, with many-run 1)', wholeNumber(1, 4096))
    .option('--runs <n>', 'transcript: trainings (default 16, with many-run 200; quick 2 and 20)', wholeNumber(1, 1e5))
    .option('--confidence <p>', 'that a bound is below the true epsilon', share, 0.95)
    .option('--seed <n>', 'of networks and canaries; noise, samples and coins are fresh', wholeNumber(0), 1)
    .option('--insecure-seed <n>', 'noise, samples and coins from a seed too; for tests', wholeNumber(0))
    .option('--quiet', 'no progress');
  command.addOption(
    new Option('--mode <name>', 'transcript: about many canaries of each run, or one in each of many runs')
      .choices(['one-run', 'many-run'])
      .default('one-run'),
  );
  command.addOption(
    new Option('--score <name>', 'transcript: from every noisy update, or from the critics after training')
      .choices(['trace', 'loss'])
      .default('trace'),
  );
  withConfig(withDevice(command), privateConfig.shape);
  command.addHelpText('after', HELP);
  return command.action(async (named: string, flags: AuditFlags) => {
    const system = systemNamed(named, PRIVATE);
    await withGpu(flags, (gpu) => (flags.sensitivity ? sensitivityVerb(gpu, flags) : auditVerb(gpu, system, flags)));
  });
}

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It must be a number between 0 and 1.');
  return value;
}

function claimList(text: string): number[] {
  const values = text.split(',').map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  if (!values.every((x) => x > 0 && x <= 100)) throw new InvalidArgumentError('They must be numbers from 0 to 100.');
  return values;
}

function partNames(text: string): PartName[] {
  const known = parts.map(({ name }) => name);
  return text.split(',').map((word) => {
    const name = known.find((one) => one === word.trim());
    if (!name) throw new InvalidArgumentError(`There are ${known.join(', ')}.`);
    return name;
  });
}

async function sensitivityVerb(gpu: Gpu, { seed, insecureSeed, json, quiet }: AuditFlags): Promise<void> {
  const progress = createProgress({ total: 100, label: 'what one record adds', json, quiet });
  const started = performance.now();
  const onProgress = (done: number) => progress.update(Math.round(100 * done));
  const setting = { seed, insecureSeed, onProgress };
  const cells = await replayCells(gpu, sensitivityCells(), setting).finally(() => progress.stop());
  const disproved = !cells.every(holds);
  const result = replayed(cells);
  const seconds = (performance.now() - started) / 1000;
  if (json) printJson({ disproved, cells, adapter: gpu.adapter.name, seconds });
  else process.stdout.write(`${partLines('what one record adds', result, seconds)}\n`);
  if (disproved) process.exitCode = 1;
}

async function auditVerb(gpu: Gpu, system: SystemName, flags: AuditFlags): Promise<void> {
  const { mode, score, confidence, seed, insecureSeed, json, quiet, quick = false } = flags;
  const whole = await loadDataset(flags.data);
  const config = auditConfig(system, flags, whole);
  const data = ofClass(whole, config.onlyClass);
  const sizes = (quick ? QUICK_SIZES : SIZES)[mode];
  const setting: AuditSetting = {
    ...{ config, data, seed, insecureSeed, quick, confidence, mode, score },
    canaries: flags.canaries ?? sizes[0],
    runs: flags.runs ?? sizes[1],
    updates: flags.updates ?? 0,
    claims: flags.claims ?? [],
  };
  const names = flags.parts ?? parts.map(({ name }) => name);
  const total = 100 * names.length;
  const progress = createProgress({ total, label: `audit of ${system} on ${data.name}`, json, quiet });
  const started = performance.now();
  let audited: Audited;
  try {
    const order = parts.filter(({ name }) => names.includes(name));
    audited = await audit(gpu, setting, names, (part, done) =>
      progress.update(Math.round(100 * (order.indexOf(part) + Math.min(1, done)))),
    );
  } finally {
    progress.stop();
  }
  const step = audited.parts.find(({ part }) => part.name === 'step')?.result.document as Steps | undefined;
  const about = {
    confidence,
    delta: config.delta,
    system,
    data: data.name,
    quick,
    mode,
    score,
    ...spentOf(audited, step),
    noise_multiplier: config.noiseMultiplier,
    insecure: insecureSeed !== undefined,
    adapter: gpu.adapter.name,
    seconds: (performance.now() - started) / 1000,
  };
  const notes = [
    ...(insecureSeed === undefined ? [] : ['noise, samples and coins come from --insecure-seed']),
    ...(isGenerated(flags.data)
      ? []
      : ['it trained on your records in every run, unpaid by any budget: keep this to yourself']),
  ];
  if (json) printJson(auditDocument(audited, about));
  else process.stdout.write(`${auditLines(audited, confidence, notes)}\n`);
  if (audited.failed.length) process.exitCode = 1;
}

interface Steps {
  readonly claims: readonly { readonly sampling_rate: number; readonly noisy_updates: number }[];
}

/** Noisy updates of the training that is claimed for, and their rate. */
function spentOf({ parts: done }: Audited, step?: Steps) {
  const transcript = done.find(({ part }) => part.name === 'transcript')?.result.document;
  const { noisy_updates, sampling_rate } = transcript ?? step?.claims[0] ?? {};
  return noisy_updates === undefined ? {} : { noisy_updates, sampling_rate };
}
