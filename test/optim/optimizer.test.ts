/** SGD, RMSProp and Adam against float64 loops of TensorFlow 2.1's definitions, eagerly and replayed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import type { Replay } from '../../src/gpu/program.ts';
import { gather } from '../../src/ops/gather.ts';
import { reshape, slice } from '../../src/ops/movement.ts';
import { disposeFlat, type Flat, flat, readFlat, writeFlat } from '../../src/optim/flat.ts';
import { Optimizer, type OptimizerConfig } from '../../src/optim/optimizer.ts';
import { scope } from '../../src/tensor/scope.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { near, poison, sameBits, Values } from '../support/values.ts';
import { lengths, names, PARAMETERS, reference, shapes, starts, total } from './reference.ts';

const gpu = await open();
test.after(() => gpu.close());

const STEPS = 50;
const values = new Values(17);
const initial = Object.fromEntries(names.map((name) => [name, values.normal(shapes[name])]));
/** Gradients [STEPS, total]; they do not depend on the parameters, so that errors do not grow. */
const gradients = values.normal([STEPS, total]);
names.forEach((name, p) => {
  for (let t = 0; t < STEPS; t++) {
    for (let i = 0; i < lengths[p]; i++) gradients[t * total + starts[p] + i] *= PARAMETERS[name].size;
  }
});

const CONFIGS: readonly OptimizerConfig[] = [
  { kind: 'sgd', rate: 0.05 },
  { kind: 'sgd', rate: 0.05, momentum: 0.9 },
  { kind: 'rmsprop', rate: 0.05 },
  { kind: 'rmsprop', rate: 0.02, decay: 0.5, epsilon: 1e-5 },
  { kind: 'adam', rate: 0.05 },
  { kind: 'adam', rate: 0.02, beta1: 0.5, beta2: 0.9, epsilon: 1e-4 },
];
const titleOf = (c: OptimizerConfig) => JSON.stringify(c).replace(/["{}]/g, '').replaceAll(',', ' ');

interface Made {
  parameters: Flat;
  optimizer: Optimizer;
}

function make(config: OptimizerConfig, clip?: number): Made {
  // What the pool hands out is NaN, so that whatever is not initialised shows.
  poison(gpu, 1 << 17);
  const parameters = flat(gpu, shapes);
  writeFlat(parameters, initial);
  return { parameters, optimizer: new Optimizer(config, parameters, clip) };
}

function free({ parameters, optimizer }: Made): void {
  optimizer.dispose();
  disposeFlat(parameters);
}

/** The gradients of one step by name, cut out of a row [1, total]. */
const cut = (row: Tensor): Record<string, Tensor> =>
  Object.fromEntries(
    names.map((name, p) => [name, reshape(slice(row, 1, starts[p], starts[p] + lengths[p]), shapes[name])]),
  );

function eagerly(config: OptimizerConfig, clip?: number): Made {
  const made = make(config, clip);
  for (let t = 0; t < STEPS; t++) {
    scope(() => made.optimizer.update(cut(tensor(gpu, gradients.subarray(t * total, (t + 1) * total), [1, total]))));
  }
  return made;
}

async function replayed(config: OptimizerConfig, chunk: number): Promise<Made> {
  const made = make(config);
  const table = tensor(gpu, gradients, [STEPS, total]);
  const list = tensor(
    gpu,
    Uint32Array.from({ length: STEPS }, (_, t) => t),
  );
  const program = gpu.capture('update', () =>
    scope(() => made.optimizer.update(cut(gather(table, { list, perStep: 1 })))),
  );
  assert.is(made.optimizer.updates, 0, 'recording is no update');
  for (let t = 0; t < STEPS; t += chunk) {
    const count = Math.min(chunk, STEPS - t);
    const replays: Replay[] = Array.from({ length: count }, (_, i) => ({ program, step: t + i, index: t + i }));
    await gpu.replay(replays).done();
  }
  program.dispose();
  table.dispose();
  list.dispose();
  return made;
}

/** Everything that an optimiser changes, gaps included: parameters, then each moment. */
async function wholes({ parameters, optimizer }: Made): Promise<Float32Array[]> {
  return Promise.all([parameters, ...Object.values(optimizer.moments)].map((f) => f.whole.read()));
}

for (const config of CONFIGS) {
  test(`${titleOf(config)}: ${STEPS} updates are those of float64, eagerly and in chunks of 1 and 7`, async () => {
    const made = eagerly(config);
    assert.is(made.optimizer.updates, STEPS);
    const w = await readFlat(made.parameters);
    const moments = Object.entries(made.optimizer.moments);
    assert.equal(
      moments.map(([name]) => name),
      config.kind === 'adam' ? ['m', 'v'] : ['v'],
    );
    const state = Object.fromEntries(
      await Promise.all(moments.map(async ([name, f]) => [name, await readFlat(f)] as const)),
    );
    for (const [p, name] of names.entries()) {
      for (let i = 0; i < lengths[p]; i++) {
        const gradient = (t: number) => gradients[t * total + starts[p] + i];
        const e = reference(config, initial[name][i], gradient, Number.POSITIVE_INFINITY, STEPS);
        // 24 bits of w at each of 50 roundings, and of 1 - beta2 in every step.
        const absolute = 3e-6 * Math.max(1, Math.abs(e.w)) + 2e-5 * e.path;
        near([w[name].data[i]], [e.w], { relative: 0, absolute, what: `${name}[${i}]` });
        const scale = PARAMETERS[name].size;
        near([state.v[name].data[i]], [e.v], {
          relative: 1e-4,
          absolute: 1e-5 * (config.kind === 'sgd' ? scale : scale * scale),
          what: `v of ${name}[${i}]`,
        });
        if (state.m) {
          near([state.m[name].data[i]], [e.m], { relative: 1e-4, absolute: 1e-5 * scale, what: `m of ${name}[${i}]` });
        }
      }
    }
    sameBits(w.g.data, initial.g, 'without a gradient nothing moves');
    const all = await wholes(made);
    for (const chunk of [1, 7]) {
      const other = await replayed(config, chunk);
      assert.is(other.optimizer.updates, STEPS);
      for (const [k, bits] of (await wholes(other)).entries())
        sameBits(bits, all[k], `chunks of ${chunk}, buffer ${k}`);
      free(other);
    }
    const inside = new Uint8Array(all[0].length);
    made.parameters.at.forEach((at, p) => {
      inside.fill(1, at, at + lengths[p]);
    });
    for (const buffer of all) {
      assert.ok(
        buffer.every((x, i) => inside[i] || Object.is(x, 0)),
        'gaps stay zero',
      );
    }
    free(made);
  });
}

for (const config of [CONFIGS[1], CONFIGS[2], CONFIGS[4]]) {
  test(`${titleOf(config)}: weights stay within the clip bound, and are clipped after every update`, async () => {
    const clip = 0.25;
    const made = eagerly(config, clip);
    const w = await readFlat(made.parameters);
    let bounded = 0;
    for (const [p, name] of names.entries()) {
      for (let i = 0; i < lengths[p]; i++) {
        const e = reference(config, initial[name][i], (t) => gradients[t * total + starts[p] + i], clip, STEPS);
        assert.ok(Math.abs(w[name].data[i]) <= clip, `${name}[${i}] is ${w[name].data[i]}`);
        near([w[name].data[i]], [e.w], { relative: 0, absolute: 3e-6 + 2e-5 * e.path, what: `${name}[${i}]` });
        if (Math.abs(w[name].data[i]) === clip) bounded++;
      }
    }
    assert.ok(bounded > 10 && bounded < total, `${bounded} of ${total} weights at the bound`);
    free(made);
  });
}

test('the first update: rate times the gradient, rate / sqrt(0.1), rate', async () => {
  const rate = 0.01;
  const g = [3, -3, 0.2, -0.2, 1e-3];
  const expected: [OptimizerConfig, (x: number) => number][] = [
    [{ kind: 'sgd', rate }, (x) => -rate * x],
    [{ kind: 'sgd', rate, momentum: 0.9 }, (x) => -rate * x],
    [{ kind: 'rmsprop', rate }, (x) => -Math.sign(x) * 3.1622777 * rate],
    [{ kind: 'adam', rate }, (x) => -Math.sign(x) * rate],
  ];
  for (const [config, step] of expected) {
    const parameters = flat(gpu, { w: [5] });
    const optimizer = new Optimizer(config, parameters);
    scope(() => optimizer.update({ w: tensor(gpu, g) }));
    // Epsilon takes off 1e-7 of the root: 0.1 of 1e-3 for RMSProp, 3.2e-5 for Adam.
    near(await parameters.parts.w.read(), g.map(step), { relative: 4e-3, absolute: 1e-9, what: titleOf(config) });
    near((await parameters.parts.w.read()).subarray(0, 4), g.slice(0, 4).map(step), { relative: 3e-5, absolute: 0 });
    free({ parameters, optimizer });
  }
});

test("Adam's rate carries the bias correction in f64, goes on from a restored count, and reaches replays", async () => {
  const parameters = flat(gpu, { w: [1] });
  const adam = new Optimizer({ kind: 'adam', rate: 1e-3, beta1: 0.5, beta2: 0.99 }, parameters);
  const rate = (t: number) => (1e-3 * Math.sqrt(1 - 0.99 ** t)) / (1 - 0.5 ** t);
  for (const t of [1, 2, 3]) assert.is(adam.next(), rate(t));
  adam.updates = 999_999;
  assert.is(adam.next(), rate(1_000_000));
  assert.is(adam.updates, 1_000_000);
  // A gradient that makes m / (sqrt(v) + epsilon) known: the first update after the moments were zero.
  const program = gpu.capture('late', () => scope(() => adam.update({ w: tensor(gpu, [1]) })));
  adam.updates = 6;
  await gpu.replay([{ program, step: 0 }]).done();
  near(await parameters.parts.w.read(), [-rate(7) * (0.5 / (Math.sqrt(0.01) + 1e-7))], { relative: 3e-6, absolute: 0 });
  assert.is(adam.updates, 7);
  program.dispose();
  const sgd = new Optimizer({ kind: 'sgd', rate: 0.1 }, parameters);
  const rmsprop = new Optimizer({ kind: 'rmsprop', rate: 0.2 }, parameters);
  assert.equal([sgd.next(), sgd.next(), rmsprop.next(), rmsprop.next()], [0.1, 0.1, 0.2, 0.2]);
  for (const optimizer of [adam, sgd, rmsprop]) optimizer.dispose();
  disposeFlat(parameters);
});

test('an update is one dispatch over all parameters, after those that pack the gradients', () => {
  for (const config of CONFIGS) {
    const made = make(config);
    const gradient = Object.fromEntries(names.map((name) => [name, tensor(gpu, initial[name], shapes[name])]));
    const program = gpu.capture('count', () => made.optimizer.update(gradient));
    assert.equal(
      program.dispatches.map((d) => d.kernel.shader.name),
      ['pack', 'pack', config.kind],
    );
    program.dispose();
    for (const g of Object.values(gradient)) g.dispose();
    free(made);
  }
});

test('an optimiser gives back what it took', async () => {
  const once = async () => {
    const made = make({ kind: 'adam', rate: 1e-3 });
    await gpu.idle();
    free(made);
  };
  await once();
  const before = gpu.memory().live;
  for (let i = 0; i < 3; i++) await once();
  assert.is(gpu.memory().live, before);
});

test.run();
