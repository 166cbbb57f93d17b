/** A run's report: a verdict in plain words first, then what it rests on, then what it does not say. */

import { releasedInfo } from '../run/schema.ts';
import { attackSentence } from './blocks/attacks.ts';
import { caveats } from './blocks/caveats.ts';
import { measuredBlocks } from './blocks/evidence.ts';
import { broken, epsilonLine, guaranteeBlocks, meaning, releaseBlocks } from './blocks/guarantee.ts';
import { publicBlocks } from './blocks/public.ts';
import { type RunFacts, titleOf, trainedOn } from './facts.ts';
import { type Block, heading, nested, panel, paragraph, warning } from './html.ts';
import { type Origin, originBlocks } from './summary.ts';

export const OWNER = "Owner's diagnostics - outside the guarantee";

/** The blocks of one run; `nested` makes them a part of a report on several. */
export async function runBlocks(facts: RunFacts): Promise<Block[]> {
  const { privacy, measured } = facts;
  const found = measured ? await measuredBlocks(measured, facts.info.system) : [];
  return [
    verdict(facts),
    ...(privacy ? [...guaranteeBlocks(privacy, facts.info.encoding), ...releaseBlocks(privacy)] : found),
    ...(privacy && !privacy.claim ? publicBlocks(facts.info) : []),
    heading('Samples and losses'),
    ...facts.pictures,
    ...originBlocks([originOf(facts)]),
    heading('What this report does not say'),
    { kind: 'points', items: caveats(facts) },
    ...(privacy ? [owner(facts, found)] : []),
  ];
}

/** Whether a report on this run must not be passed on. */
export const isOwners = ({ privacy, measured }: RunFacts): boolean => Boolean(privacy && measured);

export const ownersOnly = warning(
  `This file holds the owner's diagnostics of a private run (in the marked section), which epsilon does not cover: do not pass it on. Without --diagnostics a report holds only what may be released.`,
);

/** What was trained, and what is promised. */
function verdict(facts: RunFacts): Block {
  const { privacy, measured } = facts;
  const what = trainedOn(facts);
  if (!privacy) {
    const unbounded = `Nothing bounds what its samples, generator and critics give away about single records. ${attackSentence(measured?.attacks)}`;
    return panel('care', 'No privacy guarantee', [what, unbounded].map(paragraph));
  }
  const { epsilon, delta, relation } = privacy;
  if (epsilon) {
    const always = 'It holds against every attack, also one that nobody knows yet.';
    const texts = [what, ...meaning(epsilon, delta, relation), always];
    return panel('plain', `Differentially private: ${epsilonLine(epsilon, delta)}`, texts.map(paragraph));
  }
  const { title, why } = broken(privacy);
  return panel('bad', `NO guarantee: ${title}`, [paragraph(what), warning(why)]);
}

function owner({ privacy, measured }: RunFacts, found: readonly Block[]): Block {
  if (!measured) {
    const text =
      'Attacks, quality against real rows and the sizes of partitions are left out: they look at real records, and the guarantee does not cover what they say. The owner of the data sees them with `veilgan report RUN --diagnostics`, in a file that is not to be passed on.';
    return panel('owner', "Left out: the owner's diagnostics", [paragraph(text)]);
  }
  const text = `What follows looked at real records${privacy?.epsilon ? ', and epsilon does not cover it' : ''}. It is for the owner of the data, and no training decision may rest on it.`;
  // Without attacks a bound is known all the same.
  const bound = 'No attack was run on it; what it can leak at most, epsilon says.';
  const attacked = measured.attacks || !privacy?.epsilon ? attackSentence(measured.attacks) : bound;
  return panel('owner', OWNER, [paragraph(text), paragraph(attacked), ...nested(found)]);
}

/** Where a run comes from; of a private one without what would tell of its records: fingerprint, origin, hold-out. */
export function originOf(facts: RunFacts): Origin {
  const { info, dir, steps, privacy, rows } = facts;
  return { title: titleOf(facts), dir, info: releasedInfo(info, privacy !== undefined, rows), steps };
}
