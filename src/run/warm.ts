/**
 * Where a private GAN begins that goes on from a fit to features: with the generator of that run, whose releases it counts
 * as its own spending, so that epsilon is of both together at one delta. Browser-safe.
 */
import { VeilganError } from '../base/errors.ts';
import type { Source } from '../data/dataset.ts';
import { parseFeatures } from '../fit/features/config.ts';
import type { CountsName } from '../fit/features/counts.ts';
import { relationOf } from '../gan/private/config.ts';
import type { Copied } from '../gan/private/copied.ts';
import { relationCharged } from '../privacy/budget.ts';
import { readLedger } from '../privacy/ledger/ledger.ts';
import type { HostTensors } from '../train/player.ts';
import { hostTensors, type Run } from './run.ts';

export interface WarmStart {
  /** what the run before released, all of its ledger */
  readonly copied: Copied;
  /** its checkpoint */
  readonly tensors: Readonly<HostTensors>;
}

/** A start, and the settings that it brings along. */
export interface Warm extends WarmStart {
  /** that the guarantee and the generator of both runs have in common, and how both are accounted together */
  readonly fields: Readonly<Record<string, unknown>>;
  /** how that run knew how many records a class has */
  readonly classCounts: CountsName;
}

/** The one system that can be gone on from. */
const BEFORE = 'dp-features';

/**
 * What a run of dp-features hands on to a GAN on the same data.
 * @param run opened to read @param source that the GAN is trained on
 * @param insecureSeed of the GAN: noise that anybody can repeat protects neither
 * @throws VeilganError USAGE for a run of another system, DATA for one on other data, CONFIG for one that is not finished
 *   or promises nothing, FILE where its checkpoint or its ledger is missing or damaged
 */
export function warmStart(run: Run, source: Source, { insecureSeed }: { readonly insecureSeed?: number } = {}): Warm {
  const { dir, info } = run;
  const where = 'warmFrom';
  if (info.system !== BEFORE) {
    throw new VeilganError('USAGE', `${dir} is a run of ${info.system}, which leaves no generator to go on with`, {
      where,
      fix: `Name a finished run of ${BEFORE} on the same data`,
    });
  }
  checkSame(run, source);
  const { insecureSeed: seeded, ...rest } = info.config as { insecureSeed?: number };
  if (seeded !== undefined && insecureSeed === undefined) {
    throw new VeilganError('CONFIG', `the noise of ${dir} follows from a seed, so nothing can be promised after it`, {
      where,
      fix: 'Fit the features again without `insecureSeed`',
    });
  }
  const config = parseFeatures(rest);
  const checkpoint = run.readCheckpoint();
  if (checkpoint.step < config.steps) {
    throw new VeilganError('CONFIG', `${dir} has made ${checkpoint.step} of its ${config.steps} steps`, {
      where,
      fix: `Finish it with \`resume: ${dir}\``,
    });
  }
  const ledger = readLedger(run.ledgerFile(), { warn: () => {} });
  const phases = ledger.totals();
  if (phases.length === 0) {
    throw new VeilganError('FILE', `the ledger of ${dir} says nothing of what its checkpoint was made of`, {
      where,
      fix: 'Restore ledger.jsonl and the checkpoint from one copy of the run',
    });
  }
  const { rows, population, delta, latent, generatorChannels, generatorHidden, classCounts } = config;
  const relation = relationCharged(ledger.terms, relationOf(config));
  return {
    copied: { phases, by: info.created, relation, delta },
    tensors: hostTensors(checkpoint),
    classCounts,
    fields: {
      ...{ rows, population, delta, relation, onlyClass: -1 },
      ...{ network: 'features', latent, latentLaw: 'normal', generatorChannels, generatorHidden },
      labels: source.labels ? 'condition' : 'ignore',
      accountant: 'rdp',
    },
  };
}

/** @throws VeilganError DATA unless a run was trained on exactly these data */
function checkSame({ dir, info }: Run, { name, meta }: Source): void {
  const before = info.data as { readonly name: string; readonly sha256?: string; readonly seed?: number };
  const stored = meta.sha256 !== undefined && before.sha256 === meta.sha256;
  const generated = meta.seed !== undefined && before.seed === meta.seed && before.name === name;
  if (stored || generated) return;
  throw new VeilganError(
    'DATA',
    `${dir} was trained on other data than ${name} has, so that spending cannot be added up`,
    {
      where: 'warmFrom',
      fix: `Fit the features to ${name} first: \`train dp-features\``,
    },
  );
}

/**
 * Settings with those that a start brings along.
 * @param given by hand
 * @throws VeilganError CONFIG where one was given and is another
 */
export function withWarm(given: Readonly<Record<string, unknown>>, { fields }: Warm): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (given[name] === undefined || JSON.stringify(given[name]) === JSON.stringify(value)) continue;
    const why =
      name === 'accountant'
        ? 'releases and updates are accounted together by'
        : 'the run that this one goes on from has';
    throw new VeilganError('CONFIG', `${why} ${name} ${value}, not ${given[name]}`, {
      where: name,
      fix: 'Leave it away',
    });
  }
  return { ...given, ...fields };
}
