/** Features of records, and the one noisy sum of them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../src/api/node.ts';
import { checkGrad } from '../../src/autograd/check.ts';
import { parseFeatures } from '../../src/fit/features/config.ts';
import { FeatureMeasurer } from '../../src/fit/features/measurer.ts';
import { BOUND, FeaturesPlan } from '../../src/fit/features/plan.ts';
import { FeatureMap } from '../../src/fit/features/projection.ts';
import { beginLedger } from '../../src/fit/ledger.ts';
import { scale } from '../../src/ops/elementwise.ts';
import { epsilonOf } from '../../src/privacy/budget.ts';
import { PrivacyKey } from '../../src/privacy/key.ts';
import { RELATION_NAMES } from '../../src/privacy/relation.ts';
import { MemoryLedgerFile } from '../../src/run/memory-run.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';
import { failure } from '../support/failure.ts';
import { codeOf, near, Values } from '../support/values.ts';

const gpu = await open();
test.after(() => gpu.close());

/** Energy of strokes and a smaller image, of a record [h, w, c] in [-1, 1], in float64 from the definition. */
function strokes64(x: readonly number[], [h, w, c]: readonly number[]): number[] {
  const out: number[] = [];
  const small: number[] = [];
  for (let channel = 0; channel < c; channel++) {
    const at = (i: number, j: number) =>
      i < 0 || j < 0 || i >= h || j >= w ? 0 : (x[(i * w + j) * c + channel] + 1) / 2;
    const energy = (i: number, j: number, k: number) => {
      const angle = (k * Math.PI) / 8;
      const waves = [0, Math.PI / 2].map((phase) => {
        const taps: { value: number; envelope: number; pixel: number }[] = [];
        for (let dy = -3; dy <= 3; dy++) {
          for (let dx = -3; dx <= 3; dx++) {
            const envelope = Math.exp(-(dx * dx + dy * dy) / (2 * 1.8 * 1.8));
            const value =
              envelope * Math.cos((2 * Math.PI * (dx * Math.cos(angle) + dy * Math.sin(angle))) / 5 + phase);
            // Of the places that are left out every second one, the first too.
            taps.push({ value, envelope, pixel: at(2 * i + 1 + dy, 2 * j + 1 + dx) });
          }
        }
        const share = taps.reduce((s, t) => s + t.value, 0) / taps.reduce((s, t) => s + t.envelope, 0);
        const flat = taps.map((t) => t.value - share * t.envelope);
        const norm = Math.hypot(...flat);
        return taps.reduce((s, t, n) => s + (flat[n] / norm) * t.pixel, 0);
      });
      return Math.sqrt(waves[0] ** 2 + waves[1] ** 2 + 1e-6);
    };
    const four = (of: (i: number, j: number) => number, i: number, j: number) =>
      (of(2 * i, 2 * j) + of(2 * i + 1, 2 * j) + of(2 * i, 2 * j + 1) + of(2 * i + 1, 2 * j + 1)) / 4;
    for (let i = 0; i < h / 4; i++) {
      for (let j = 0; j < w / 4; j++) {
        for (let k = 0; k < 8; k++) out.push(four((a, b) => energy(a, b, k), i, j));
      }
    }
    for (let i = 0; i < h / 2; i++) for (let j = 0; j < w / 2; j++) small.push(four(at, i, j));
  }
  return [...out, ...small];
}

const SHAPES = [
  ['strokes', [8, 12, 1]],
  ['strokes', [8, 8, 3]],
  ['pixel', [3, 5, 1]],
  ['pixel', [2]],
] as const;

test('features are the cosines and sines of the projections, divided by sqrt(M), and of norm 1', async () => {
  for (const [features, shape] of SHAPES) {
    const m = 7;
    const settings = parseFeatures({ features, projections: m, lengthscales: [0.7, 0.3] });
    const map = new FeatureMap(gpu, settings, shape);
    const size = (shape as readonly number[]).reduce((a, b) => a * b, 1);
    const x = new Values(2).uniform([3, size], -1, 1);
    const [phi, projections] = [await map.apply(tensor(gpu, x, [3, size])).read(), await map.projections.read()];
    const inputs = projections.length / m;
    for (let n = 0; n < 3; n++) {
      const record = Array.from(x.subarray(n * size, (n + 1) * size));
      const seen = features === 'strokes' ? strokes64(record, shape) : record.map((v) => (v + 1) / 2);
      assert.is(seen.length, inputs);
      const p = Array.from({ length: m }, (_, j) => seen.reduce((s, v, i) => s + v * projections[i * m + j], 0));
      const want = [...p.map(Math.cos), ...p.map(Math.sin)].map((v) => v / Math.sqrt(m));
      const own = phi.subarray(n * 2 * m, (n + 1) * 2 * m);
      near(own, want, { absolute: 2e-5, relative: 1e-4, what: `${features} of ${shape}` });
      assert.ok(Math.abs(Math.hypot(...own) - 1) < 1e-5);
    }
    map.dispose();
  }
});

test('projections are normal with the lengthscales that share them, and follow from their own seed', async () => {
  const settings = parseFeatures({ features: 'pixel', lengthscales: [2, 0.5], projections: 41 });
  const of = async (projectionSeed: number) => {
    const map = new FeatureMap(gpu, { ...settings, projectionSeed }, [64]);
    const w = await map.projections.read();
    map.dispose();
    return w;
  };
  const w = await of(1);
  const deviation = (from: number, to: number) => {
    const part = Array.from(w).filter((_, i) => i % 41 >= from && i % 41 < to);
    return Math.sqrt(part.reduce((s, v) => s + v * v, 0) / part.length);
  };
  assert.ok(Math.abs(deviation(0, 21) - 0.5) < 0.05, `${deviation(0, 21)}`);
  assert.ok(Math.abs(deviation(21, 41) - 2) < 0.2, `${deviation(21, 41)}`);
  near(await of(1), w);
  assert.ok((await of(2)).some((v, i) => Math.abs(v - w[i]) > 0.1));
});

test('gradients through the features agree with finite differences', async () => {
  for (const [features, shape] of SHAPES) {
    const map = new FeatureMap(gpu, parseFeatures({ features, projections: 3, lengthscales: [1] }), shape);
    const size = (shape as readonly number[]).reduce((a, b) => a * b, 1);
    const x = tensor(gpu, new Values(3).uniform([2, size], -1, 1), [2, size]);
    assert.ok((await checkGrad((t: Tensor) => map.apply(t), [x])) <= 1, features);
    map.dispose();
  }
});

/** Records of one class behind the other's would be no test: labels alternate in an odd way. */
const LABELS = Uint32Array.of(0, 1, 1, 2, 0, 1, 2, 2, 1);
const WIDTH = 16;
const fields = { features: 'pixel', projections: 5, lengthscales: [1], population: 1 << 16 } as const;

function measurerOf(
  train: Float32Array,
  labels: Uint32Array | undefined,
  more: Record<string, unknown> = {},
  ledgerFile = new MemoryLedgerFile('l'),
) {
  const plan = new FeaturesPlan(parseFeatures({ ...fields, ...more }), train.length / WIDTH, labels ? 3 : 1);
  const key = PrivacyKey.insecure(5);
  const ledger = beginLedger(ledgerFile, plan.terms);
  const measurer = new FeatureMeasurer(gpu, { plan, key, ledger, train, features: WIDTH, labels });
  const map = new FeatureMap(gpu, plan.config, [WIDTH]);
  return { plan, ledger, measurer, map };
}

async function released(...parts: Parameters<typeof measurerOf>) {
  const { measurer, map, plan, ledger } = measurerOf(...parts);
  const { granularity } = measurer.mechanism;
  const found = await measurer.measure(map);
  map.dispose();
  measurer.wipe();
  return { ...found, plan, ledger, granularity };
}

/** Random, black, huge, and values that are no numbers. */
function records(): Float32Array {
  const x = new Values(6).uniform([LABELS.length, WIDTH], -1, 1);
  x.fill(-1, WIDTH, 2 * WIDTH);
  x.fill(1e30, 2 * WIDTH, 3 * WIDTH);
  x[3 * WIDTH + 1] = Number.NaN;
  x[4 * WIDTH + 2] = Number.POSITIVE_INFINITY;
  x[5 * WIDTH + 3] = -1e6;
  x.fill(Number.MAX_VALUE, 6 * WIDTH, 7 * WIDTH);
  return x;
}

test('a record changes the integers of its own class alone, by the bound at most, whatever it is', async () => {
  const x = records();
  for (const classCounts of ['balanced', 'paid']) {
    const all = await released(x, LABELS, { classCounts });
    for (let r = 0; r < LABELS.length; r++) {
      const rest = Float32Array.from([...x.subarray(0, r * WIDTH), ...x.subarray((r + 1) * WIDTH)]);
      const labels = Uint32Array.from([...LABELS.subarray(0, r), ...LABELS.subarray(r + 1)]);
      const { sums, counts, granularity } = await released(rest, labels, { classCounts });
      const weight = classCounts === 'paid' ? 0.1 : 0;
      const moved = Array.from(all.sums, (v, i) => (v - sums[i]) * Math.sqrt(1 - weight ** 2));
      moved.push(...(weight ? Array.from(all.counts, (v, i) => weight * (v - counts[i])) : []));
      const steps = moved.map((v) => Math.round(v / granularity));
      assert.ok(Math.hypot(...steps) <= BOUND / granularity, `record ${r} moves ${Math.hypot(...steps)}`);
      const width = all.sums.length / 3;
      const others = moved.slice(0, 3 * width).filter((v, i) => v !== 0 && Math.floor(i / width) !== LABELS[r]);
      assert.equal(others, [], `record ${r} of class ${LABELS[r]}`);
      if ([3, 4].includes(r))
        assert.ok(
          steps.slice(0, 3 * width).every((v) => v === 0),
          'what is no number adds nothing',
        );
      else if (r < 2) assert.ok(Math.hypot(...moved) > 0.99, `record ${r} is counted`);
    }
  }
});

test('features that broke their bound would be clipped', async () => {
  const x = new Values(7).uniform([1, WIDTH], -1, 1);
  const { measurer, map, plan } = measurerOf(x, undefined);
  const [{ sums: noise }] = [await released(new Float32Array(0), undefined)];
  const wide = { apply: (t: Tensor) => scale(map.apply(t), 100) };
  const { sums } = await measurer.measure(wide);
  const norm = Math.hypot(...sums.map((v, i) => v - noise[i]));
  assert.ok(norm <= BOUND && norm > 0.99, `${norm}`);
  assert.is(sums.length, plan.width);
});

test('the noise is that of the plan, another in each coordinate, and one line of the ledger pays for it', async () => {
  for (const relation of RELATION_NAMES) {
    const population = relation === 'add-remove' ? 1 << 16 : 0;
    const more = { projections: 1500, relation, population, epsilon: 2 };
    const { sums, plan, ledger } = await released(new Float32Array(WIDTH).fill(Number.NaN), undefined, more);
    const deviation = Math.sqrt(sums.reduce((s, v) => s + v * v, 0) / sums.length);
    assert.ok(Math.abs(deviation / plan.sigma - 1) < 0.06, `${relation}: ${deviation}, not ${plan.sigma}`);
    assert.ok(new Set(sums).size > 0.9 * sums.length);
    const { rdp } = epsilonOf(ledger.totals(), 1e-5, ledger.terms);
    assert.ok(rdp <= 2 && rdp > 1.98, `${relation}: ${rdp}`);
    assert.is(ledger.terms.relation, relation);
    assert.equal([ledger.reach, ledger.totals()], [1, [{ q: 1, sigma: plan.sigma, steps: 1 }]]);
  }
  const at = (relation: string) => new FeaturesPlan(parseFeatures({ relation }), 1000, 10).sigma;
  assert.ok(Math.abs(at('replace-one') / at('zero-out') - 2) < 1e-3, 'a record for another moves twice as far');
});

class FullDisk extends MemoryLedgerFile {
  #lines = 0;

  override append(bytes: Uint8Array): void {
    if (this.#lines++ > 0) throw new Error('no space left on device');
    super.append(bytes);
  }
}

test('nothing is drawn that the ledger does not say, and no release is paid for once and drawn twice', async () => {
  const x = new Float32Array(3 * WIDTH);
  const full = measurerOf(x, undefined, {}, new FullDisk('l'));
  await full.measurer.measure(full.map).then(
    () => assert.unreachable(),
    () => assert.is(full.measurer.mechanism.draws.position, 0),
  );
  const { measurer, map } = measurerOf(x, undefined);
  await measurer.measure(map);
  assert.is(measurer.mechanism.draws.position, 1);
  assert.is(await codeOf(() => measurer.measure(map)), 'FILE');
});

test('classes have as many records as is assumed, known, or measured', async () => {
  const x = new Values(8).uniform([LABELS.length, WIDTH], -1, 1);
  const of = async (classCounts: string, population = 0) =>
    Array.from((await released(x, LABELS, { classCounts, population, epsilon: 1000 })).counts);
  assert.equal(await of('balanced'), [3, 3, 3]);
  assert.equal(await of('public'), [2, 4, 3]);
  near(await of('paid'), [2, 4, 3], { absolute: 1.5 });
});

test('what makes no promise, or does not fit, is refused in one sentence', () => {
  const refused: [Record<string, unknown>, RegExp, string][] = [
    [{ epsilon: 0 }, /budget of 0/, 'epsilon'],
    [{ relation: 'add-remove' }, /number of records/, 'relation'],
    [{ classCounts: 'public', population: 100 }, /number of records/, 'classCounts'],
    [{ features: 'waves' }, /features/, 'features'],
  ];
  for (const [given, message, where] of refused) {
    const error = failure(() => parseFeatures(given));
    assert.match(error.message, message);
    assert.is(error.where, where);
  }
  const error = failure(() => new FeatureMap(gpu, parseFeatures({ features: 'strokes' }), [30, 30, 1]));
  assert.match(error.message, /multiples of 4/);
  assert.is(failure(() => new FeaturesPlan(parseFeatures({ epsilon: 1e-7, delta: 1e-12 }), 100, 2)).code, 'CONFIG');
  assert.is(new FeatureMap(gpu, parseFeatures({}), [30, 30, 1]).projections.shape[0], 900, 'auto falls back to pixels');
});

test.run();
