import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { noiseMultiplier } from '../privacy/accountant/calibrate.ts';
import { discreteEpsilon } from '../privacy/accountant/discrete.ts';
import type { Phase } from '../privacy/accountant/phases.ts';
import { pldEpsilon } from '../privacy/accountant/pld.ts';
import { rdpEpsilon } from '../privacy/accountant/rdp.ts';
import { MEASURED } from '../privacy/budget.ts';
import { sigmaFor, tablesPrice } from '../privacy/measure-budget.ts';
import { RELATION_NAMES, relationRow } from '../privacy/relation.ts';
import { flag, number, optional, whole } from './flags.ts';
import { listing } from './format.ts';
import { verb } from './verb.ts';

/** What `account` finds; null where an accountant has no finite answer, and `reason` says why. */
interface Account {
  epsilon: { rdp?: number | null; pld?: number | null; pld_lower?: number | null };
  /** the Renyi order behind `rdp`; null where none was needed */
  order?: number | null;
  /** `pld` minus `pld_lower` */
  gap?: number | null;
  reason?: string;
}

const PHASE = 'It must be q,sigma,steps.';
const phaseOf = z
  .tuple([number(), number(), number()], PHASE)
  .transform(([q, sigma, steps]): Phase => ({ q, sigma, steps }));
const meanings = RELATION_NAMES.map((name) => `  ${name.padEnd(12)} ${relationRow(name).sentence}`);

const flags = {
  q: optional(number(), '<p> sampling probability of a record (expected batch / records), a number or a quotient'),
  sigma: optional(number(), '<s> noise multiplier: standard deviation of the noise of the sum, in clip norms'),
  steps: optional(number(), '<n> noisy steps that read the data'),
  phase: z.array(phaseOf).default([]).describe('<q,sigma,steps> one more phase of other steps; repeat for several'),
  tables: optional(
    whole(1, 1e9),
    '<n> tables of counts of all records, each with discrete Gaussian noise of --sigma counts, in place of steps',
  ),
  delta: number().default(1e-5).describe('<p> probability with which epsilon may fail to hold'),
  targetEpsilon: optional(
    number().positive('It must be above 0.'),
    '<e> find the least --sigma that keeps within this, phases included',
  ),
  tight: flag('a finer grid for pld: smaller gap, up to a minute and 2 GiB'),
  accountant: z
    .enum(['rdp', 'pld', 'all'])
    .default('all')
    .describe(
      '<name> which one, rdp being zCDP of tables; with --target-epsilon and all, each stays within the target',
    ),
  mechanism: z
    .enum(['gaussian', 'discrete'])
    .default('gaussian')
    .describe('<name> continuous noise, or the exact integer mechanism (rdp only)'),
  relation: z
    .enum(RELATION_NAMES)
    .default('add-remove')
    .describe('<name> which two data sets are neighbours, see below'),
};
type Flags = z.output<z.ZodObject<typeof flags>>;

/** `account`: what a private run costs, or the noise that a budget asks for. */
export default verb({
  about:
    'Epsilon of Poisson-subsampled Gaussian steps at a given delta: by Renyi DP, and by the privacy-loss distribution with ' +
    'certified upper and lower bounds; the same of measured tables. Or the noise for a target epsilon.',
  flags,
  notes: `\nRelations:\n${meanings.join('\n')}\nThe first two cost the same. With replace-one the discrete mechanism is charged by a bound that is coarse where q is below 1.\nOf tables zCDP holds however each is chosen by those before it, PLD where number and noise of all were fixed beforehand.`,
  run: (given) => asUsage(() => (given.tables === undefined ? account(given) : measured(given, given.tables))),
});

function account(flags: Flags) {
  const { delta, accountant, mechanism, relation, targetEpsilon, phase: more } = flags;
  if (mechanism === 'discrete' && accountant === 'pld') {
    throw new VeilganError('USAGE', 'the discrete mechanism has no PLD accountant', {
      where: 'accountant',
      fix: 'Use `accountant: rdp`',
    });
  }
  const asked = (['rdp', 'pld'] as const).filter((name) => accountant === 'all' || accountant === name);
  const names = mechanism === 'discrete' ? (['rdp'] as const) : asked;
  const phases = [...more];
  let sigmaBy: Partial<Record<'rdp' | 'pld', number>> | undefined;
  if (targetEpsilon !== undefined) {
    if (flags.sigma !== undefined) {
      throw new VeilganError('USAGE', 'it is what `targetEpsilon` looks for', { where: 'sigma', fix: 'Leave it out' });
    }
    const [q, steps] = [needed(flags, 'q'), needed(flags, 'steps')];
    sigmaBy = Object.fromEntries(
      names.map((name) => {
        const by = mechanism === 'discrete' ? 'discrete' : name;
        const budget = { epsilon: targetEpsilon, delta, accountant: by, relation, spent: more } as const;
        return [name, noiseMultiplier(q, steps, budget).sigma];
      }),
    );
    phases.unshift({ q, sigma: Math.max(...Object.values(sigmaBy)), steps });
  } else if (flags.q !== undefined || flags.sigma !== undefined || flags.steps !== undefined || more.length === 0) {
    phases.unshift({ q: needed(flags, 'q'), sigma: needed(flags, 'sigma'), steps: needed(flags, 'steps') });
  }
  const found = spent(phases, names, flags);
  const sigma = sigmaBy ? { sigma: phases[0].sigma, sigma_by: sigmaBy, target_epsilon: targetEpsilon } : {};
  const setting = { delta, mechanism, relation, neighbours: relationRow(relation).short, sampling: 'Poisson', phases };
  return { document: { ...found, ...sigma, ...setting }, text: words(found, phases, flags, sigmaBy) };
}

/** Of measured tables. */
function measured(flags: Flags, tables: number) {
  const { delta, accountant, relation, targetEpsilon } = flags;
  const other = (['q', 'steps', 'tight'] as const).find((name) => flags[name] !== undefined);
  const no = other ?? (flags.phase.length > 0 ? 'phase' : flags.mechanism === 'discrete' ? 'mechanism' : undefined);
  if (no)
    throw new VeilganError('USAGE', 'it is of steps, not of tables', { where: no, fix: 'Leave it or `tables` out' });
  if ((flags.sigma === undefined) === (targetEpsilon === undefined)) {
    const fix = 'Give one of the two with `tables`: the noise, or what it may cost';
    throw new VeilganError('USAGE', 'the noise of tables is given, or looked for', {
      where: 'sigma, targetEpsilon',
      fix,
    });
  }
  const names = (['zcdp', 'pld'] as const).filter(
    (name) => accountant === 'all' || (accountant === 'pld') === (name === 'pld'),
  );
  let sigma = flags.sigma ?? 0;
  let found = {};
  const rows: [string, string][] = [];
  if (targetEpsilon !== undefined) {
    const both = sigmaFor(tables, { epsilon: targetEpsilon, delta, relation });
    const sigmaBy = Object.fromEntries(names.map((name) => [name, both[name]]));
    sigma = Math.max(...Object.values(sigmaBy));
    found = { sigma_by: sigmaBy, target_epsilon: targetEpsilon };
    for (const name of names) rows.push(['sigma', `${both[name]} suffices by ${TITLES[name]}`]);
  }
  const { rho, zcdp, pld, pld_lower } = tablesPrice([{ q: 1, sigma, steps: tables }], delta, relation);
  rows.unshift(['tables', `${tables}, sigma ${Number(sigma.toPrecision(7))}`]);
  if (names.includes('zcdp')) {
    rows.push([
      'zCDP',
      `epsilon ${zcdp.toPrecision(7)} (rho ${rho.toPrecision(5)}), also where each is chosen by those before`,
    ]);
  }
  if (names.includes('pld')) {
    const bounds = `certified: at least ${pld_lower.toPrecision(7)}, gap ${(pld - pld_lower).toExponential(1)}`;
    rows.push(['PLD', `epsilon ${pld.toPrecision(7)} (${bounds}), where all were fixed beforehand`]);
  }
  rows.push(['at delta', `${delta}, ${relationRow(relation).short}`]);
  const epsilon = { ...(names.includes('zcdp') ? { zcdp } : {}), ...(names.includes('pld') ? { pld, pld_lower } : {}) };
  const setting = { tables, sigma, delta, mechanism: MEASURED, relation, neighbours: relationRow(relation).short };
  return { document: { epsilon, rho, ...found, ...setting }, text: listing(rows) };
}

const TITLES = { zcdp: 'zCDP', pld: 'PLD' } as const;

function spent(
  phases: readonly Phase[],
  names: readonly ('rdp' | 'pld')[],
  { mechanism, relation, delta, tight }: Flags,
): Account {
  const out: Account = { epsilon: {} };
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  if (names.includes('rdp')) {
    const { epsilon, order } = (mechanism === 'discrete' ? discreteEpsilon : rdpEpsilon)(phases, delta, relation);
    out.epsilon.rdp = finite(epsilon);
    out.order = finite(order);
  }
  if (names.includes('pld')) {
    const { upper, lower } = pldEpsilon(phases, delta, { relation, ...(tight ? { maxLog2: 24, relative: 1e-7 } : {}) });
    out.epsilon.pld = finite(upper);
    out.epsilon.pld_lower = finite(lower);
    out.gap = finite(upper - lower);
  }
  const { rdp, pld } = out.epsilon;
  if (rdp === null || pld === null) out.reason = 'too little noise: epsilon is beyond the range of the numbers used';
  return out;
}

function words(
  { epsilon, order, gap, reason }: Account,
  phases: readonly Phase[],
  { delta, relation }: Flags,
  sigmaBy?: object,
) {
  const show = (x: number | null | undefined) => (x === null || x === undefined ? 'unbounded' : x.toPrecision(7));
  const rows: [string, string][] = phases.map(({ q, sigma, steps }) => [
    'steps',
    `${steps} at q ${Number(q.toPrecision(7))}, sigma ${Number(sigma.toPrecision(7))}`,
  ]);
  for (const [name, sigma] of Object.entries(sigmaBy ?? {})) {
    rows.push([`sigma`, `${sigma.toPrecision(6)} suffices by ${name.toUpperCase()}`]);
  }
  if ('rdp' in epsilon) {
    rows.push(['RDP', `epsilon ${show(epsilon.rdp)}${order ? ` (order ${order.toPrecision(4)})` : ''}`]);
  }
  if ('pld' in epsilon) {
    const bounds = `certified: at least ${show(epsilon.pld_lower)}, gap ${gap?.toExponential(1)}`;
    rows.push(['PLD', `epsilon ${show(epsilon.pld)} (${bounds})`]);
  }
  rows.push(['at delta', `${delta}, ${relationRow(relation).short}, Poisson sampling`]);
  if (reason) rows.push(['note', reason]);
  return listing(rows);
}

function needed(flags: Flags, name: 'q' | 'sigma' | 'steps'): number {
  const value = flags[name];
  if (value !== undefined) return value;
  throw new VeilganError('USAGE', 'it was not given', {
    where: name,
    fix: 'Give `q`, `sigma` and `steps`, or `phase: q,sigma,steps`, or `q`, `steps` and `targetEpsilon`',
  });
}

/** A value that an accountant refuses came from a flag. */
function asUsage<T>(fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    if (!(error instanceof VeilganError) || error.code !== 'CONFIG') throw error;
    const { message, where, fix } = error;
    throw new VeilganError('USAGE', message, { where, fix, cause: error });
  }
}
