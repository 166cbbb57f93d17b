import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { type Dataset, ofClass } from '../data/dataset.ts';
import { loadDataset } from '../data/store/store.ts';
import { isGenerated } from '../data/synthetic.ts';
import { withPreset } from '../gan/presets/index.ts';
import { type PrivateConfig, parsePrivate, privateConfig } from '../gan/private/config.ts';
import { isFit, type SystemName, systems, systemsWith, withCritics } from '../gan/systems.ts';
import { type Audited, audit, parts } from '../run/audit/audit.ts';
import { sensitivityCells } from '../run/audit/cells.ts';
import type { AuditSetting, PartName } from '../run/audit/part.ts';
import { holds, replayCells, replayed } from '../run/audit/replay.ts';
import { auditDocument, auditLines, partLines } from './audit-print.ts';
import { flag, optional, quiet, share, text, whole } from './flags.ts';
import { EXIT, verb } from './verb.ts';

/** What is audited where no preset says otherwise: a training of seconds on two cores, and a claim of about 1. */
const SMALL = {
  batch: 64,
  noiseMultiplier: 3,
  criticSteps: 1,
  generatorHidden: [32],
  criticHidden: [64],
  steps: 150,
} as const;
const SMALL_ROWS = 1000;

const LIST = parts.map(({ name, title, proves }) => `  ${name}: ${title}. ${proves}`).join('\n');

const HELP = `
What it does: makes production runs, as any training is made, and compares what they do with what their ledgers say.
--parts names some of these; all of them run otherwise:
${LIST}

What the numbers say: beside each stands its ceiling, what an attacker would find who meets nothing but the noise that
is claimed. With the stated confidence the true epsilon is at least epsilon_lower; one correct system in twenty gives a
higher bound than it has at 95 %. That disproves nothing yet: the verdict is over all tests of the call together, which
a correct system fails once in a million calls. Then the exit code is 1: something in the training is broken. Exit
code 0 is no proof that nothing is: it says that these tests, on these records, found nothing.

Without --preset a small setting is audited: --rows ${SMALL_ROWS} (or all) --batch ${SMALL.batch} --noise-multiplier ${SMALL.noiseMultiplier} --critic-steps ${SMALL.criticSteps}
--generator-hidden ${SMALL.generatorHidden} --critic-hidden ${SMALL.criticHidden} --steps ${SMALL.steps}; dp-pargan has 4 partitions and batches of 16.
--claims 1,4,8 finds the noise with which this training would claim each, and tests single updates with it.
--sensitivity prints what one record adds for a few kinds of updates, and nothing else.
An audit of your own data trains on it in every run, which no budget pays for: its output is for the owner alone.
Nothing is written, and no run is read; Ctrl-C leaves nothing behind.

Examples: veilgan audit --quick
          veilgan audit --parts step --claims 1,4,8
          veilgan audit dpgan --data blobs --parts transcript --runs 8`;

/** Canaries of a run, and runs. */
const SIZES = { 'one-run': [16, 16], 'many-run': [1, 200] } as const;
const QUICK_SIZES = { 'one-run': [16, 2], 'many-run': [1, 20] } as const;

/** Systems that claim something, and of which a part of the audit looks at what they draw. */
const PRIVATE = systemsWith({ private: true }).filter((name) => systems[name].measures !== 'features');
const CLAIMS = 'They must be numbers from 0 to 100.';
const known = parts.map(({ name }) => name);

/** `audit`: tries to disprove what a private training claims. */
export default verb({
  about: 'Compares what private training does with what its ledger says, and bounds epsilon from below.',
  args: {
    system: z.enum(PRIVATE).default('dp-pargan').describe('which'),
  },
  flags: {
    quick: flag('all parts in small form, under a minute on two cores'),
    parts: optional(z.array(z.enum(known)), '<names> some of them, comma-separated (default all of the system)'),
    claims: optional(
      z.array(z.number(CLAIMS).positive(CLAIMS).max(100, CLAIMS)),
      '<list> epsilons that single updates are tested for, each with its noise',
    ),
    updates: optional(whole(20, 1e6), '<n> noisy updates that are looked at one by one'),
    sensitivity: flag('what one record adds to a sum, for a few kinds of updates, and nothing else'),
    data: z.string().default('blobs').describe('<name> data set that the canaries join, see `data list`'),
    preset: text('<name> settings to start from, as in `train`'),
    canaries: optional(whole(1, 4096), '<n> transcript: in each run (default 16, with many-run 1)'),
    runs: optional(whole(1, 1e5), '<n> transcript: trainings (default 16, with many-run 200; quick 2 and 20)'),
    confidence: share().default(0.95).describe('<p> that a bound is below the true epsilon'),
    seed: whole(0).default(1).describe('<n> of networks and canaries; noise, samples and coins are fresh'),
    insecureSeed: optional(whole(0), '<n> noise, samples and coins from a seed too; for tests'),
    quiet,
    mode: z
      .enum(['one-run', 'many-run'])
      .default('one-run')
      .describe('<name> transcript: about many canaries of each run, or one in each of many runs'),
    score: z
      .enum(['trace', 'loss'])
      .default('trace')
      .describe('<name> transcript: from every noisy update, or from the critics after training'),
  },
  device: true,
  config: privateConfig.shape,
  notes: HELP,
  run: async (given, { gpu, fields, progress }) => {
    const { system, mode, score, confidence, seed, insecureSeed, quick = false } = given;
    const names = partsOf(system, given.parts);
    const started = performance.now();
    const taken = () => (performance.now() - started) / 1000;
    const { name: adapter } = gpu.adapter;
    if (given.sensitivity) {
      const onProgress = (share: number) => progress.stage('what one record adds', share);
      const cells = await replayCells(gpu, sensitivityCells(), { seed, insecureSeed, onProgress });
      const disproved = !cells.every(holds);
      return {
        document: { disproved, cells, adapter, seconds: taken() },
        text: partLines('what one record adds', replayed(cells), taken()),
        code: disproved ? EXIT.failed : EXIT.done,
      };
    }
    const whole = await loadDataset(given.data);
    const config = auditConfig(system, fields, given.preset, whole);
    const data = ofClass(whole, config.onlyClass);
    const [canaries, runs] = (quick ? QUICK_SIZES : SIZES)[mode];
    const setting: AuditSetting = {
      ...{ config, data, seed, insecureSeed, quick, confidence, mode, score },
      canaries: given.canaries ?? canaries,
      runs: given.runs ?? runs,
      updates: given.updates ?? 0,
      claims: given.claims ?? [],
    };
    const order = parts.filter(({ name }) => names.includes(name));
    const audited = await audit(gpu, setting, names, (part, done) =>
      progress.stage(`audit of ${system} on ${data.name}`, (order.indexOf(part) + Math.min(1, done)) / names.length),
    );
    const about = {
      confidence,
      delta: config.delta,
      system,
      data: data.name,
      quick,
      mode,
      score,
      ...spentOf(audited),
      noise_multiplier: config.noiseMultiplier,
      insecure: insecureSeed !== undefined,
      adapter,
      seconds: taken(),
    };
    const notes = [
      ...(insecureSeed === undefined ? [] : ['noise, samples and coins come from --insecure-seed']),
      ...(isGenerated(given.data)
        ? []
        : ['it trained on your records in every run, unpaid by any budget: keep this to yourself']),
    ];
    return {
      document: auditDocument(audited, about),
      text: auditLines(audited, confidence, notes),
      code: audited.failed.length ? EXIT.failed : EXIT.done,
    };
  },
});

/** The parts that look at what a system does: those of updates, or those of measured tables. @throws VeilganError USAGE */
function partsOf(system: SystemName, asked: readonly PartName[] | undefined): PartName[] {
  const own = parts.filter(({ measured = false }) => measured === isFit(system)).map(({ name }) => name);
  const foreign = asked?.find((name) => !own.includes(name));
  if (foreign === undefined) return asked ? [...asked] : own;
  throw new VeilganError('USAGE', `part ${foreign} does not look at ${system}`, {
    where: 'parts',
    fix: `Of ${system} there are ${own.join(', ')}`,
  });
}

/** @throws VeilganError CONFIG */
function auditConfig(
  system: SystemName,
  given: Readonly<Record<string, unknown>>,
  preset: string | undefined,
  whole: Dataset,
): PrivateConfig {
  const own = withCritics(system, given);
  const small = {
    ...SMALL,
    rows: Math.min(SMALL_ROWS, whole.rows),
    ...(systems[system].critics !== 'many' ? {} : { partitions: 4, batch: SMALL.batch / 4 }),
  };
  return parsePrivate({ ...(preset === undefined ? small : {}), ...withPreset(preset, own) });
}

interface Steps {
  readonly claims: readonly { readonly sampling_rate: number; readonly noisy_updates: number }[];
}

/** Noisy updates of the training that is claimed for, and their rate. */
function spentOf({ parts: done }: Audited) {
  const documentOf = (name: string) => done.find(({ part }) => part.name === name)?.result.document;
  const { noisy_updates, sampling_rate } =
    documentOf('transcript') ?? (documentOf('step') as Steps | undefined)?.claims[0] ?? {};
  return noisy_updates === undefined ? {} : { noisy_updates, sampling_rate };
}
