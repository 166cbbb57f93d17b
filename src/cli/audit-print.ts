/** An audit for people and for programs. */
import type { Audited } from '../run/audit/audit.ts';
import type { PartResult } from '../run/audit/part.ts';
import { formatSeconds, listing, table } from './format.ts';

/** What one call was about, and what it found, as one JSON document. */
export function auditDocument(audited: Audited, about: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { epsilon, failed, tests, alarm, parts } = audited;
  const transcript = parts.find(({ part }) => part.name === 'transcript')?.result.document ?? {};
  const { canaries, guesses, correct, runs } = transcript;
  return {
    epsilon_lower: epsilon?.lower ?? null,
    epsilon_claimed: epsilon?.claimed ?? null,
    ceiling: epsilon?.ceiling ?? null,
    disproved: failed.length > 0,
    tests,
    false_alarm: alarm,
    failed: failed.map(({ name, p, found }) => ({ name, p, found })),
    ...(guesses === undefined ? {} : { canaries, guesses, correct, runs }),
    ...about,
    parts: parts.map(({ part: { name, title }, result, seconds }) => ({
      name,
      title,
      found: result.found,
      ceiling: result.ceiling,
      ...(result.epsilon
        ? {
            epsilon_lower: result.epsilon.lower,
            epsilon_ceiling: result.epsilon.ceiling,
            epsilon_claimed: result.epsilon.claimed,
          }
        : {}),
      ...result.document,
      tests: result.checks.map(({ name: test, p, found }) => ({ name: test, p, found })),
      seconds,
    })),
  };
}

/** One part: its table, what was found, and what could have been. */
export function partLines(title: string, { table: own, found, ceiling, epsilon, checks }: PartResult, seconds: number) {
  const least = checks.reduce((p, check) => Math.min(p, check.p), 1);
  return [
    title,
    ...(own ? [table(own.head, own.rows)] : []),
    listing([
      ['found', found],
      ['ceiling', ceiling],
      ...(epsilon ? [['claimed', `epsilon ${epsilon.claimed.toFixed(4)}`]] : []),
      [
        'tests',
        `${checks.length}, the rarest result has p ${least < 1e-3 ? least.toExponential(1) : least.toFixed(3)}`,
      ],
      ['time', formatSeconds(seconds)],
    ]),
  ].join('\n');
}

/** @param notes what else has to be said */
export function auditLines(audited: Audited, confidence: number, notes: readonly string[]): string {
  const { failed, tests, epsilon } = audited;
  const percent = `${Number((100 * confidence).toPrecision(6))} %`;
  const rows = [
    ['bounds', `hold with ${percent} confidence each`],
    [
      'verdict',
      failed.length
        ? 'the claim is DISPROVED: this training is not what its ledger says'
        : `no contradiction in ${tests} tests, which is no proof: a better attack might find more`,
    ],
    ...failed.slice(0, 20).map(({ name, found }) => ['broken', `${name}: ${found}`]),
    ...(failed.length > 20 ? [['', `and ${failed.length - 20} more tests`]] : []),
    ...(!failed.length && epsilon && epsilon.lower > epsilon.claimed
      ? [['note', 'a bound above its claim: one correct system in twenty gives one by chance; more --updates decide']]
      : []),
    ...notes.map((note) => ['note', note]),
  ];
  const each = audited.parts.map(({ part, result, seconds }) => partLines(part.title, result, seconds));
  return [...each, listing(rows)].join('\n\n');
}
