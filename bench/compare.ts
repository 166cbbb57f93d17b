/** How a peer's time stands to ours. Pure. */
import type { Result } from './measure.ts';

/** How many times as fast as a peer ours has to be: the budgets of bench/README.md. */
function budget({ suite, case: name, impl }: Result): number | undefined {
  if (suite === 'matmul') return 4;
  if (suite === 'conv' && impl.startsWith('tfjs')) return name.endsWith(', forward') ? 4 : 6;
  return undefined;
}

/** The peers' results with the ratio of their time to that of our chosen kernel in the same case, where there is one. */
export function againstPeers(ours: readonly Result[], theirs: readonly Result[]): Result[] {
  return theirs.map((peer) => {
    const own = ours.find((r) => r.impl === 'chosen' && r.suite === peer.suite && r.case === peer.case);
    if (!own) return peer;
    const times = budget(peer);
    return { ...peer, ratio: peer.median_ms / own.median_ms, of: `our time${times ? `, budget >= ${times}` : ''}` };
  });
}

/** One list of results from two passes over the same cases, before and after something else: means of the medians. */
export function meanOfBoth(before: readonly Result[], after: readonly Result[]): Result[] {
  return before.map((one, i) => {
    const two = after[i];
    const ms = (one.median_ms + two.median_ms) / 2;
    return {
      ...one,
      median_ms: ms,
      ...(one.best_ms && two.best_ms ? { best_ms: Math.min(one.best_ms, two.best_ms) } : {}),
      ...(one.gflops ? { gflops: (one.gflops * one.median_ms) / ms } : {}),
    };
  });
}

/** The results with some of them measured again: those replace their like, and the rest comes behind. */
export function withNewer(results: readonly Result[], newer: readonly Result[]): Result[] {
  const key = (r: Result) => JSON.stringify([r.suite, r.case, r.impl]);
  const again = new Set(newer.map(key));
  return [...results.filter((r) => !again.has(key(r))), ...newer];
}
