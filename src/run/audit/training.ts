/** One training of the production system on a data set and canaries, for the transcript of an audit. */

import { PhiloxStream } from '../../base/philox.ts';
import { pickRows } from '../../base/rows.ts';
import type { DpGan } from '../../gan/dpgan.ts';
import { type PrivateConfig, samplingRate } from '../../gan/private/config.ts';
import { privateRun } from '../../gan/private/run.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Phase } from '../../privacy/accountant/phases.ts';
import { partitionRows } from '../../privacy/partition.ts';
import { scope } from '../../tensor/scope.ts';
import { tensor } from '../../tensor/tensor.ts';
import { train } from '../../train/loop.ts';
import { trainingRows } from '../../train/rows.ts';
import { MemoryLedgerFile } from '../memory-run.ts';
import { joined, makeCanaries, shown } from './canaries.ts';
import type { AuditSetting } from './part.ts';
import { CanaryTrace } from './trace.ts';

/** Rows of each partition that stand for the others. */
const REFERENCES = 16;

/** Run r takes seed + r. */
export type AuditTraining = Pick<
  AuditSetting,
  'config' | 'data' | 'seed' | 'insecureSeed' | 'score' | 'canaries' | 'unclipped'
>;

export interface Trained {
  /** alternative scores, each of all canaries */
  readonly scores: readonly ArrayLike<number>[];
  /** which canaries were in the data */
  readonly coins: readonly boolean[];
  /** noisy updates */
  readonly updates: number;
  /** what the ledger says of them */
  readonly spent: readonly Phase[];
}

/** Fair coins from the platform's generator, or from a seed. */
function throwCoins(count: number, seed?: number): boolean[] {
  if (seed !== undefined) {
    const random = new PhiloxStream(seed, 'audit/coins');
    return Array.from({ length: count }, () => random.below(2) === 1);
  }
  return Array.from(globalThis.crypto.getRandomValues(new Uint8Array(count)), (byte) => byte % 2 === 1);
}

/**
 * Trains once and scores the canaries. Sampling rates follow from a number of records that is fixed before the coins
 * are thrown, as a private run's must be.
 * @throws VeilganError CONFIG where config and data do not fit, OVER_LIMIT for canaries that do not fit on the device
 */
export async function trainOnce(gpu: Gpu, setting: AuditTraining, run: number): Promise<Trained> {
  const { data, insecureSeed, unclipped } = setting;
  const { features } = data;
  const seed = setting.seed + run;
  const base = data.train.subarray(0, trainingRows(data, setting.config) * features);
  const canaries = await makeCanaries(gpu, setting, base, seed);
  const { owner, classes, labels } = canaries;
  const coins = throwCoins(owner.length, insecureSeed === undefined ? undefined : insecureSeed + run);
  const known = base.length / features;
  const population = setting.config.population || known + Math.round(owner.length / 2);
  const config: PrivateConfig = { ...setting.config, rows: 0, population, snapshots: 1 };
  const inside = [...coins.keys()].filter((i) => coins[i]);
  const all = joined(
    data,
    base,
    pickRows(canaries.records, features, inside),
    labels.filter((_, i) => coins[i]),
  );
  const made = privateRun(gpu, config, all, seed, {
    insecureSeed: insecureSeed === undefined ? undefined : insecureSeed + run,
    unclipped,
  });
  const { gan } = made;
  let trace: CanaryTrace | undefined;
  try {
    const { ledger } = made.begin(new MemoryLedgerFile('audit'));
    await gan.prepare(false);
    if (setting.score === 'trace') {
      const partitions = partitionRows(gan.owners(), config.partitions);
      const records = partitions.map((list) => list.filter((row) => row < known));
      const random = new PhiloxStream(seed, 'audit/references');
      const references = records.map((list) => {
        const some = Array.from({ length: list.length && REFERENCES }, () => list[random.below(list.length)]);
        return shown(
          pickRows(base, features, some),
          Uint32Array.from(some, (row) => data.labels?.train[row] ?? 0),
          {
            features,
            classes,
          },
        );
      });
      const q = samplingRate(config, population);
      const expected = records.map((list) => q * list.length);
      trace = new CanaryTrace(gan, { canaries: canaries.x, owner, references, expected, q });
    }
    await train(trace ?? gan, { steps: config.steps });
    const scores = trace ? trace.scores : [await criticValues(gan, canaries.x, owner)];
    return { scores, coins, updates: gan.updates, spent: ledger.totals() };
  } finally {
    trace?.dispose();
    gan.dispose();
    made.close();
  }
}

/** What each canary's critic says of it, before any sigmoid. */
async function criticValues(
  { gpu, critics, width }: DpGan,
  x: Float32Array,
  owner: Uint32Array,
): Promise<Float32Array> {
  const values = scope(() => critics.infer(tensor(gpu, x, [1, owner.length, width])));
  const read = await values.read();
  values.dispose();
  return Float32Array.from(owner, (k, i) => read[k * owner.length + i]);
}
