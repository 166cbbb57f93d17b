/** What the page test runs twice, on one adapter in Node and on another in a page; everything comes back as numbers. */

import { type Gpu, grad, perSample, type Tensor, tensor, type VeilganError } from '../../src/api/index.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { blobs } from '../../src/data/synthetic.ts';
import { ParGan } from '../../src/gan/pargan.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import type { AdapterReport } from '../../src/gpu/device.ts';
import { type LossRow, train } from '../../src/train/loop.ts';

const SEED = 7;
/** Fixed, so that both machines record, upload and free in the same rhythm. */
const CHUNK = 5;

export interface TrainingReport {
  /** a row a step: the generator's loss, then each critic's */
  readonly losses: number[][];
  /** the first generated rows after the last step, [64, 2] */
  readonly samples: number[];
  /** bytes and buffers in use after the first chunk and after the last one */
  readonly memory: readonly [Footprint, Footprint];
  readonly seconds: number;
}

export interface Footprint {
  readonly live: number;
  readonly pooled: number;
  readonly buffers: number;
}

export interface JobReport {
  readonly adapter: AdapterReport;
  readonly js: TrainingReport;
  readonly wganGp: TrainingReport;
  /** gradient and gradient of its squared norm, [2, 3] each, and per-sample gradients [2, 2, 3], one after another */
  readonly derivatives: number[];
  /** worst error over its allowance of an order-2 gradient check, at most 1 */
  readonly checked: number;
  /** bytes in use once everything is disposed of */
  readonly left: number;
  /** error codes of a second device that is destroyed: of the read in flight, and of the next one */
  readonly lost: readonly string[];
}

const footprint = (gpu: Gpu): Footprint => {
  const { live, pooled, buffers } = gpu.memory();
  return { live, pooled, buffers };
};

/** PAR-GAN with ten critics on Blobs. */
async function training(gpu: Gpu, preset: string, steps: number): Promise<TrainingReport> {
  const started = performance.now();
  const gan = new ParGan(gpu, makeConfig(preset, { steps }), blobs(), SEED);
  const losses: number[][] = [];
  const onRows = (rows: readonly LossRow[]) => losses.push(...rows.map((row) => [row.loss_g, ...row.loss_d]));
  await train(gan, { steps: CHUNK, chunk: CHUNK, onRows });
  const first = footprint(gpu);
  await train(gan, { steps, chunk: CHUNK, onRows });
  const memory = [first, footprint(gpu)] as const;
  const samples = Array.from(await gan.sample(64));
  gan.dispose();
  return { losses, samples, memory, seconds: (performance.now() - started) / 1000 };
}

/** Losses of two samples under a tiny network: [2]. */
const small = (x: Tensor) => (w: Tensor) => x.matmul(w).tanh().square().mean(-1);

async function derivatives(gpu: Gpu): Promise<{ values: number[]; checked: number }> {
  const x = tensor(gpu, [0.5, -1, 0.25, 0.75], [2, 2]);
  const w = tensor(gpu, [0.3, -0.2, 0.1, 0.4, 0.6, -0.5], [2, 3]);
  const loss = (v: Tensor) => small(x)(v).mean();
  const first = grad(loss)(w);
  const second = grad((v: Tensor) => grad(loss)(v).square().sum())(w);
  const each = perSample(small(x), w);
  const values: number[] = [];
  for (const t of [first, second, each]) values.push(...(await t.read()));
  const checked = await checkGrad(loss, [w], { order: 2 });
  for (const t of [x, w, first, second, each]) t.dispose();
  return { values, checked };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: VeilganError) => String(error.code ?? error),
  );

/** What is told of a device that goes away under a read. */
async function loss(gpu: Gpu): Promise<string[]> {
  const x = tensor(gpu, [1, 2, 3, 4]);
  const inFlight = codeOf(x.square().read());
  gpu.device.destroy();
  const codes = [await inFlight, await codeOf(x.read())];
  gpu.close();
  return codes;
}

/** 50 steps by Jensen-Shannon, 10 by WGAN-GP, whose penalty is a second-order gradient, and small derivatives. */
export async function runJob(open: () => Promise<Gpu>): Promise<JobReport> {
  const gpu = await open();
  const { values, checked } = await derivatives(gpu);
  const js = await training(gpu, 'blobs-js', 50);
  const wganGp = await training(gpu, 'blobs-wgan-gp', 10);
  const { adapter } = gpu;
  const left = gpu.memory().live;
  gpu.close();
  return { adapter, js, wganGp, derivatives: values, checked, left, lost: await loss(await open()) };
}
