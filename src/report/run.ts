/** A run's report: a verdict in plain words first, then what it rests on, then what it does not say. */

import { releasedInfo } from '../run/schema.ts';
import { attackSentence } from './blocks/attacks.ts';
import { caveats } from './blocks/caveats.ts';
import { measuredBlocks } from './blocks/evidence.ts';
import { broken, epsilonLine, guaranteeBlocks, meaning, releaseBlocks } from './blocks/guarantee.ts';
import { publicBlocks } from './blocks/public.ts';
import { type RunFacts, titleOf, trainedOn } from './facts.ts';
import { type Block, nested } from './html.ts';
import { configTable, type Origin, originTable } from './summary.ts';

export const OWNER = "Owner's diagnostics - outside the guarantee";

/** The blocks of one run; `nested` makes them a part of a report on several. */
export async function runBlocks(facts: RunFacts): Promise<Block[]> {
  const { privacy, measured } = facts;
  const found = measured ? await measuredBlocks(measured) : [];
  return [
    verdict(facts),
    ...(privacy ? [...guaranteeBlocks(privacy, facts.info.encoding), ...releaseBlocks(privacy)] : found),
    ...(privacy && !privacy.claim ? publicBlocks(facts.info) : []),
    { kind: 'heading', text: 'Samples and losses' },
    ...facts.pictures,
    { kind: 'heading', text: 'How the run was made' },
    originTable([originOf(facts)]),
    { kind: 'heading', text: 'Configuration' },
    configTable([originOf(facts)]),
    { kind: 'heading', text: 'What this report does not say' },
    { kind: 'points', items: caveats(facts) },
    ...(privacy ? [owner(facts, found)] : []),
  ];
}

/** Whether a report on this run must not be passed on. */
export const isOwners = ({ privacy, measured }: RunFacts): boolean => Boolean(privacy && measured);

export const ownersOnly: Block = {
  kind: 'warning',
  text: `This file holds the owner's diagnostics of a private run (in the marked section), which epsilon does not cover: do not pass it on. Without --diagnostics a report holds only what may be released.`,
};

/** What was trained, and what is promised. */
function verdict(facts: RunFacts): Block {
  const { privacy, measured } = facts;
  const what = trainedOn(facts);
  const paragraphs = (texts: readonly string[]) => texts.map((text): Block => ({ kind: 'paragraph', text }));
  if (!privacy) {
    return {
      kind: 'panel',
      tone: 'care',
      title: 'No privacy guarantee',
      blocks: paragraphs([
        what,
        `Nothing bounds what its samples, generator and critics give away about single records. ${attackSentence(measured?.attacks)}`,
      ]),
    };
  }
  const { epsilon, delta, relation } = privacy;
  if (epsilon) {
    return {
      kind: 'panel',
      tone: 'plain',
      title: `Differentially private: ${epsilonLine(epsilon, delta)}`,
      blocks: paragraphs([
        what,
        ...meaning(epsilon, delta, relation),
        'It holds against every attack, also one that nobody knows yet.',
      ]),
    };
  }
  const { title, why } = broken(privacy);
  return {
    kind: 'panel',
    tone: 'bad',
    title: `NO guarantee: ${title}`,
    blocks: [...paragraphs([what]), { kind: 'warning', text: why }],
  };
}

function owner({ privacy, measured }: RunFacts, found: readonly Block[]): Block {
  const blocks: Block[] = measured
    ? [
        {
          kind: 'paragraph',
          text: `What follows looked at real records${privacy?.epsilon ? ', and epsilon does not cover it' : ''}. It is for the owner of the data, and no training decision may rest on it.`,
        },
        { kind: 'paragraph', text: attackSentence(measured.attacks) },
        ...nested(found),
      ]
    : [
        {
          kind: 'paragraph',
          text: 'Attacks, quality against real rows and the sizes of partitions are left out: they look at real records, and the guarantee does not cover what they say. The owner of the data sees them with `veilgan report RUN --diagnostics`, in a file that is not to be passed on.',
        },
      ];
  const title = measured ? OWNER : "Left out: the owner's diagnostics";
  return { kind: 'panel', tone: 'owner', title, blocks };
}

/** Where a run comes from; of a private one without what would tell of its records: fingerprint, origin, hold-out. */
export function originOf(facts: RunFacts): Origin {
  const { info, dir, steps, privacy, rows } = facts;
  return { title: titleOf(facts), dir, info: releasedInfo(info, privacy !== undefined, rows), steps };
}
