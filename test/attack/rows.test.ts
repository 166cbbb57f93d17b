/** The attacks as rows: each on a made-up target that remembers its members, and what derives from the table. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { type AttackName, attackNames, attacks, basicAttacks, quickAttacks, readings } from '../../src/attack/index.ts';
import { judge } from '../../src/attack/judge/result.ts';
import type { Facts, Model, Outcome, Target, TrainedModel } from '../../src/attack/target.ts';
import { matmul } from '../../src/ops/contract.ts';
import { add } from '../../src/ops/elementwise.ts';
import { normal } from '../../src/ops/random.ts';
import { tensor } from '../../src/tensor/tensor.ts';
import { Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

const values = new Values(3);
const [FEATURES, COUNT] = [2, 40];
/** Members lie on the x axis and others beside it; so does a further set, the attacker's. */
const points = (count: number, height: number) =>
  Float32Array.from({ length: FEATURES * count }, (_, i) => (i % FEATURES ? height : values.stream.normal()));
const [members, others, attacker] = [points(COUNT, 0), points(COUNT, 2), points(COUNT, 2)];

/** Critics, for whom real is what lies on the axis, and samples, which are the members over again. */
const model = (height: number, critics = 2): Model => ({
  critics,
  output: 'probability',
  scores: async (rows) => {
    const each = Array.from({ length: rows.length / FEATURES }, (_, i) =>
      Math.exp(-Math.abs(rows[2 * i + 1] - height)),
    );
    const all = Array.from({ length: critics }, () => each).flat();
    return Float32Array.from(all, (p) => 0.8 * p + 0.1 * values.stream.uniform());
  },
  sample: async (count) =>
    Float32Array.from({ length: FEATURES * count }, (_, i) => (i % 2 ? height : members[i % 80])),
});

const axis = tensor(gpu, Float32Array.of(1, 0), [1, FEATURES]);

function trained(height: number): TrainedModel {
  const made = new Map<string, Promise<unknown>>();
  const base = model(height);
  const bias = tensor(gpu, Float32Array.of(0, height), [1, 1, FEATURES]);
  return {
    ...base,
    ...{ gpu, features: FEATURES },
    released: () => base.sample(200),
    queried: () => base.sample(400),
    generator: () => ({
      ...{ gpu, latent: 1, energy: 1, features: FEATURES, rows: 1024 },
      draw: (n, stream) => normal(gpu, [1, n, 1], { seed: 5, stream }),
      generate: (z) => add(matmul(z, axis), bias),
    }),
    once: <T>(key: string, make: () => Promise<T>) => {
      const known = (made.get(key) as Promise<T> | undefined) ?? make();
      made.set(key, known);
      return known;
    },
  };
}

/** Heights of what the attacker's models were trained on. */
const heightOf = (rows: Float32Array) => rows.filter((_, i) => i % 2).reduce((a, b) => a + b, 0) / (rows.length / 2);
let [surrogates, disposed] = [0, 0];
const target = (more: Partial<Target> = {}): Target => ({
  model: trained(0),
  members: { rows: members, own: Uint32Array.from({ length: COUNT }, (_, i) => i % 2) },
  others: { rows: others },
  attacker,
  trainSurrogate: async (rows, { critics }) => {
    surrogates++;
    return { ...model(heightOf(rows), critics === 'one' ? 1 : 2), dispose: () => disposed++ };
  },
  ...{ records: 6, shadows: 4, seed: 1, onProgress: () => {} },
  ...more,
});

/** The names under which numbers are stored. */
const namesOf = ({ scored = [], sets = [], tvd, closest }: Outcome): string[] => [
  ...scored.map(({ name }) => name),
  ...sets.map(({ name }) => name),
  ...(tvd ? ['tvd-max', 'tvd-mean'] : []),
  ...(closest ? ['closest-record'] : []),
];

const outcomes = new Map<AttackName, Outcome>();
test('every attack runs on a target that is no run, and finds what it remembers', async () => {
  for (const name of attackNames) {
    // The reference was trained on others, so it brings no member nearer.
    outcomes.set(name, await attacks[name].run(target({ reference: trained(9) })));
  }
  for (const [name, { scored = [], sets = [], tvd, closest }] of outcomes) {
    for (const each of scored) {
      const result = judge(each);
      assert.is(result.members, name === 'gan-leaks-partial' || name === 'gan-leaks-white-box' ? 6 : COUNT, each.name);
      // Critics here agree, and so do shadows on members: nothing follows from their differences.
      if (name !== 'lira' && each.name !== 'white-box-own-vs-rest')
        assert.ok(result.auc > 0.9, `${each.name}: ${result.auc}`);
    }
    for (const set of sets) assert.is(set.accuracy, 1, set.name);
    if (tvd) assert.ok(tvd.max > 0.9 && tvd.range === 'unit');
    if (closest) assert.is(closest.share, 1);
  }
});

test('every number that an attack reports has a row, and every row is reported by some attack', () => {
  const reported = [...outcomes.values()].flatMap(namesOf);
  assert.equal([...reported].sort(), [...readings.keys()].sort());
  for (const [name, { title, score, family }] of readings) assert.ok(title && score && family, name);
});

test('without a reference nothing is calibrated; the attacker of one split has half of the others', async () => {
  const alone = target({ attacker: undefined });
  for (const name of ['gan-leaks', 'gan-leaks-partial', 'dcr'] as const) {
    const names = namesOf(await attacks[name].run(alone));
    assert.equal(names, name === 'dcr' ? ['dcr-calibrated', 'closest-record'] : [name]);
  }
  const { scored: [{ nonMembers }] = [] } = (await attacks.domias.run(alone)) as Required<Outcome>;
  assert.is(nonMembers.length, COUNT / 2);
});

test('shadows are freed one by one, a surrogate is trained once for all sets of others', async () => {
  [surrogates, disposed] = [0, 0];
  const one = target();
  await attacks.lira.run(one);
  assert.equal([surrogates, disposed], [4, 4]);
  await attacks['logan-black-box'].run(one);
  await attacks['logan-black-box'].run({ ...one, others: { rows: attacker } });
  assert.is(surrogates, 5);
});

test('what rules an attack out is said by its row', () => {
  const fit: Facts = { features: 2, critics: true, conditional: false, private: false, attackerRows: 2 };
  const unfit = (facts: Partial<Facts>) =>
    Object.fromEntries(
      attackNames.flatMap((name) => {
        const why = attacks[name].unfit?.({ ...fit, ...facts });
        return why ? [[name, why]] : [];
      }),
    );
  assert.equal(unfit({}), {});
  assert.equal(Object.keys(unfit({ conditional: true })), [
    ...['gan-leaks-partial', 'gan-leaks-white-box', 'logan-black-box', 'lira'],
  ]);
  assert.match(unfit({ private: true }).lira, /private/);
  assert.match(unfit({ features: 201 }).domias, /201 values/);
  assert.match(unfit({ attackerRows: 1 }).domias, /two rows/);
});

test('slow attacks run when named, basic ones unasked', () => {
  assert.equal(basicAttacks, ['white-box', 'tvd', 'nearest-sample']);
  assert.equal(
    attackNames.filter((name) => !quickAttacks.includes(name)),
    ['gan-leaks-partial', 'gan-leaks-white-box', 'logan-black-box', 'lira'],
  );
  assert.ok(basicAttacks.every((name) => quickAttacks.includes(name)));
});

test.run();
