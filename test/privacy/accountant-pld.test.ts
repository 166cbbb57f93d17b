/** The privacy-loss distribution's bounds: against formulas, direct integration and other conventions. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fft, fftError, mirrored } from '../../src/base/maths/fft.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { compose } from '../../src/privacy/accountant/compose.ts';
import { dominated, dominating, originOf } from '../../src/privacy/accountant/discretise.ts';
import { gaussianDelta, gaussianEpsilon } from '../../src/privacy/accountant/gaussian.ts';
import { LossLaw } from '../../src/privacy/accountant/loss.ts';
import { type Phase, parallel } from '../../src/privacy/accountant/phases.ts';
import { pldEpsilon } from '../../src/privacy/accountant/pld.ts';
import { rdpEpsilon } from '../../src/privacy/accountant/rdp.ts';

const one = (q: number, sigma: number, steps: number): Phase[] => [{ q, sigma, steps }];

/** Steps in a few digits, whatever the order. */
function within(phases: readonly Phase[], delta: number, want: number, tolerance: number): void {
  const { upper, lower } = pldEpsilon(phases, delta, { relative: Math.max(1e-5, tolerance / (5 * want)) });
  const what = `${JSON.stringify(phases)}: ${lower} .. ${upper}, not ${want}`;
  assert.ok(lower <= want + tolerance && want - tolerance <= upper && upper - lower < tolerance, what);
}

test('published epsilons', () => {
  const N = 1 / 469;
  within(one(N, 1, 450000), 1e-5, 9.272, 1e-3);
  within(one(1 / 118, 2, 174000), 1e-5, 9.306, 1e-3);
  within(one(N, 5, 325000), 1e-5, 0.91, 1.5e-3);
  within(one(1 / 118, 14, 165000), 1e-5, 0.912, 1e-3);
  within(one(1 / 90, 4, 385000), 1e-6, 9.381, 1e-3);
  within(one(64 / 60000, 1, 54180), 1e-5, 1.259, 1e-3);
  within(one(0.04, 1.5, 2250), 1e-5, 6.769, 1e-3);
  within(one(0.01, 1, 1000), 1e-5, 1.828, 1e-3);
  within(one(0.01, 1, 1), 1e-5, 0.19945, 1e-6);
  within(one(0.01, 50, 1000), 1e-5, 0.016323, 1e-6);
  within(one(0.001, 0.8, 100), 1e-6, 0.260337, 1e-5);
  within(one(1, 5, 100), 1e-5, 9.997256, 1e-6);
  within(one(1, 1, 1), 1e-5, 4.377, 1e-3);
});

test('q = 1 on the grid against the analytic Gaussian of sigma / sqrt(T)', () => {
  for (const [sigma, steps] of [
    [5, 100],
    [0.7, 1],
    [40, 10_000],
    [1000, 7],
    [0.5, 40],
  ]) {
    for (const delta of [1e-10, 1e-5, 0.05]) {
      const exact = gaussianEpsilon(delta, Math.sqrt(steps) / sigma);
      const { upper, lower } = pldEpsilon(one(1, sigma, steps), delta, {
        formulas: false,
        relative: 1e-4,
        absolute: 1e-7,
      });
      assert.ok(lower <= exact && exact <= upper, `${[sigma, steps, delta]}: ${lower} ${exact} ${upper}`);
      assert.ok(upper - lower <= Math.max(1e-4 * upper, 1e-7), `${[sigma, steps, delta]}: ${lower} ${upper}`);
    }
  }
});

test('almost all records, composed, against the Gaussian', () => {
  // q = 1 - 1e-13 takes the grid with many steps; the two mechanisms differ by nothing visible.
  for (const [sigma, steps] of [
    [300, 10_000],
    [20, 123],
  ]) {
    const exact = gaussianEpsilon(1e-6, Math.sqrt(steps) / sigma);
    const { upper, lower, nodes } = pldEpsilon(one(1 - 1e-13, sigma, steps), 1e-6, { relative: 1e-4 });
    assert.ok(nodes > 0 && lower <= exact * (1 + 1e-8) && exact <= upper * (1 + 1e-8), `${lower} ${exact} ${upper}`);
    assert.ok(upper / lower < 1.0002);
  }
});

/** One step's delta(eps) of removing a record, for any real eps. */
function deltaOnce(q: number, sigma: number, epsilon: number): number {
  const y = (Math.expm1(epsilon) + q) / q;
  if (y <= 0) return -Math.expm1(epsilon);
  return q * signedGaussian(Math.log(y), 1 / sigma);
}
/** The Gaussian's delta; at negative eps by delta(-eps) = 1 - e^-eps + e^-eps delta(eps). */
const signedGaussian = (epsilon: number, mu: number): number =>
  epsilon >= 0 ? gaussianDelta(epsilon, mu) : -Math.expm1(epsilon) + Math.exp(epsilon) * gaussianDelta(-epsilon, mu);

/** delta(eps) of `steps` steps by nested integration over the first steps' outputs: no grid of losses. */
function deltaDirect(q: number, sigma: number, steps: number, epsilon: number, points: number): number {
  if (steps === 1) return deltaOnce(q, sigma, epsilon);
  const [low, high] = [-9 * sigma, 1 + 9 * sigma];
  const h = (high - low) / points;
  let sum = 0;
  for (let i = 0; i <= points; i++) {
    const x = low + i * h;
    const ratio = 1 + q * Math.expm1((x - 0.5) / (sigma * sigma));
    const density = Math.exp((-x * x) / (2 * sigma * sigma)) * ratio;
    sum += density * deltaDirect(q, sigma, steps - 1, epsilon - Math.log(ratio), points);
  }
  return (sum * h) / (sigma * Math.sqrt(2 * Math.PI));
}

test('two and three steps against nested integration', () => {
  for (const [q, sigma, steps, delta] of [
    [0.05, 0.7, 2, 1e-4],
    [0.4, 1.5, 2, 1e-8],
    [0.9, 0.9, 2, 1e-2],
    [1e-3, 0.4, 2, 1e-6],
    [0.3, 2, 3, 1e-5],
    [0.6, 1, 3, 1e-3],
  ]) {
    const { upper, lower } = pldEpsilon(one(q, sigma, steps), delta, { relative: 1e-6 });
    const points = steps === 2 ? 40_000 : 400;
    const [most, least] = [deltaDirect(q, sigma, steps, lower, points), deltaDirect(q, sigma, steps, upper, points)];
    assert.ok(
      least <= delta * (1 + 2e-6) && delta * (1 - 2e-6) <= most,
      `${[q, sigma, steps]}: ${least} ${delta} ${most}`,
    );
    assert.ok(upper - lower <= 1e-6 * upper + 1e-7, `${[q, sigma, steps]}: ${lower} ${upper}`);
  }
});

test('a few steps against plain convolution with losses rounded up and down', () => {
  // Made with 2e-5 wide cells and numpy; they bracket the truth by T h.
  for (const [q, sigma, steps, delta, down, up] of [
    [0.2, 1.2, 16, 1e-4, 3.6323537, 3.6326738],
    [0.05, 0.7, 12, 1e-3, 2.1254463, 2.1256864],
    [0.6, 2, 10, 1e-5, 4.7029176, 4.7031177],
  ]) {
    const { upper, lower } = pldEpsilon(one(q, sigma, steps), delta);
    assert.ok(down <= lower && upper <= up && lower <= upper, `${down} ${lower} ${upper} ${up}`);
  }
});

test('one step: the formula against the grid, and the discretised laws around the true one', () => {
  for (const [q, sigma, delta] of [
    [0.01, 1, 1e-5],
    [0.3, 0.5, 1e-9],
    [1e-5, 0.3, 1e-7],
    [0.95, 3, 1e-3],
    [0.5, 60, 1e-3],
  ]) {
    const exact = pldEpsilon(one(q, sigma, 1), delta);
    const grid = pldEpsilon(one(q, sigma, 1), delta, { formulas: false, maxLog2: 17 });
    assert.is(exact.nodes, 0);
    assert.ok(grid.lower <= exact.upper && exact.lower <= grid.upper, `${grid.lower} ${exact.lower} ${grid.upper}`);
    const law = new LossLaw(q, sigma, 'remove');
    for (const h of [0.3, 0.01]) {
      const [low, high] = [-13 * sigma, 1 + 10 * sigma];
      const origin = originOf(law, low, high, h);
      const grid = { h, origin, theta: 0, scale: 0, low, high };
      const [above, below] = [dominating(law, grid), dominated(law, grid)];
      for (let epsilon = -1; epsilon < 4; epsilon += 0.0371) {
        const hockey = ({ first, masses }: typeof above) =>
          masses.reduce((sum, p, j) => sum + p * Math.max(0, -Math.expm1(epsilon - origin - (first + j) * h)), 0);
        const [most, truth, least] = [hockey(above), deltaOnce(q, sigma, epsilon), hockey(below)];
        assert.ok(
          least <= truth + 1e-13 && truth <= most + 1e-13,
          `${[q, sigma, h, epsilon]}: ${least} ${truth} ${most}`,
        );
      }
      const total = (masses: Float64Array) => masses.reduce((sum, p) => sum + p, 0);
      assert.ok(Math.abs(total(above.masses) - 1) < 1e-12 && Math.abs(total(below.masses) - 1) < 1e-12);
    }
  }
});

test('adding a record: the discretised law around the formula', () => {
  for (const [q, sigma] of [
    [0.01, 1],
    [0.3, 0.5],
    [0.95, 3],
  ]) {
    const law = new LossLaw(q, sigma, 'add');
    const grid = { h: 0.01, origin: 0.003, theta: 0, scale: 0, low: -13 * sigma, high: 10 * sigma };
    const { first, masses } = dominating(law, grid);
    let worst = 0;
    for (let epsilon = 0; epsilon < 3; epsilon += 0.0371) {
      const c = 1 - (1 - q) * Math.exp(epsilon);
      const truth = c > 0 ? c * gaussianDelta(Math.log((q * Math.exp(epsilon)) / c), 1 / sigma) : 0;
      const most = masses.reduce(
        (s, p, j) => s + p * Math.max(0, -Math.expm1(epsilon - 0.003 - (first + j) * 0.01)),
        0,
      );
      assert.ok(truth <= most + 1e-13, `${[q, sigma, epsilon]}: ${truth} ${most}`);
      worst = Math.max(worst, most - truth);
    }
    assert.ok(worst < 1e-3, `${worst}`);
  }
});

test('over the whole range: lower <= upper <= RDP, finite, a small gap', () => {
  const stream = new PhiloxStream(7, 'accountant');
  const log = (low: number, high: number) => low * (high / low) ** stream.uniform();
  for (let i = 0; i < 24; i++) {
    const [q, sigma, steps, delta] = [log(1e-6, 1), log(0.3, 1000), Math.round(log(1, 1e7)), log(1e-12, 0.1)];
    const { epsilon } = rdpEpsilon(one(q, sigma, steps), delta);
    const { upper, lower } = pldEpsilon(one(q, sigma, steps), delta, { maxLog2: 17 });
    const what = `${[q, sigma, steps, delta]}: ${lower} ${upper} ${epsilon}`;
    assert.ok(Number.isFinite(upper) && 0 <= lower && lower <= upper && upper <= epsilon * (1 + 1e-9), what);
    assert.ok(upper - lower <= 0.03 * upper + 1e-6, what);
  }
});

test('corners: never NaN, never below what RDP or a weaker setting proves impossible', () => {
  for (const [q, sigma, steps, delta] of [
    [1e-6, 0.3, 1e7, 1e-5],
    [1e-6, 1000, 1e7, 1e-8],
    [0.5, 1000, 1e7, 1e-5],
    [0.999999, 0.3, 1e7, 1e-5],
    [1, 0.3, 1e7, 1e-5],
    [1e-6, 0.3, 2, 1e-7],
    [0.01, 1, 1000, 1e-300],
    [0.01, 1, 1000, 0.9],
    [0.5, 0.01, 3, 1e-5],
  ]) {
    const { upper, lower } = pldEpsilon(one(q, sigma, steps), delta, { maxLog2: 17 });
    assert.ok(Number.isFinite(upper) && 0 <= lower && lower <= upper, `${[q, sigma, steps, delta]}: ${lower} ${upper}`);
  }
});

test('epsilon grows with q and steps, and falls with sigma and delta', () => {
  const base = { q: 0.02, sigma: 1.3, steps: 400, delta: 1e-5 };
  const at = (change: Partial<typeof base>) => {
    const { delta, ...phase } = { ...base, ...change };
    return pldEpsilon([phase], delta, { relative: 1e-4 });
  };
  const middle = at({});
  for (const more of [{ q: 0.021 }, { steps: 420 }, { sigma: 1.25 }, { delta: 8e-6 }]) {
    assert.ok(at(more).lower > middle.upper, JSON.stringify(more));
  }
  for (const less of [{ q: 0.019 }, { steps: 380 }, { sigma: 1.35 }, { delta: 1.2e-5 }]) {
    assert.ok(at(less).upper < middle.lower, JSON.stringify(less));
  }
});

test('phases: split histories add up, in any order; unlike ones lie between', () => {
  const [a, b, c] = [one(0.01, 1, 700), one(0.2, 6, 50), one(1, 15, 4)].map(([phase]) => phase);
  const whole = pldEpsilon([a, b, c], 1e-5);
  const split = pldEpsilon([c, { ...a, steps: 300 }, b, { ...a, steps: 400 }, { ...b, steps: 0 }], 1e-5);
  assert.ok(Math.abs(whole.upper - split.upper) < 1e-4 * whole.upper, `${whole.upper} ${split.upper}`);
  assert.ok(whole.lower <= split.upper && split.lower <= whole.upper);
  const { epsilon } = rdpEpsilon([a, b, c], 1e-5);
  assert.ok(whole.upper < epsilon && whole.lower > pldEpsilon([a, b], 1e-5).upper);
  // A phase beside one that gives nothing away.
  const alone = pldEpsilon([a], 1e-5);
  const beside = pldEpsilon([a, { q: 1, sigma: 1e5, steps: 1 }], 1e-5);
  assert.ok(Math.abs(alone.upper - beside.upper) < 1e-4, `${alone.upper} ${beside.upper}`);
  assert.equal(pldEpsilon([], 1e-5), { upper: 0, lower: 0, nodes: 0 });
});

test('parallel composition takes the largest: the example of K discriminators', () => {
  // 7000 records, 46 epochs, in one or five partitions, batches of 64 or 12.8.
  const epsilon = (records: number, batch: number) =>
    pldEpsilon(one(batch / records, 1.2, Math.ceil((46 * records) / batch)), 1e-4, { relative: 1e-4 }).upper;
  const near = (value: number, want: number) => assert.ok(Math.abs(value - want) < 3e-3 * want, `${value}, ${want}`);
  const [alone, five] = [epsilon(7000, 64), epsilon(1400, 64)];
  near(alone, 2.357);
  near(five, 6.206);
  near(epsilon(1400, 12.8), alone);
  assert.is(parallel([alone, five, alone]), five);
  assert.is(parallel([]), 0);
});

test('the transform against its definition, and its mirror', () => {
  const n = 64;
  const stream = new PhiloxStream(3, 'fft');
  const [re, im] = [0, 1].map(() => Float64Array.from({ length: n }, () => stream.normal()));
  const [a, b] = [re.slice(), im.slice()];
  const fft = new Fft(n);
  fft.forward({ re: a, im: b });
  const norm = re.reduce((s, x, i) => s + Math.hypot(x, im[i]), 0);
  for (let i = 0; i < n; i++) {
    const k = Number.parseInt(i.toString(2).padStart(6, '0').split('').reverse().join(''), 2);
    let [sumRe, sumIm] = [0, 0];
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      sumRe += re[j] * Math.cos(angle) - im[j] * Math.sin(angle);
      sumIm += re[j] * Math.sin(angle) + im[j] * Math.cos(angle);
    }
    assert.ok(Math.hypot(a[i] - sumRe, b[i] - sumIm) < (fftError(n) + 1e-15) * norm);
    const back = Number.parseInt(mirrored(i).toString(2).padStart(6, '0').split('').reverse().join(''), 2);
    assert.is(back, (n - k) % n);
  }
  fft.inverse({ re: a, im: b });
  for (let i = 0; i < n; i++) assert.ok(Math.hypot(a[i] / n - re[i], b[i] / n - im[i]) < 1e-14);
});

test('composition against plain convolution, two laws at once, and its charged error', () => {
  const stream = new PhiloxStream(4, 'compose');
  const law = (n: number, first: number) => {
    const masses = Float64Array.from({ length: n }, () => stream.uniform());
    const sum = masses.reduce((s, p) => s + p, 0);
    return { first, masses: masses.map((p) => p / sum) };
  };
  const kinds = [
    { upper: law(7, -3), lower: law(5, -2), steps: 5 },
    { upper: law(4, 1), lower: law(6, 0), steps: 3 },
  ];
  const [size, start] = [128, -40];
  const composed = compose(kinds, size, start);
  for (const side of ['upper', 'lower'] as const) {
    let sums = new Map([[0, 1]]);
    for (const kind of kinds) {
      for (let t = 0; t < kind.steps; t++) {
        const next = new Map<number, number>();
        for (const [at, p] of sums) {
          kind[side].masses.forEach((m, j) => {
            const to = at + kind[side].first + j;
            next.set(to, (next.get(to) ?? 0) + p * m);
          });
        }
        sums = next;
      }
    }
    composed[side]!.forEach((p, j) => {
      const want = sums.get(start + j) ?? 0;
      assert.ok(Math.abs(p - want) <= composed.error, `${side} ${j}: ${p} ${want} ${composed.error}`);
    });
  }
  assert.ok(composed.error < 1e-12);
});

test.run();
