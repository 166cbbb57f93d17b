/** The whole report: of one run, or of several, side by side first and then each of them. */
import { epsilonOf, upperBound } from '../privacy/budget.ts';
import { relationRow } from '../privacy/relation.ts';
import { broken, epsilonLine, type PrivacyFacts, plainDelta } from './blocks/guarantee.ts';
import { type RunFacts, titleOf } from './facts.ts';
import { type Block, heading, nested, panel, paragraph, type Report, section, table } from './html.ts';
import { attackReadings, qualityReadings } from './readings.ts';
import { isOwners, OWNER, originOf, ownersOnly, runBlocks } from './run.ts';
import { originBlocks, resultTable, type SummaryRun } from './summary.ts';

/** The report on one run or more. @param runs at least one */
export async function reportOn(runs: readonly RunFacts[]): Promise<Report> {
  const warning = runs.some(isOwners) ? [ownersOnly] : [];
  if (runs.length === 1) {
    return { title: `VeilGAN: ${titleOf(runs[0])}`, blocks: [...warning, ...(await runBlocks(runs[0]))] };
  }
  const named = withTitles(runs);
  const sections: Block[] = [];
  for (const [i, run] of runs.entries()) {
    sections.push(heading(named[i].title), ...nested(await runBlocks(run)));
  }
  return {
    title: `VeilGAN: ${runs.length} runs side by side`,
    blocks: [...warning, ...sideBySide(runs, named), ...sections],
  };
}

/** The runs as columns; those of one title are told apart by their directories. */
function withTitles(runs: readonly RunFacts[]): SummaryRun[] {
  const titles = runs.map(titleOf);
  return runs.map((run, i) => {
    const { measured, privacy } = run;
    const same = titles.filter((title) => title === titles[i]).length > 1;
    return {
      ...originOf(run),
      title: same ? `${titles[i]} (${run.dir})` : titles[i],
      readings: measured
        ? [
            ...(measured.attacks ? attackReadings(measured.attacks.clean ?? measured.attacks) : []),
            ...qualityReadings(measured.quality.metrics, measured.quality.real),
          ]
        : [],
      ...(privacy && !measured ? { withheld: "left out: the owner's" } : {}),
    };
  });
}

function sideBySide(runs: readonly RunFacts[], named: readonly SummaryRun[]): Block[] {
  const results = named.some(({ readings }) => readings.length) ? [resultTable(named)] : [];
  const titles = named.map(({ title }) => title);
  const ownersTitle = `Measured side by side. ${OWNER}`;
  return [
    heading('What is promised'),
    table(titles, [['privacy guarantee', ...runs.map(promise)]]),
    ...together(runs),
    ...(runs.some(isOwners) ? [panel('owner', ownersTitle, results)] : section('Measured', results)),
    ...originBlocks(named),
  ];
}

const promise = ({ privacy }: RunFacts) => {
  if (!privacy) return 'none';
  if (privacy.epsilon) return epsilonLine(privacy.epsilon, privacy.delta);
  return { value: `NONE: ${broken(privacy).short}`, mark: 'bad' as const };
};

/** What all runs on the same data promise together, which is less than each of the private ones alone. */
function together(runs: readonly RunFacts[]): Block[] {
  const groups = new Map<unknown, RunFacts[]>();
  for (const run of runs) {
    const key = run.info.data.sha256 ?? run.info.data.name;
    const group = groups.get(key) ?? [];
    if (!group.some(({ dir }) => dir === run.dir)) groups.set(key, [...group, run]);
  }
  return [...groups.values()].flatMap((group): Block[] => {
    const guarded = group.filter(({ privacy }) => privacy?.epsilon);
    if (group.length < 2 || !guarded.length) return [];
    const { name } = group[0].info.data;
    if (guarded.length < group.length) {
      const both = `Who releases both has no guarantee for ${name} at all.`;
      return [paragraph(`Runs on ${name} without a guarantee stand beside private ones here. ${both}`)];
    }
    const [epsilon, delta] = composed(guarded.flatMap(({ privacy }) => privacy ?? []));
    const text = `Who releases all ${guarded.length} private runs on ${name} promises less than each of them alone: epsilon ${epsilon.toFixed(4)} at delta ${plainDelta(delta)} together.`;
    return [paragraph(text)];
  });
}

/**
 * (epsilon, delta) of several runs: one accountant for each mechanism and each cost of a record, and those added up (basic
 * composition). Zeroing out, adding and removing a record cost the same, so such runs go together.
 */
function composed(list: readonly PrivacyFacts[]): [epsilon: number, delta: number] {
  let [epsilon, delta] = [0, 0];
  const kind = ({ terms, relation }: PrivacyFacts) => `${terms.mechanism} ${relationRow(relation).factor}`;
  for (const each of new Set(list.map(kind))) {
    const same = list.filter((privacy) => kind(privacy) === each);
    const [{ terms, relation }] = same;
    const at = Math.max(...same.map((privacy) => privacy.delta));
    const phases = same.flatMap((privacy) => privacy.phases);
    const released = Math.max(...same.map((privacy) => Number(privacy.terms.released ?? 0)));
    epsilon += upperBound(epsilonOf(phases, at, { mechanism: terms.mechanism, relation, released }));
    delta += at;
  }
  for (const { terms } of list) {
    epsilon += Number(terms.encoding_epsilon ?? 0);
    delta += Number(terms.encoding_delta ?? 0);
  }
  return [epsilon, delta];
}
