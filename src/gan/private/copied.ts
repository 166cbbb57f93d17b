/** What another run released of the same records, which a private GAN that goes on from it counts as its own spending. */
import { VeilganError } from '../../base/errors.ts';
import type { Phase } from '../../privacy/accountant/phases.ts';
import { epsilonOf } from '../../privacy/budget.ts';
import type { LedgerTerms, Spend } from '../../privacy/ledger/ledger.ts';
import type { Relation } from '../../privacy/relation.ts';
import { type PrivateConfig, relationOf } from './config.ts';

export interface Copied {
  /** all that was released: sums of all records by the exact integer mechanism, so that q is 1 */
  readonly phases: readonly Phase[];
  /** what its guarantee compares, and its delta */
  readonly relation: Relation;
  readonly delta: number;
  /** when that run was made, by which the records of what a data set has spent know it */
  readonly by: string;
}

/** What the first line of a ledger says of them: how many of its noisy updates are theirs, the first ones, and whose. */
export const copiedTerms = ({ phases, by }: Copied): Pick<LedgerTerms, 'released' | 'released_by'> => ({
  released: phases.reduce((n, { steps }) => n + steps, 0),
  released_by: by,
});

/** The lines that pay for them, before all others. */
export function copiedSpends({ phases }: Copied): Spend[] {
  let from = 0;
  return phases.map(({ q, sigma, steps }) => {
    const spend = { from, to: from + steps, q, sigma, what: 'released by the run before' };
    from = spend.to;
    return spend;
  });
}

/** Of a budget, what is taken for all of it: noise is looked for until no more than a thousandth is left. */
const FULL = 0.999;

const refuse = (message: string, where: string, fix: string) => new VeilganError('CONFIG', message, { where, fix });

/**
 * Whether a config accounts for updates together with releases of another run.
 *
 * Epsilon is of both, at one delta. Their Renyi curves add up, whichever mechanism each of them has; a privacy-loss
 * distribution of one number the releases have not. So the budget must follow Renyi DP.
 * @throws VeilganError CONFIG naming the field at fault
 */
export function checkTogether({ bound, accountant }: Pick<PrivateConfig, 'bound' | 'accountant'>): void {
  if (bound !== 'clip') {
    throw refuse('weight clipping has no guarantee that releases could be added to', 'bound', 'Use `bound: clip`');
  }
  if (accountant === 'rdp') return;
  throw refuse(
    'releases of another run and updates are accounted together by RDP: the releases have no privacy-loss distribution of one number',
    'accountant',
    'Use `accountant: rdp`',
  );
}

/**
 * Whether a config may go on from releases of another run.
 * @throws VeilganError CONFIG as `checkTogether`; where the guarantees of both differ in more than epsilon, and where the
 *   releases alone have used the budget up
 */
export function checkCopied(config: PrivateConfig, copied: Copied): void {
  checkTogether(config);
  const { epsilon, delta, mechanism } = config;
  const relation = relationOf(config);
  for (const [field, own, before] of [
    ['relation', relation, copied.relation],
    ['delta', delta, copied.delta],
  ] as const) {
    if (own === before) continue;
    throw refuse(`the run before has ${field} ${before}, not ${own}`, field, `Use \`${field}: ${before}\``);
  }
  const { phases } = copied;
  if (phases.some(({ q }) => q !== 1)) {
    throw refuse(
      'the run before released sums of samples, not of all records',
      'warmFrom',
      'Name a run of dp-features',
    );
  }
  const { rdp } = epsilonOf(phases, delta, { mechanism, relation, ...copiedTerms(copied) });
  if (epsilon === 0 || rdp < FULL * epsilon) return;
  throw refuse(
    `the run before has spent epsilon ${rdp.toFixed(4)}, and ${epsilon} is the budget of both together`,
    'epsilon',
    'Allow a larger `epsilon`, or fit the features with a smaller one',
  );
}
