/** Small trainings in run directories below a folder of their own, for the tests of session.ts. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import type { GanConfig } from '../../src/gan/config.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import type { TrainingJob } from '../../src/run/job.ts';
import { startTraining } from '../../src/run/session.ts';
import { runTraining } from '../../src/run/training.ts';
import { datasetOf } from '../support/dataset.ts';
import { sameBits, Values } from '../support/values.ts';

export const gpu = await open();
export const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-session-'));
process.env.VEILGAN_DATA = join(root, 'data');
/** After the last test. */
export function finish(): void {
  gpu.close();
  fs.rmSync(root, { recursive: true });
}

/** Stores 60 training and 20 hold-out rows of two columns. */
export const store = (name: string, seed: number, scale = 1) => {
  const values = new Values(seed);
  const rows = (n: number) => values.normal([n, 2]).map((x) => x * scale);
  return saveDataset(
    datasetOf({
      name,
      columns: ['x', 'y'],
      shape: [2],
      train: rows(60),
      holdout: rows(20),
      meta: { origin: 'test' },
    }),
    { force: true },
  );
};
await store('tiny', 1);

export const STEPS = 40;
export const configOf = (more: Partial<GanConfig> = {}) =>
  makeConfig(undefined, {
    partitions: 2,
    batch: 8,
    generatorHidden: [8],
    criticHidden: [8],
    rate: 1e-2,
    steps: STEPS,
    snapshotEvery: 10,
    snapshots: 4,
    ...more,
  });

let runs = 0;
export type Start = Partial<Parameters<typeof startTraining>[1]>;
export const start = (more: Start = {}) =>
  startTraining(gpu, {
    system: 'pargan',
    data: 'tiny',
    config: configOf(),
    seed: 3,
    out: join(root, `run-${runs++}`),
    ...more,
  });

export interface Outcome {
  samples: Float32Array;
  metrics: string;
  checkpoint: Buffer;
}

/** What a run left, and frees it. */
export async function outcome({ run, gan }: TrainingJob): Promise<Outcome> {
  const samples = await gan.sample(100);
  const metrics = fs.readFileSync(join(run.dir, 'metrics.jsonl'), 'utf8');
  const checkpoint = fs.readFileSync(join(run.dir, 'checkpoint.safetensors'));
  run.close();
  gan.dispose();
  return { samples, metrics, checkpoint };
}

export async function whole(more: Start = {}, options: Parameters<typeof runTraining>[1] = {}): Promise<Outcome> {
  const job = await start(more);
  const result = await runTraining(job, { chunk: 7, ...options });
  assert.equal([result.steps, result.added, result.interrupted], [job.steps, job.steps, false]);
  return outcome(job);
}

export function same(actual: Outcome, expected: Outcome, what: string): void {
  sameBits(actual.samples, expected.samples, `samples, ${what}`);
  assert.is(actual.metrics, expected.metrics, `metrics, ${what}`);
  assert.ok(actual.checkpoint.equals(expected.checkpoint), `checkpoint, ${what}`);
}

export const listing = (dir: string) =>
  fs.existsSync(dir) ? (fs.readdirSync(dir, { recursive: true }) as string[]).sort() : [];
