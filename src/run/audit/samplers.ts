/** The samplers of production runs: what was sent to the device, against what the ledger charges. */
import type { Check } from '../../attack/audit/family.ts';
import { type Sampled, samplerChecks } from '../../attack/audit/sampler-law.ts';
import { PhiloxStream } from '../../base/philox.ts';
import { type Dataset, makeDataset } from '../../data/dataset.ts';
import { type PrivateConfig, samplingRate } from '../../gan/private/config.ts';
import type { Gpu } from '../../gpu/index.ts';
import { partitionRows } from '../../privacy/partition.ts';
import { trainingRows } from '../../train/rows.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';
import { BARE, watch } from './production.ts';

/** Records of the small run, a critic: so few that batches are often empty. */
const FEW = 10;
/** Updates of the small run and of the configured one. */
const DRAWS = { whole: [2000, 250], quick: [800, 60] } as const;
/** Most records of the configured one. */
const MOST = 20_000;

/** So many records; of four the second is equal to the first, for equal records must be sampled apart, too. */
function points(rows: number, seed: number): Dataset {
  const random = new PhiloxStream(seed, 'audit/samplers');
  const values = Float32Array.from({ length: 2 * rows }, () => random.normal());
  for (let row = 1; row < rows; row += 4) values.copyWithin(2 * row, 2 * row - 2, 2 * row);
  return makeDataset({
    name: 'points',
    columns: [],
    shape: [2],
    values,
    meta: { origin: 'made by an audit' },
  });
}

/** Networks that cost next to nothing; what is sampled does not depend on them. */
function cheap(config: PrivateConfig, updates: number): PrivateConfig {
  const criticSteps = Math.min(200, updates);
  return {
    ...config,
    network: 'mlp',
    divergence: 'js',
    labels: 'ignore',
    mechanism: 'gaussian',
    generatorHidden: [2],
    criticHidden: [2],
    latent: 1,
    onlyClass: -1,
    criticSteps,
    steps: Math.ceil(updates / criticSteps),
    ...BARE,
  };
}

async function run(gpu: Gpu, setting: AuditSetting): Promise<PartResult> {
  const { config, seed, insecureSeed, claimed } = setting;
  const { partitions: K } = config;
  const [many, some] = DRAWS[setting.quick ? 'quick' : 'whole'];
  const rows = Math.min(MOST, trainingRows(setting.data, config));
  const population = config.population || rows;
  const small: PrivateConfig = {
    ...cheap(config, many),
    batch: K > 1 ? 1 : 2,
    population: K > 1 ? 5 * K : FEW,
    physicalBatch: 2,
  };
  const runs = [
    { what: 'few records', config: small, rows: FEW * K },
    {
      what: 'as configured',
      config: { ...cheap(config, some), population },
      rows,
    },
  ];
  const checks: Check[] = [];
  const table: string[][] = [];
  const document: Record<string, unknown>[] = [];
  for (const [i, one] of runs.entries()) {
    const onUpdates = (n: number) => setting.onProgress?.((i + n / (i ? some : many)) / runs.length);
    const data = points(one.rows, seed + i);
    const options = { batches: true, insecureSeed, claimed, onUpdates };
    const watched = await watch(gpu, one.config, data, seed, options);
    const samples: Sampled[] = partitionRows(watched.owners, K).map((list, k) => ({
      rows: list,
      batches: watched.batches[k],
    }));
    const found = samplerChecks(samples, watched.claimed.q);
    checks.push(...found);
    const draws = samples.reduce((n, { batches }) => n + batches.length, 0);
    const total = samples.reduce((n, { batches }) => n + batches.reduce((m, { length }) => m + length, 0), 0);
    const chances = samples.reduce((n, { rows: list, batches }) => n + list.length * batches.length, 0);
    const empty = samples.reduce((n, { batches }) => n + batches.filter(({ length }) => !length).length, 0);
    const rate = total / Math.max(1, chances);
    table.push([one.what, `${draws}`, rate.toFixed(5), watched.claimed.q.toFixed(5), `${empty}`]);
    document.push({
      what: one.what,
      batches: draws,
      rate,
      charged: watched.claimed.q,
      configured: samplingRate(one.config, one.rows),
      empty,
    });
  }
  return {
    found: `records are in ${table.map((row) => row[2]).join(' and ')} of the batches; ${table.map((row) => row[3]).join(' and ')} are charged`,
    ceiling: 'exact tests; a rate that is off by a quarter is found',
    table: { head: ['run', 'batches', 'rate', 'charged', 'empty batches'], rows: table },
    checks,
    document: { runs: document },
  };
}

export const samplers: Part = {
  name: 'samplers',
  title: 'who is in which batch',
  proves:
    'Reads what is sent to the device for each update: each record of its own critic, and no other, enters with the probability that the ledger charges, independently of all others, equal ones included. It proves nothing of what is then computed with them.',
  run,
};
