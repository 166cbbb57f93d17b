import { Command, InvalidArgumentError, Option } from 'commander';
import { type Dataset, ofClass } from '../data/dataset.ts';
import { generated, loadDataset } from '../data/store.ts';
import { withPreset } from '../gan/config.ts';
import { type PrivateConfig, privateConfig } from '../gan/private_config.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { type AuditResult, type AuditSetting, audit } from '../run/audit.ts';
import { isPrivate, parsePrivate } from '../run/private.ts';
import { formatNumber, formatSeconds, printJson, table } from './format.ts';
import { type CommonOptions, configFields, wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { createProgress } from './progress.ts';

interface AuditFlags extends CommonOptions, Record<string, unknown> {
  data: string;
  preset?: string;
  mode: AuditSetting['mode'];
  score: AuditSetting['score'];
  canaries?: number;
  runs?: number;
  confidence: number;
  seed: number;
  insecureSeed?: number;
  quiet?: boolean;
}

/** What is audited where no preset says otherwise: about half a minute on two cores, and a claim of about 1. */
const SMALL = {
  batch: 64,
  noiseMultiplier: 3,
  criticSteps: 1,
  generatorHidden: [32],
  criticHidden: [64],
  steps: 150,
} as const;
const SMALL_ROWS = 1000;
/** Canaries of a run, and runs. */
const SIZES = { 'one-run': [16, 16], 'many-run': [1, 200] } as const;

const HELP = `
What it does: trains the system again and again on the data and some canaries, records far from all others, each of
which is in the data or not by a fair coin. From what a run releases (every noisy update of the critics) it guesses
the coins. A training that is (epsilon, delta)-differentially private lets nobody guess better than epsilon allows.

What the number says: with the stated confidence, the true epsilon is at least epsilon_lower. Above epsilon_claimed it
disproves the claim: something in the training is broken (exit code 1). Below, it proves nothing: a weak attack finds
nothing either. One correct training in twenty may give a bound above its true epsilon at 95 % confidence, and it would
have to be above the claim to raise an alarm.

Without --preset a small setting is audited: --rows ${SMALL_ROWS} (or all) --batch ${SMALL.batch} --noise-multiplier ${SMALL.noiseMultiplier} --critic-steps ${SMALL.criticSteps}
--generator-hidden ${SMALL.generatorHidden} --critic-hidden ${SMALL.criticHidden} --steps ${SMALL.steps}; for dp-pargan with 4 partitions and batches of 16.
More canaries in all (--canaries times --runs) allow for larger bounds: about 2.6 with 128, 3.3 with 256, if all are guessed.
An audit of your own data trains on it in every run, which no budget pays for: its output is for the owner alone.
Nothing is written, and no run is read.

Example: veilgan audit dp-pargan --data blobs --runs 8`;

/** `audit`: an empirical lower bound on epsilon, set beside the claim. */
export function auditCommand(): Command {
  const command = new Command('audit')
    .summary('try to disprove the privacy claim, with canaries')
    .description('Bounds the epsilon of private training from below by guessing which canaries were in the data.')
    .argument('[system]', 'dpgan or dp-pargan', 'dpgan')
    .option('--data <name>', 'data set that the canaries join, see `data list`', 'blobs')
    .option('--preset <name>', 'settings to start from, as in `train`')
    .option('--canaries <n>', 'in each run (default 16, with many-run 1)', wholeNumber(1, 4096))
    .option(
      '--runs <n>',
      'trainings, each with canaries of its own (default 16, with many-run 200)',
      wholeNumber(1, 1e5),
    )
    .option('--confidence <p>', 'that the bound is below the true epsilon', share, 0.95)
    .option('--seed <n>', 'of networks and canaries; noise, samples and coins are fresh', wholeNumber(0), 1)
    .option('--insecure-seed <n>', 'noise, samples and coins from a seed too; for tests', wholeNumber(0))
    .option('--quiet', 'no progress');
  command.addOption(
    new Option('--mode <name>', 'guess about many canaries of each run, or about one in each of many runs')
      .choices(['one-run', 'many-run'])
      .default('one-run'),
  );
  command.addOption(
    new Option('--score <name>', 'guess from every noisy update, or from the critics after training')
      .choices(['trace', 'loss'])
      .default('trace'),
  );
  withConfig(withDevice(command), privateConfig.shape);
  command.addHelpText('after', HELP);
  return command.action(async (system: string, flags: AuditFlags) => {
    if (!isPrivate(system)) {
      throw new VeilganError('USAGE', `there is no claim to audit in a system ${system}`, {
        where: 'audit SYSTEM',
        fix: 'Use dpgan or dp-pargan',
      });
    }
    await withGpu(flags, (gpu) => auditVerb(gpu, system, flags));
  });
}

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It must be a number between 0 and 1.');
  return value;
}

/** @throws VeilganError CONFIG, USAGE */
function configOf(system: string, flags: AuditFlags, whole: Dataset): PrivateConfig {
  const own = configFields(flags, privateConfig.shape);
  const one = system === 'dpgan';
  if (one && own.partitions !== undefined && own.partitions !== 1) {
    throw new VeilganError('CONFIG', 'a dpgan has one critic', {
      where: '--partitions',
      fix: 'Audit dp-pargan instead',
    });
  }
  const small = {
    ...SMALL,
    rows: Math.min(SMALL_ROWS, whole.rows),
    ...(one ? {} : { partitions: 4, batch: SMALL.batch / 4 }),
  };
  const fields = withPreset(flags.preset, own);
  return parsePrivate({ ...(flags.preset === undefined ? small : {}), ...fields, ...(one ? { partitions: 1 } : {}) });
}

async function auditVerb(gpu: Gpu, system: string, flags: AuditFlags): Promise<void> {
  const { mode, score, confidence, seed, insecureSeed, json, quiet } = flags;
  const whole = await loadDataset(flags.data);
  const config = configOf(system, flags, whole);
  const data = ofClass(whole, config.onlyClass);
  const { canaries = SIZES[mode][0], runs = SIZES[mode][1] } = flags;
  const progress = createProgress({ total: runs, label: `audit of ${system} on ${data.name}`, json, quiet });
  const started = performance.now();
  let result: AuditResult;
  try {
    const onRun = (done: number) => progress.update(done);
    result = await audit(gpu, { config, data, seed, insecureSeed, mode, score, canaries, runs, confidence, onRun });
  } finally {
    progress.stop();
  }
  const { epsilonLower, epsilonClaimed, bound } = result;
  const disproved = epsilonLower > epsilonClaimed;
  const document = {
    epsilon_lower: epsilonLower,
    confidence,
    epsilon_claimed: epsilonClaimed,
    disproved,
    delta: config.delta,
    system,
    data: data.name,
    mode,
    score,
    runs,
    canaries: bound.canaries,
    guesses: bound.guesses,
    correct: bound.correct,
    noisy_updates: result.updates,
    sampling_rate: result.q,
    noise_multiplier: config.noiseMultiplier,
    insecure: insecureSeed !== undefined,
    adapter: gpu.adapter.name,
    seconds: (performance.now() - started) / 1000,
  };
  if (json) printJson(document);
  else process.stdout.write(`${lines(document, generated(flags.data))}\n`);
  if (disproved) process.exitCode = 1;
}

interface Document {
  epsilon_lower: number;
  confidence: number;
  epsilon_claimed: number;
  disproved: boolean;
  delta: number;
  mode: AuditSetting['mode'];
  runs: number;
  canaries: number;
  guesses: number;
  correct: number;
  noisy_updates: number;
  insecure: boolean;
  seconds: number;
}

function lines(d: Document, synthetic: boolean): string {
  const percent = `${Number((100 * d.confidence).toPrecision(6))} %`;
  const judged =
    d.mode === 'one-run' ? `${d.canaries} canaries in ${d.runs} runs` : `the second half of ${d.runs} runs`;
  const rows = [
    [
      'claimed',
      `epsilon ${d.epsilon_claimed.toFixed(4)} at delta ${d.delta}, ${formatNumber(d.noisy_updates)} noisy updates`,
    ],
    ['found', `epsilon is at least ${d.epsilon_lower.toFixed(4)}, with ${percent} confidence`],
    ['guesses', `${d.correct} of ${d.guesses} right, about ${judged}`],
    [
      'verdict',
      d.disproved
        ? 'the claim is DISPROVED: this training leaks more than it says'
        : 'no contradiction, which is no proof: a better attack might find more',
    ],
    ['time', formatSeconds(d.seconds)],
    ...(d.insecure ? [['note', 'noise, samples and coins come from --insecure-seed']] : []),
    ...(synthetic
      ? []
      : [['note', 'it trained on your records in every run, unpaid by any budget: keep this to yourself']]),
  ];
  return table(['', ''], rows).split('\n').slice(2).join('\n');
}
