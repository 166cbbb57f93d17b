/** What the session tests train, in Node and in a worker of a page. */
import type { Dataset } from '../../src/data/dataset.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { parsePrivate } from '../../src/gan/private/config.ts';
import type { RunPlan } from '../../src/run/job.ts';

/** 200 training rows, and as many that training leaves out. */
export const points = (): Dataset => ({ ...blobs({ rows: 400, train: 200, seed: 3 }), name: 'blobs-session' });

const small = { generatorHidden: [16], criticHidden: [16], rate: 1e-3, snapshots: 3, snapshotEvery: 10 };

export const pargan = (steps = 60): RunPlan => ({
  system: 'pargan',
  config: makeConfig(undefined, { ...small, partitions: 4, batch: 16, steps }),
  seed: 5,
});

/** Its budget ends it before its last step. */
export const dpgan = (insecureSeed?: number): RunPlan => ({
  system: 'dpgan',
  config: parsePrivate({
    ...small,
    partitions: 1,
    batch: 20,
    criticSteps: 1,
    noiseMultiplier: 1.5,
    epsilon: 3,
    accountant: 'rdp',
    steps: 1000,
  }),
  seed: 5,
  ...(insecureSeed === undefined ? {} : { insecureSeed }),
});
