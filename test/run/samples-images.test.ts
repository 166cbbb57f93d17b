/** Runs on images: what samples look like on disk, pictures while training, and stopping and resuming. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toBytes } from '../../src/data/records.ts';
import { toCsv, toNpy } from '../../src/run/samples.ts';
import { openTraining, startTraining } from '../../src/run/session.ts';
import { released, runTraining } from '../../src/run/training.ts';
import { writeSamples } from '../../src/run/write-samples.ts';
import { decodeNpy } from '../support/npy.ts';
import { codeOf, sameBits } from '../support/values.ts';
import { configOf, finish, gpu, root, store } from './images.ts';

test.after(finish);

await store('tiny');
await store('colours', { channels: 3 });

const none = async () => {
  throw new Error('no picture was asked for');
};
const at = (name: string) => join(root, name);

test('npy: images as bytes, tables as floats', () => {
  const rows = Float32Array.of(-1, 0, 1, 1.5, -2, 0.5, -0.5, 0.25, 1, -1, 0.9, 0.1);
  const images = decodeNpy(toNpy({ rows, shape: [2, 1, 3], columns: [] }));
  assert.equal([images.shape, images.data], [[2, 2, 1, 3], toBytes(rows)]);
  const table = decodeNpy(toNpy({ rows, shape: [4], columns: ['a', 'b', 'c', 'd'] }));
  assert.equal([table.shape, table.data], [[3, 4], rows]);
});

test('csv: a column a pixel, named by row, column and channel; whole numbers from 0 to 255', async () => {
  const rows = Float32Array.of(-1, 1, 0.2, -0.2, 0, 1);
  await writeSamples(at('grey.csv'), { rows, shape: [1, 3, 1], columns: [] }, none);
  assert.is(fs.readFileSync(at('grey.csv'), 'utf8'), 'y0_x0,y0_x1,y0_x2\n0,255,153\n102,128,255\n');
  await writeSamples(at('colour.csv'), { rows, shape: [2, 1, 3], columns: [] }, none);
  const [names] = fs.readFileSync(at('colour.csv'), 'utf8').split('\n');
  assert.is(names, 'y0_x0_c0,y0_x0_c1,y0_x0_c2,y1_x0_c0,y1_x0_c1,y1_x0_c2');
});

test('the extension says what is written; a picture is drawn only then; nothing is left of what fails', async () => {
  const samples = { rows: new Float32Array(8), shape: [2, 2, 1], columns: [] };
  await writeSamples(at('a.PNG'), samples, async () => Uint8Array.of(1, 2));
  assert.equal([...fs.readFileSync(at('a.PNG'))], [1, 2]);
  for (const name of ['b.jpg', 'b', 'png', 'b.npz']) {
    assert.is(await codeOf(() => writeSamples(at(name), samples, none)), 'USAGE', name);
  }
  assert.is(await codeOf(() => writeSamples(at('no/such/b.npy'), samples, none)), 'FILE');
  assert.equal(
    fs.readdirSync(root).filter((name) => /^\.?b|^png/.test(name)),
    [],
  );
});

test('a value that is not finite is an error that says where, and no byte of a picture', async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const rows = new Float32Array(8);
    rows[6] = bad;
    const image = { rows, shape: [2, 2, 1], columns: [] };
    assert.throws(() => toNpy(image), /samples holds the value (NaN|Infinity)/);
    assert.throws(() => toCsv(rows, ['a', 'b']), /samples holds the value/);
    for (const name of ['n.csv', 'n.npy', 'n.png']) {
      assert.is(await codeOf(() => writeSamples(at(name), image, none)), 'NAN', name);
      assert.not.ok(fs.existsSync(at(name)));
    }
  }
});

let runs = 0;
const start = (data: string, more: Parameters<typeof configOf>[0] = {}) =>
  startTraining(gpu, { system: 'pargan', data, config: configOf(more), seed: 3, out: at(`run-${runs++}`) });

test('a picture every so many steps, none where it says 0, and none twice', async () => {
  for (const [steps, expected] of [
    [5, [5, 10]],
    [6, [6, 12]],
    [1, Array.from({ length: 12 }, (_, i) => i + 1)],
    [50, []],
    [0, []],
  ] as const) {
    const job = await start('tiny');
    const seen: number[] = [];
    const call = async (step: number) => void seen.push(step);
    // A checkpoint is there before each picture: a run goes on from what a picture shows.
    const checked = async (step: number) => {
      assert.is(job.run.readCheckpoint().step, step);
      await call(step);
    };
    await runTraining(job, { chunk: 4, every: { steps, call: checked } });
    assert.equal(seen, expected, `every ${steps}`);
    job.run.close();
    job.gan.dispose();
  }
});

test('pictures change no bit; stopped and resumed, they come at the same steps', async () => {
  const outcome = async (job: Awaited<ReturnType<typeof start>>) => {
    const samples = await job.gan.sample(30);
    const metrics = fs.readFileSync(join(job.run.dir, 'metrics.jsonl'), 'utf8');
    const checkpoint = fs.readFileSync(join(job.run.dir, 'checkpoint.safetensors')).toString('base64');
    job.run.close();
    job.gan.dispose();
    return { samples, metrics, checkpoint };
  };
  for (const data of ['tiny', 'colours']) {
    const plain = await start(data, { divergence: 'wgan-gp' });
    await runTraining(plain, { chunk: 7 });
    const reference = await outcome(plain);
    const seen: number[] = [];
    const pictures = (job: typeof plain) => ({
      steps: 5,
      call: async (step: number) => {
        await job.gan.sample(10);
        seen.push(step);
      },
    });
    const first = await start(data, { divergence: 'wgan-gp' });
    const half = await runTraining(first, { chunk: 2, stop: () => first.gan.step >= 7, every: pictures(first) });
    assert.ok(half.interrupted);
    first.run.close();
    first.gan.dispose();
    const second = await openTraining(gpu, first.run.dir, { write: true });
    await runTraining(second, { chunk: 3, every: pictures(second) });
    const resumed = await outcome(second);
    assert.equal(seen, [5, 10]);
    sameBits(resumed.samples, reference.samples, data);
    assert.equal([resumed.metrics, resumed.checkpoint], [reference.metrics, reference.checkpoint], data);
  }
});

test('fewer samples are released of images than of tables; opening a run gives the same ones', async () => {
  assert.equal([released({ shape: [8, 8, 1] }), released({ shape: [2] })], [2000, 10_000]);
  const job = await start('tiny');
  await runTraining(job);
  const samples = await job.gan.sample(5);
  job.run.close();
  job.gan.dispose();
  const before = gpu.memory().live;
  const again = await openTraining(gpu, job.run.dir);
  sameBits(await again.gan.sample(5), samples);
  again.gan.dispose();
  assert.is(gpu.memory().live, before);
});

test('a dcgan on a shape that it cannot make: the flag, and no run', async () => {
  const before = fs.readdirSync(root).length;
  assert.is(await codeOf(() => start('tiny', { generatorChannels: [4, 4, 4, 4, 4] })), 'CONFIG');
  assert.is(fs.readdirSync(root).length, before);
});

test.run();
