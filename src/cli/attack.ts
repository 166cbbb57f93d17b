import * as z from 'zod';
import { type AttackName, attackNames, attacks, quickAttacks } from '../attack/index.ts';
import type { AttackResult } from '../attack/judge/result.ts';
import { type Against, type Assessment, attackRun, withoutCurves } from '../run/assess/attacks.ts';
import type { DirectoryJob } from '../run/session.ts';
import { optional, quiet, runFolder, text, whole } from './flags.ts';
import { table } from './format.ts';
import { checkDiagnostics, diagnostics, withRun } from './job.ts';
import { verb } from './verb.ts';

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

export default verb({
  about:
    'Membership-inference attacks on a run: its training rows against the hold-out rows of its data set, and against rows of the same file that training left out, where there are any. ROC curves go to private/attacks.json.',
  args: { run: runFolder },
  flags: {
    attacks: optional(
      z.array(z.enum([...attackNames, 'all'])),
      `<names> comma-separated, or all: ${attackNames.join(', ')} (default: all but ${slow.join(', ')})`,
    ),
    samples: whole(100, 1_000_000).default(10_000).describe('<n> fresh samples that attackers query'),
    records: whole(2, 1_000_000).default(200).describe('<n> members, and as many others, that slow attacks look at'),
    shadows: whole(2, 256).default(8).describe('<n> shadow models of lira, an even number'),
    attackerSteps: optional(whole(1), "<n> training steps of the attacker's models (default: the target's)"),
    reference: text('<run> a run trained on other rows of the same kind: calibrates attacks on samples'),
    quiet,
    diagnostics,
  },
  device: true,
  notes: NOTES,
  run: (given, { gpu, progress }) => {
    const { samples, records, attackerSteps: steps } = given;
    const shadows = 2 * Math.ceil(given.shadows / 2);
    const asked = given.attacks ?? quickAttacks;
    const names = attackNames.filter((name) => asked.includes('all') || asked.includes(name));
    return withRun(gpu, given.run, async (job) => {
      checkDiagnostics(job, given.diagnostics);
      const attacked = async (reference?: DirectoryJob) => {
        const report = progress.stage;
        const result = await attackRun(job, names, { samples, records, steps, shadows, reference, report });
        job.run.writeJson('private/attacks.json', result);
        return { document: withoutCurves(result), text: attackText(result) };
      };
      return given.reference === undefined ? attacked() : withRun(gpu, given.reference, attacked);
    });
  },
});

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

function attackTable(attacks: readonly AttackResult[]): string {
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
