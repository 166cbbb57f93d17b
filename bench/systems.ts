/** Training steps, what a replayed dispatch costs the CPU, and what grouping the critics saves. */

import { blobs } from '../src/data/synthetic.ts';
import type { GanConfig } from '../src/gan/config.ts';
import { ParGan } from '../src/gan/pargan.ts';
import { makeConfig } from '../src/gan/presets/index.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import type { Program } from '../src/gpu/program.ts';
import { shift } from '../src/ops/elementwise.ts';
import { tensor } from '../src/tensor/tensor.ts';
import { imageSystem, SOFTWARE_BATCH } from './images.ts';
import { alternate, bytesHeld, median, type Result } from './measure.ts';

/** Encoding and submitting 50 dependent dispatches 100 times; the device's work is excluded, it runs behind. */
export async function dispatchSuite(gpu: Gpu): Promise<Result[]> {
  const DISPATCHES = 50;
  const REPLAYS = 100;
  const x = tensor(gpu, new Float32Array(256));
  const program = gpu.capture('bench.dispatch', () => {
    let y = x;
    for (let i = 0; i < DISPATCHES; i++) y = shift(y, 1);
  });
  const times: number[] = [];
  for (let round = 0; round < 30; round++) {
    const replays = Array.from({ length: REPLAYS }, (_, step) => ({ program, step }));
    const start = performance.now();
    const ticket = gpu.replay(replays);
    const cpu = performance.now() - start;
    await ticket.done();
    if (round >= 5) times.push(cpu / (DISPATCHES * REPLAYS));
  }
  program.dispose();
  x.dispose();
  const ms = median(times);
  return [
    {
      suite: 'dispatch',
      case: `${DISPATCHES} x ${REPLAYS} in one submit`,
      impl: 'replayed, CPU per dispatch',
      median_ms: ms,
      best_ms: Math.min(...times),
      ratio: ms / 0.004,
      of: 'budget 4 us',
    },
  ];
}

function system(gpu: Gpu, fields: Partial<GanConfig>, preset: string): ParGan {
  return new ParGan(gpu, makeConfig(preset, fields), blobs(), 1);
}

/** Runs whole training steps of one system as a training loop does, two chunks in flight. */
const steps = (gan: ParGan) => async (times: number) => {
  const tickets = [];
  for (let done = 0; done < times; ) {
    const count = Math.min(8, times - done);
    tickets.push(gan.gpu.replay(gan.chunk(count)));
    done += count;
    if (tickets.length > 1) await tickets[tickets.length - 2].done();
  }
  await tickets[tickets.length - 1].done();
};

/** The Blobs steps of the presets, with dispatches and peak bytes. */
export async function blobsSuite(gpu: Gpu): Promise<Result[]> {
  const presets = ['blobs-js', 'blobs-wgan-gp'];
  const gans: ParGan[] = [];
  const bytes: number[] = [];
  for (const preset of presets) {
    const before = bytesHeld(gpu);
    const gan = system(gpu, {}, preset);
    await steps(gan)(1);
    gans.push(gan);
    bytes.push(bytesHeld(gpu) - before);
  }
  const subjects = gans.map((gan, i) => ({ name: presets[i], run: steps(gan) }));
  const times = await alternate(subjects, { rounds: 9, targetMs: 1000 });
  const results = subjects.map(({ name }, i): Result => {
    const ms = median(times[i]);
    const budget = name === 'blobs-js' ? { ratio: ms / 16, of: 'budget 16 ms' } : {};
    return {
      suite: 'blobs',
      case: `${name} step, K = 10`,
      impl: `one program, ${gans[i].program().dispatches.length} dispatches`,
      median_ms: ms,
      best_ms: Math.min(...times[i]),
      bytes: bytes[i],
      ...budget,
    };
  });
  for (const gan of gans) gan.dispose();
  return results;
}

/** The D phase of K = 10 critics as one program against ten programs of K = 1. */
export async function criticsSuite(gpu: Gpu): Promise<Result[]> {
  const data = blobs();
  const one = new ParGan(gpu, makeConfig('blobs-js', {}), data, 1);
  const config = makeConfig('blobs-js', { partitions: 1 });
  const ten = Array.from({ length: 10 }, (_, k) => {
    const train = data.train.subarray(k * 1000, (k + 1) * 1000);
    return new ParGan(gpu, config, { train, features: 2 }, k);
  });
  const programs = [ten, [one]].map((gans) => gans.map((gan) => gan.criticProgram()));
  const phase = (all: readonly Program[]) => async (times: number) => {
    const CHUNK = 50;
    for (let done = 0; done < times; done += CHUNK) {
      const count = Math.min(CHUNK, times - done);
      const replays = Array.from({ length: count }, (_, step) => all.map((program) => ({ program, step }))).flat();
      await gpu.replay(replays).done();
    }
  };
  const subjects = [
    { name: 'ten K = 1 programs', run: phase(programs[0]) },
    { name: 'K = 10 in one program', run: phase(programs[1]) },
  ];
  const times = await alternate(subjects, { rounds: 9, targetMs: 400 });
  const [separate, grouped] = times.map(median);
  for (const program of programs.flat()) program.dispose();
  for (const gan of [one, ...ten]) gan.dispose();
  return subjects.map(
    ({ name }, i): Result => ({
      suite: 'critics',
      case: 'Blobs JS, D phase of a step',
      impl: name,
      median_ms: median(times[i]),
      best_ms: Math.min(...times[i]),
      ...(i
        ? {
            ratio: grouped / separate / (gpu.adapter.software ? 0.5 : 0.2),
            of: `budget ${gpu.adapter.software ? 0.5 : 0.2}x the ten`,
          }
        : {}),
    }),
  );
}

/**
 * Where the time of a step goes, by kernel: Blobs JS, and MNIST JS (at 8 rows a critic on a software adapter).
 * Timestamps around each dispatch, which cost about 10 us each.
 */
export async function profileSuite(gpu: Gpu, large = false): Promise<Result[]> {
  const small = gpu.adapter.software && !large ? SOFTWARE_BATCH : undefined;
  return [
    ...(await profileSteps(system(gpu, {}, 'blobs-js'), 'blobs-js step', 20)),
    ...(await profileSteps(imageSystem(gpu, 'mnist-js', small), `mnist-js step, B = ${small ?? 64}`, 2)),
  ];
}

async function profileSteps(gan: ParGan, name: string, count: number): Promise<Result[]> {
  const { gpu } = gan;
  const run = async () => void (await gpu.replay(gan.chunk(count)).done());
  await run();
  const rows = await gpu.profile(run);
  gan.dispose();
  return rows.map(({ kernel, count: calls, ms }) => ({
    suite: 'profile',
    case: `${name}, by kernel`,
    impl: `${kernel} x ${calls / count}`,
    median_ms: ms / count,
  }));
}
