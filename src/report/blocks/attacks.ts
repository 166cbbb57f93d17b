/** The part of a report on attacks: tables, ROC curves, and in a sentence what they found. */

import { MOST_CURVES, rocCurves } from '../charts/roc.ts';
import type { Measured } from '../facts.ts';
import { type Block, type Cell, heading, paragraph, table, warning } from '../html.ts';
import { formatNumber, formatPercent } from '../numbers.ts';
import { attackNote, attackRow, type Reading, type Row, tvdReadings } from '../readings.ts';
import type { StoredAgainst, StoredAssessment, StoredAttack } from '../results.ts';
import { readingCell } from '../summary.ts';
import { attackCaveats } from './caveats.ts';

/** Where non-members come from, in words. */
const SOURCES: Readonly<Record<string, string>> = {
  'hold-out': 'hold-out rows',
  'left-out': 'rows of the same file that training left out',
};

/** An attack whose whole interval lies above chance. */
const leaks = ({ ci95, chance }: StoredAttack): boolean => ci95 !== undefined && ci95[0] > chance;

/** The attack that is most surely above chance. */
function strongest(attacks: readonly StoredAttack[]): StoredAttack | undefined {
  const margin = ({ ci95, accuracy, chance }: StoredAttack) => (ci95?.[0] ?? accuracy) - chance;
  return [...attacks].sort((a, b) => margin(b) - margin(a))[0];
}

/** The best attack in words, whichever way it came out; against rows of the members' own file where there are some. */
export function attackSentence(assessment: StoredAssessment | undefined): string {
  const { attacks } = assessment?.clean ?? assessment ?? { attacks: [] };
  const best = strongest(attacks);
  if (!best) return 'No attack was run on it, so nothing is known of what it leaks.';
  const { title } = attackRow(best.name);
  const found = attacks.filter(leaks).length;
  const range = best.ci95 ? `; 95 %: ${best.ci95.map(formatPercent).join(' to ')}` : '';
  const number = `${formatPercent(best.accuracy)} of its answers (chance: ${formatPercent(best.chance)}${range})`;
  if (found) {
    const verb = found > 1 ? 'attacks tell' : 'attack tells';
    return `It leaks: of ${attacks.length}, ${found} ${verb} members from others better than chance. The strongest, "${title}", is right in ${number}.`;
  }
  return `Of ${attacks.length} attacks none is surely better than chance, which does not prove that none could be. The best, "${title}", is right in ${number}.`;
}

/** Everything on the attacks of a run. */
export async function attackBlocks({ attacks: assessment, stale }: Measured): Promise<Block[]> {
  const head = heading('Attacks: who was in the training data?');
  if (!assessment) return [head, paragraph('None was run on this run: `veilgan attack` does it.')];
  const { clean, non_members = 'hold-out' } = assessment;
  const names = [...new Set(assessment.attacks.map(({ name }) => name))];
  const items = names.map((name) => ({ term: attackRow(name).title, text: attackNote(name) }));
  return [
    head,
    ...(stale ? [warning('The run was trained on after these attacks: attack it again.')] : []),
    ...(await againstBlocks(assessment, SOURCES[non_members] ?? non_members)),
    ...(clean ? await againstBlocks(clean, SOURCES['left-out']) : []),
    heading('How they score, and what they leave open', 3),
    { kind: 'list', items: items.filter(({ text }) => text) },
    { kind: 'points', items: attackCaveats(assessment) },
  ];
}

async function againstBlocks(against: StoredAgainst, others: string): Promise<Block[]> {
  const { attacks } = against;
  const [some] = attacks;
  const sizes =
    some?.members && some.non_members ? [some.members, some.non_members].map((n) => `${formatNumber(n)} `) : ['', ''];
  const columns = ['accuracy', 'AUC', 'TPR at 1 % FPR', 'TPR at 0.1 % FPR', 'advantage'];
  const caption = `Members are ${sizes[0]}training rows. Accuracy: share of right answers among the highest-scored half. TPR at 1 % FPR: members found while 1 % of the others are taken for members. Advantage: largest difference of the two. Small print: the 95 % interval, and what shuffled membership or a blind guess gives.`;
  return [
    heading(`Against ${sizes[1]}${others}`, 3),
    ...(attacks.length ? [table(columns, attacks.map(statisticsRow), caption)] : []),
    ...otherBlocks(against),
    ...(await rocBlocks(attacks)),
  ];
}

function statisticsRow(attack: StoredAttack): Cell[] {
  const { name, accuracy, chance, ci95, auc, tpr_at_fpr: rates, advantage, intervals, floors } = attack;
  const rate = (at: string) => {
    const floor = floors?.tpr_at_fpr?.[at]?.mean ?? Number(at);
    return statistic({ value: rates?.[at], ci95: intervals?.tpr_at_fpr?.[at], chance: floor });
  };
  return [
    attackRow(name).title,
    readingCell({ row: attackRow(name), value: accuracy, ci95, chance }),
    statistic({ value: auc, ci95: intervals?.auc, chance: floors?.auc?.mean ?? 0.5 }, 'number'),
    rate('0.01'),
    rate('0.001'),
    statistic({ value: advantage, ci95: intervals?.advantage, chance: floors?.advantage?.mean }),
  ];
}

/** A statistic beside the accuracy; that its interval is above chance is not marked, for it is one of many. */
const statistic = ({ value, ...others }: Partial<Reading>, unit: Row['unit'] = 'share'): Cell =>
  value === undefined
    ? '-'
    : readingCell({ row: { name: '', title: '', unit, meaning: '', attack: false }, value, ...others });

/** What is no attack on single records: sets of them, samples' closest records, score histograms. */
function otherBlocks({ set_attacks = [], closest_records: closest, tvd }: StoredAgainst): Block[] {
  const readings: Reading[] = [
    ...set_attacks.map(({ name, accuracy, ...others }) => ({ row: attackRow(name), value: accuracy, ...others })),
    ...(closest ? [{ row: attackRow('closest-record'), value: closest.share, chance: closest.floor.mean }] : []),
    ...tvdReadings(tvd),
  ];
  const rows = readings.map((reading) => [reading.row.title, readingCell(reading), attackNote(reading.row.name)]);
  return rows.length ? [table(['value', 'meaning'], rows)] : [];
}

async function rocBlocks(attacks: readonly StoredAttack[]): Promise<Block[]> {
  const curves = attacks.flatMap(({ name, roc, auc = 0, non_members = 1000 }) =>
    roc ? [{ name: attackRow(name).title, ...roc, auc, others: non_members }] : [],
  );
  if (!curves.length) return [];
  const drawn = [...curves].sort((a, b) => b.auc - a.auc).slice(0, MOST_CURVES);
  const floor = Math.min(0.1, 1 / Math.max(...drawn.map(({ others }) => others)));
  const svg = await rocCurves(drawn, { floor }).svg();
  const some =
    curves.length > drawn.length ? ` Drawn: the ${drawn.length} of ${curves.length} with the largest AUC.` : '';
  return [
    {
      kind: 'figure',
      svg,
      caption: `ROC curves on log axes: the share of members that an attack finds, by the share of others that it takes for members. A curve along the dotted line knows nothing; the left end matters most.${some}`,
      alt: `ROC curves on log axes. ${drawn.map(({ name, auc }) => `${name}: AUC ${formatNumber(auc, 3)}`).join('; ')}.`,
    },
  ];
}
