import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { MAX_LIVE, MAX_RATES, MAX_ROWS } from '../../src/gpu/program.ts';
import { log } from '../../src/ops/assign.ts';
import { matmul } from '../../src/ops/contract.ts';
import { uniform } from '../../src/ops/random.ts';
import { scope } from '../../src/tensor/scope.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { codeOf, near, poison, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const zeros = (...shape: number[]) => tensor(gpu, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

test('programs that come and go leave nothing behind', async () => {
  const [w, v] = [zeros(4), zeros(4)];
  const once = async () => {
    const program = gpu.capture('passing', () =>
      scope(() => {
        // Also a kernel that touches nothing of the program's own memory.
        w.assign(v);
        log('sum', w.add(1).exp().sum().reshape([1]));
      }),
    );
    await gpu.replay([{ program, step: 0 }]).done();
    program.dispose();
  };
  await once();
  gpu.trim();
  const before = gpu.memory();
  for (let i = 0; i < 20; i++) await once();
  gpu.trim();
  assert.equal(gpu.memory(), before);
});

test('the first eager tensors after a capture are not the ones the program writes', async () => {
  const [x, out] = [tensor(gpu, [1, 2, 3]), zeros(3)];
  const program = gpu.capture('private', () => scope(() => out.assign(x.mul(2).add(1))));
  const others = Array.from({ length: 20 }, (_, i) => tensor(gpu, [i, i, i]));
  await gpu.replay([{ program, step: 0 }]).done();
  for (const [i, t] of others.entries()) near(await t.read(), [i, i, i]);
  near(await out.read(), [3, 5, 7]);
  program.dispose();
});

test('programs beside one another share their memory and compute what they do alone', async () => {
  const n = 5000;
  const [x, a, b, none] = [new Values(1).tensor(gpu, [n]), zeros(n), zeros(n), zeros(n)];
  const first = () => scope(() => a.assign(x.mul(2).add(1).exp().add(x)));
  const second = () => scope(() => b.assign(a.add(x).square().add(a).mul(3)));
  const wanted = async () => [await a.read(), await b.read()];
  first();
  second();
  const expected = await wanted();
  gpu.trim();
  const held = () => gpu.memory().live + gpu.memory().pooled;
  const before = held();
  const one = gpu.capture('one', first);
  const alone = held() - before;
  const two = gpu.capture('two', second, one);
  assert.is(held() - before, alone);
  for (const t of [a, b]) t.assign(none);
  const replays = [one, two, one, two].map((program, step) => ({ program, step }));
  await gpu.replay(replays).done();
  (await wanted()).forEach((got, i) => {
    near(got, expected[i], { relative: 0, absolute: 0 });
  });
  // The first to go leaves the memory to the other.
  one.dispose();
  assert.is(held() - before, alone);
  b.assign(none);
  await gpu.replay([{ program: two, step: 0 }]).done();
  near(await b.read(), expected[1], { relative: 0, absolute: 0 });
  two.dispose();
  assert.is(held(), before);
});

test('work recorded before a capture is not overtaken by what the capture uploads', async () => {
  const out = zeros(3);
  const x = tensor(gpu, [1, 2, 3]);
  const y = x.mul(10);
  // The storage of x is free again, though the product is not submitted yet.
  x.dispose();
  const program = gpu.capture('uploads', () => {
    const constants = Array.from({ length: 20 }, () => tensor(gpu, [7, 7, 7]));
    out.assign(constants[19]);
  });
  near(await y.read(), [10, 20, 30]);
  await gpu.replay([{ program, step: 0 }]).done();
  near(await out.read(), [7, 7, 7]);
  program.dispose();
});

test('a program keeps what it uses alive, though its owner freed it', async () => {
  const [x, out] = [tensor(gpu, [1, 2, 3]), zeros(3)];
  const program = gpu.capture('holds', () => scope(() => out.assign(x.mul(2))));
  x.dispose();
  poison(gpu, 1 << 10);
  await gpu.replay([{ program, step: 0 }]).done();
  near(await out.read(), [2, 4, 6]);
  program.dispose();
  assert.is(await codeOf(() => gpu.replay([{ program, step: 0 }])), 'USE_AFTER_FREE');
});

test('log columns: one row a replay, of any width, for each program of a chunk', async () => {
  const x = tensor(gpu, [1, 2, 3]);
  const count = zeros(1);
  const a = gpu.capture('a', () =>
    scope(() => {
      count.assign(count.add(1));
      log('count', count);
      log('triple', x.mul(count));
    }),
  );
  const b = gpu.capture('b', () => scope(() => log('square', count.square())));
  const replays = [a, a, b, a, b].map((program, step) => ({ program, step }));
  const rows = await gpu.replay(replays).done();
  const list = (name: string) => (rows.get(name) as Float32Array[]).map((r) => [...r]);
  assert.equal(list('count'), [[1], [2], [3]]);
  assert.equal(list('triple'), [
    [1, 2, 3],
    [2, 4, 6],
    [3, 6, 9],
  ]);
  assert.equal(list('square'), [[4], [9]]);
  a.dispose();
  b.dispose();
});

test('a log column has one meaning', async () => {
  const x = zeros(1);
  const twice = () =>
    gpu.capture('twice', () => {
      log('x', x);
      log('x', x);
    });
  assert.is(await codeOf(twice), 'CAPTURE');
  const [a, b] = ['a', 'b'].map((name) => gpu.capture(name, () => log('x', x)));
  assert.is(await codeOf(() => gpu.replay([a, b].map((program) => ({ program, step: 0 }))).done()), 'CAPTURE');
  a.dispose();
  b.dispose();
});

test('rates are taken once a replay, in order, and reach the step block', async () => {
  const seen: number[] = [];
  const program = gpu.capture('rates', () => {
    const slots = [0, 1].map((k) => gpu.capturing?.rate(() => seen.push(k)));
    assert.equal(slots, [0, 1]);
  });
  await gpu.replay([0, 1, 2].map((step) => ({ program, step }))).done();
  assert.equal(seen, [0, 1, 0, 1, 0, 1]);
  program.dispose();
  const many = () =>
    gpu.capture('many', () => {
      for (let i = 0; i <= MAX_RATES; i++) gpu.capturing?.rate(() => 0);
    });
  assert.is(await codeOf(many), 'CAPTURE');
});

test('live counts: too many are refused, and none are left from the chunk before', async () => {
  const program = gpu.capture('live', () => zeros(1).add(1));
  const words = new Uint32Array(64);
  const fill = (live?: number[]) =>
    program.fill(words, new Float32Array(words.buffer), 0, 0, { program, step: 5, live });
  fill([3, 4]);
  assert.equal([...words.subarray(32, 35)], [3, 4, 0]);
  fill();
  assert.equal([...words.subarray(32, 35)], [0, 0, 0]);
  assert.is(await codeOf(() => fill(new Array(MAX_LIVE + 1).fill(1))), 'OVER_LIMIT');
  program.dispose();
});

test('reading, nesting and logging in the wrong place throw, and leave no memory', async () => {
  const x = tensor(gpu, [1, 2]);
  gpu.trim();
  const before = gpu.memory();
  const failing: (() => void)[] = [
    () => gpu.capture('outer', () => void gpu.capture('inner', () => {})),
    () =>
      gpu.capture('throws', () =>
        scope(() => {
          log('x', x.add(1));
          x.mul(2).exp();
          throw Object.assign(new Error('stop'), { code: 'CAPTURE' });
        }),
      ),
  ];
  for (const fail of failing) assert.is(await codeOf(fail), 'CAPTURE');
  assert.is(gpu.capturing, null);
  gpu.trim();
  const { live, buffers } = gpu.memory();
  assert.equal([live, buffers], [before.live, before.buffers]);
  let reading: Promise<string> = Promise.resolve('');
  gpu.capture('reads', () => {
    reading = codeOf(() => x.read());
  });
  assert.is(await reading, 'CAPTURE');
  assert.is(await codeOf(() => log('x', x)), 'CAPTURE');
  near(await x.add(1).read(), [2, 3]);
});

test("host writes to a program's own memory are refused", async () => {
  const x = tensor(gpu, [1, 2]);
  assert.is(await codeOf(() => gpu.capture('writes', () => gpu.upload(x.add(1), new Float32Array(2)))), 'CAPTURE');
});

test('a chunk has a limit, an empty one is nothing', async () => {
  const program = gpu.capture('limit', () => {});
  const many = Array.from({ length: MAX_ROWS + 1 }, (_, step) => ({ program, step }));
  assert.is(await codeOf(() => gpu.replay(many)), 'OVER_LIMIT');
  assert.is((await gpu.replay([]).done()).size, 0);
  await gpu.replay(many.slice(1)).done();
  program.dispose();
});

test('two chunks in flight, with eager work between them, keep their order', async () => {
  const x = zeros(1);
  const program = gpu.capture('flight', () =>
    scope(() => {
      x.assign(x.mul(2).add(1));
      log('x', x);
    }),
  );
  const chunk = Array.from({ length: 3 }, (_, step) => ({ program, step }));
  const first = gpu.replay(chunk);
  x.assign(x.add(100));
  const second = gpu.replay(chunk);
  const rows = async (t: typeof first) => ((await t.done()).get('x') as Float32Array[]).map((r) => r[0]);
  assert.equal(await rows(second), [215, 431, 863]);
  assert.equal(await rows(first), [1, 3, 7]);
  assert.equal(await rows(first), [1, 3, 7]);
  program.dispose();
});

test('profile tells milliseconds by kernel, eager and replayed', async () => {
  if (!gpu.adapter.timestamps) return;
  const [a, out] = [new Values(1).tensor(gpu, [96, 96]), zeros(96, 96)];
  const program = gpu.capture('profiled', () => scope(() => out.assign(matmul(a, a).exp())));
  const rows = await gpu.profile(async () => {
    await gpu.replay([0, 1, 2].map((step) => ({ program, step }))).done();
    a.exp().dispose();
    uniform(gpu, [10], { seed: 1 }).dispose();
  });
  const count = (kernel: RegExp) => rows.filter((r) => kernel.test(r.kernel)).reduce((n, r) => n + r.count, 0);
  assert.is(count(/^map/), 4);
  assert.is(count(/^random/), 1);
  assert.is(count(/^copy/), 3);
  assert.ok(count(/^matmul/) >= 3);
  assert.ok(rows.every((r, i) => Number.isFinite(r.ms) && r.ms >= 0 && (i === 0 || r.ms <= rows[i - 1].ms)));
  near(await out.sum().read(), [await matmul(a, a).exp().sum().item()]);
  program.dispose();
});

test.run();
