import { Command } from 'commander';
import { type AttackName, attackNames, attacks, quickAttacks } from '../attack/index.ts';
import type { AttackResult } from '../attack/judge/result.ts';
import { VeilganError } from '../base/errors.ts';
import { type Against, type Assessment, attackRun, withoutCurves } from '../run/assess/attacks.ts';
import { openTraining } from '../run/session.ts';
import { checkDiagnostics, type Diagnostics, withDiagnostics } from './diagnostics.ts';
import { printJson, table } from './format.ts';
import { type CommonOptions, wholeNumber, withDevice, withGpu } from './options.ts';
import { stageProgress } from './stages.ts';

const slow = attackNames.filter((name) => attacks[name].slow);
const lines = (names: readonly AttackName[]) =>
  names.map((name) => `  ${name}: ${attacks[name].title}. ${attacks[name].score}`).join('\n');

/** What the attacks are and how they score, for --help. */
const NOTES = `
Attacks:
${lines(quickAttacks)}
Slow ones, which run only when named, on --records of each side or with models that the attacker trains:
${lines(slow)}
With --reference these also come calibrated: ${attackNames.filter((name) => attacks[name].calibrated).join(', ')}. Left out here: GAN-Leaks' perceptual
distance (LPIPS), which needs the weights of another network.`;

interface AttackFlags extends CommonOptions, Diagnostics {
  attacks?: string;
  samples: number;
  records: number;
  shadows: number;
  attackerSteps?: number;
  reference?: string;
  quiet?: boolean;
}

export function attackCommand(): Command {
  const command = new Command('attack')
    .summary('attack a trained run: who was in the training data?')
    .description(
      [
        'Membership-inference attacks on a run: its training rows against the hold-out rows of its data set, and',
        'against rows of the same file that training left out, where there are any. ROC curves go to private/attacks.json.',
      ].join(' '),
    )
    .argument('<run>', 'run directory')
    .option(
      '--attacks <names>',
      `comma-separated, or all: ${attackNames.join(', ')} (default: all but ${slow.join(', ')})`,
    )
    .option('--samples <n>', 'fresh samples that attackers query', wholeNumber(100, 1_000_000), 10_000)
    .option('--records <n>', 'members, and as many others, that slow attacks look at', wholeNumber(2, 1_000_000), 200)
    .option('--shadows <n>', 'shadow models of lira, an even number', wholeNumber(2, 256), 8)
    .option('--attacker-steps <n>', "training steps of the attacker's models (default: the target's)", wholeNumber(1))
    .option('--reference <run>', 'a run trained on other rows of the same kind: calibrates attacks on samples')
    .option('--quiet', 'no progress')
    .addHelpText('after', NOTES);
  withDiagnostics(command);
  return withDevice(command).action(async (dir: string, flags: AttackFlags) => {
    const names = (flags.attacks === 'all' ? attackNames : (flags.attacks?.split(',') ?? quickAttacks)) as AttackName[];
    const unknown = names.find((name) => !attackNames.includes(name));
    if (unknown !== undefined) {
      throw new VeilganError('USAGE', `there is no attack ${unknown}`, {
        where: '--attacks',
        fix: `Use some of ${attackNames.join(', ')}`,
      });
    }
    await withGpu(flags, async (gpu) => {
      const job = await openTraining(gpu, dir);
      checkDiagnostics(job, flags);
      const reference = flags.reference === undefined ? undefined : await openTraining(gpu, flags.reference);
      reference?.run.close();
      const progress = stageProgress(flags);
      const { samples, records, attackerSteps: steps } = flags;
      const shadows = 2 * Math.ceil(flags.shadows / 2);
      const report = progress.update;
      const result = await attackRun(job, names, { samples, records, steps, shadows, reference, report });
      progress.stop();
      job.run.writeJson('private/attacks.json', result);
      job.run.close();
      if (flags.json) printJson(withoutCurves(result));
      else process.stdout.write(attackText(result));
    });
  });
}

/** All that was found, for people. */
function attackText(result: Assessment): string {
  const parts = [againstText(result, `non-members: ${result.non_members} rows`)];
  if (result.clean) parts.push(againstText(result.clean, "non-members: rows of the members' own file"));
  const missing = result.not_run.map(({ name, why }) => `${name} (${why})`);
  if (missing.length) parts.push(`not run: ${missing.join(', ')}\n`);
  return parts.join('\n');
}

function againstText({ attacks, tvd, set_attacks, closest_records }: Against, title: string): string {
  const lines = [title];
  const range = (b: { mean: number; ci95: readonly number[] }) =>
    `${b.mean.toFixed(3)}, 95 % ${b.ci95.map((x) => x.toFixed(3)).join(' to ')}`;
  if (attacks.length) lines.push(attackTable(attacks));
  for (const s of set_attacks ?? []) {
    const right = `right in ${s.accuracy.toFixed(2)} of ${s.repetitions} games`;
    const interval = s.ci95.map((x) => x.toFixed(2)).join(' to ');
    lines.push(`${s.name}: ${right} (95 % ${interval}), chance ${s.chance.toFixed(3)}, shuffled ${range(s.floor)}`);
  }
  if (closest_records) {
    const { share, floor, records } = closest_records;
    const what = `of the samples are nearest to a member, of ${records} and ${records}`;
    lines.push(`closest record: ${share.toFixed(3)} ${what} (shuffled ${range(floor)})`);
  }
  if (tvd) {
    const both = (['max', 'mean'] as const).map((k) => `${k} ${tvd[k].toFixed(3)} (floor ${range(tvd.floor[k])})`);
    lines.push(`TVD of the score histograms (${tvd.bins} bins): ${both.join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}

export function attackTable(attacks: readonly AttackResult[]): string {
  const rows = attacks.map((a) => [
    a.name,
    a.accuracy.toFixed(3),
    a.ci95.map((x) => x.toFixed(3)).join(' to '),
    a.chance.toFixed(3),
    a.floor.ci95.map((x) => x.toFixed(3)).join(' to '),
    a.auc.toFixed(3),
    a.tpr_at_fpr['0.01'].toFixed(4),
    a.tpr_at_fpr['0.001'].toFixed(4),
  ]);
  return table(['attack', 'accuracy', '95 %', 'chance', 'shuffled 95 %', 'AUC', 'TPR at 1 % FPR', 'at 0.1 %'], rows);
}
