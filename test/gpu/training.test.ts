import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { grad } from '../../src/autograd/grad.ts';
import type { Program, Replay } from '../../src/gpu/program.ts';
import { log } from '../../src/ops/assign.ts';
import { linear } from '../../src/ops/contract.ts';
import { normal } from '../../src/ops/random.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { poison, sameBits, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const zeros = (...shape: number[]) => tensor(gpu, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

/** Replays in chunks of `size`, two in flight, and gives the rows of every log column. */
async function run(program: Program, steps: number, size: number, more: Partial<Replay> = {}) {
  const rows = new Map<string, Float32Array[]>();
  const chunks: Replay[][] = [];
  for (let at = 0; at < steps; at += size) {
    const count = Math.min(size, steps - at);
    chunks.push(Array.from({ length: count }, (_, i) => ({ program, step: at + i, ...more })));
  }
  let last: Promise<Map<string, Float32Array[]>> | null = null;
  const take = async (p: Promise<Map<string, Float32Array[]>> | null) => {
    for (const [name, list] of (await p) ?? []) rows.set(name, [...(rows.get(name) ?? []), ...list]);
  };
  for (const chunk of chunks) {
    const next = gpu.replay(chunk).done();
    await take(last);
    last = next;
  }
  await take(last);
  return rows;
}

/** A small network, trained with momentum on drawn data: every kind of kernel that a training step has. */
function training(name: string, seed = 3) {
  const values = new Values(seed);
  const p = { w1: values.tensor(gpu, [3, 2, 8]), b1: zeros(3, 8), w2: values.tensor(gpu, [3, 8, 1]), b2: zeros(3, 1) };
  const m = { w1: zeros(3, 2, 8), b1: zeros(3, 8), w2: zeros(3, 8, 1), b2: zeros(3, 1) };
  const names = ['w1', 'b1', 'w2', 'b2'] as const;
  const step = (draw: () => Tensor) => {
    const x = draw();
    const gradient = grad((q: typeof p) => {
      const slope = grad((t: Tensor) => linear(linear(t, q.w1, q.b1, { activation: 'leaky' }), q.w2, q.b2).sum())(x);
      const score = linear(linear(x, q.w1, q.b1, { activation: 'leaky' }), q.w2, q.b2);
      return score.softplus().mean().add(slope.square().sum(-1).mean());
    })(p);
    for (const k of names) {
      m[k].assign(m[k].mul(0.9).add(gradient[k]));
      p[k].assign(p[k].sub(m[k].mul(0.01)));
    }
    return gradient.w2.square().sum().reshape([1]);
  };
  const program = () =>
    gpu.capture(name, () =>
      scope(() => {
        log(
          'norm',
          step(() => normal(gpu, [3, 5, 2], { seed: 9 })),
        );
      }),
    );
  return { p, m, step, program, read: async () => Promise.all(names.map((k) => p[k].read())) };
}

test('a replay computes what the same calls compute eagerly, bit for bit', async () => {
  const data = [1, 2, 3, 4].map((seed) => new Values(seed).normal([3, 5, 2]));
  const [eager, captured] = [training('eager'), training('captured')];
  const norms: number[] = [];
  for (const d of data) {
    norms.push((await scope(() => ({ p: eager.step(() => tensor(gpu, d, [3, 5, 2])).read() })).p)[0]);
  }
  const x = zeros(3, 5, 2);
  const program = gpu.capture('captured', () =>
    scope(() =>
      log(
        'norm',
        captured.step(() => x),
      ),
    ),
  );
  for (const [i, d] of data.entries()) {
    poison(gpu, 1 << 12);
    gpu.upload(x, d);
    const rows = await gpu.replay([{ program, step: i }]).done();
    assert.is((rows.get('norm') as Float32Array[])[0][0], norms[i]);
  }
  const [a, b] = [await eager.read(), await captured.read()];
  for (const [k, values] of a.entries()) sameBits(b[k], values, `parameter ${k}`);
  program.dispose();
});

test('chunks of 1, 7 and 100 steps give the same bits, in the parameters and in the log', async () => {
  const results = [];
  for (const size of [1, 7, 100]) {
    const t = training('chunks');
    const program = t.program();
    const rows = (await run(program, 100, size)).get('norm') as Float32Array[];
    results.push({ rows: Float32Array.from(rows.flatMap((r) => [...r])), p: await t.read() });
    program.dispose();
  }
  const [one, ...others] = results;
  assert.is(one.rows.length, 100);
  assert.ok(new Set(one.rows).size > 90, 'every step draws anew');
  for (const other of others) {
    sameBits(other.rows, one.rows, 'log');
    for (const [k, values] of one.p.entries()) sameBits(other.p[k], values, `parameter ${k}`);
  }
});

test('300 captured steps leave bytes and buffers unchanged', async () => {
  const t = training('memory');
  const program = t.program();
  await run(program, 20, 10);
  const before = gpu.memory();
  await run(program, 300, 100);
  assert.equal(gpu.memory(), before);
  program.dispose();
});

test.run();
