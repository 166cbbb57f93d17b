/** Settings: what presets give, and what is refused with the flag that is at fault. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import { flagOf } from '../../src/cli/verb.ts';
import { ganConfig } from '../../src/gan/config.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks/index.ts';
import { makeConfig, presets, usualPreset, withPreset } from '../../src/gan/presets/index.ts';
import { parsePrivate, privateConfig, samplingRate } from '../../src/gan/private/config.ts';
import { parameterCount } from '../../src/nn/network.ts';
import { paperEpsilon } from '../../src/run/spend.ts';

/** Rows and shape of the data a preset is for. */
const dataOf = (preset: string): [number, number[]] => {
  if (/mnist/.test(preset)) return [60_000, [28, 28, 1]];
  if (preset.startsWith('cifar')) return [50_000, [32, 32, 3]];
  if (preset.startsWith('celeba'))
    return [162_770, [Number(preset.slice(6).match(/^\d+/)), Number(preset.slice(6).match(/^\d+/)), 3]];
  if (preset.startsWith('camelyon')) return [302_436, [32, 32, 3]];
  if (preset.startsWith('ehr')) return [41_868, [1071]];
  return [5000, [2]];
};

const isPlain = (name: string) => Object.keys(presets[name]).every((field) => Object.hasOwn(ganConfig.shape, field));

test('every preset is whole, fits its data, and fills its partitions', () => {
  for (const name of Object.keys(presets)) {
    const config = isPlain(name) ? makeConfig(name, {}) : parsePrivate(withPreset(name, {}));
    assert.equal(Object.keys(config), Object.keys((isPlain(name) ? ganConfig : privateConfig).shape), name);
    const [most, shape] = dataOf(name);
    const rows = config.rows || most;
    assert.ok(rows <= most && Math.floor(rows / config.partitions) >= config.batch, name);
    const classes = config.labels === 'condition' ? 10 : 0;
    generatorNetwork(config, shape, classes);
    criticNetwork(config, shape, classes);
  }
});

test("presets of private systems are refused in others, and the papers' sampling rates are met exactly", () => {
  const private_ = Object.keys(presets).filter((name) => !isPlain(name));
  assert.ok(private_.length >= 15);
  for (const name of private_) assert.throws(() => makeConfig(name, {}), /is for private systems/);
  for (const [name, q] of [
    ['mnist-dpgan-revisited-eps10', 1 / 469],
    ['mnist-dpgan-revisited-eps10-adaptive', 1 / 118],
    ['celeba64-dpgan-revisited-eps10-adaptive', 1 / 90],
  ] as const) {
    assert.is(samplingRate(parsePrivate(withPreset(name, {})), 1), q, name);
  }
  const { noiseMultiplier, clipNorm, criticSteps, batch } = parsePrivate(withPreset('mnist-dpgan', {}));
  const setting = { q: batch / 60_000, criticSteps, noise: noiseMultiplier * clipNorm, gradientBound: clipNorm };
  // 28.69 with the authors' log10.
  assert.ok(Math.abs(paperEpsilon({ ...setting, delta: 1e-5 }) - 28.69) < 0.01);
});

test('what breaks a guarantee is refused with its reason and the flag at fault', () => {
  for (const [fields, where] of [
    [{ noiseMultiplier: 0 }, 'noiseMultiplier'],
    [{ criticNorm: 'batch' }, 'criticNorm'],
    [{ network: 'ehr' }, 'network'],
    [{ bound: 'weights', divergence: 'wgan', epsilon: 1 }, 'epsilon'],
    [{ bound: 'weights', divergence: 'js' }, 'bound'],
    [{ bound: 'weights', divergence: 'wgan', mechanism: 'discrete' }, 'mechanism'],
    [{ mechanism: 'discrete', clipping: 'per-layer' }, 'clipping'],
    [{ mechanism: 'discrete', epsilon: 1 }, 'accountant'],
    [{ start: 'marginals', bound: 'weights', divergence: 'wgan' }, 'start'],
    [{ start: 'marginals', latentLaw: 'uniform' }, 'start'],
    [{ start: 'marginals', network: 'dcgan' }, 'start'],
  ] as const) {
    try {
      parsePrivate(fields);
    } catch (error) {
      assert.ok(error instanceof VeilganError && error.fix);
      assert.equal([error.code, error.where], ['CONFIG', where]);
      continue;
    }
    assert.unreachable(`accepted ${JSON.stringify(fields)}`);
  }
});

test('the small presets: fewer rows than an imported test set has, much smaller networks', () => {
  for (const name of ['mnist-small-js', 'mnist-small-wgan-gp']) {
    const [config, full] = [makeConfig(name, {}), makeConfig(name.replace('small-', ''), {})];
    assert.ok(config.rows > 0 && config.rows < 8000, 'of the 10,000 images some are left to attack with');
    assert.is(config.divergence, full.divergence);
    assert.is(config.partitions, full.partitions);
    for (const make of [generatorNetwork, criticNetwork]) {
      const [small, large] = [config, full].map((c) => parameterCount(make(c, [28, 28, 1])));
      assert.ok(small < large / 3, `${name}: ${small} against ${large}`);
    }
  }
});

test('image presets draw grids and samples from the last weights; fields win over the preset', () => {
  for (const name of Object.keys(presets).filter((p) => /^(mnist|cifar).*(js|gp)$/.test(p))) {
    const config = makeConfig(name, {});
    assert.ok(config.gridEvery > 0 && config.snapshots === 1, name);
  }
  const config = makeConfig('mnist-js', { kernel: 3, generatorChannels: [8, 4] });
  assert.equal([config.kernel, config.generatorChannels, config.latent], [3, [8, 4], 100]);
});

test('what no network could be made of is refused, naming the flag', () => {
  for (const [fields, where] of [
    [{ generatorChannels: [64] }, 'generatorChannels'],
    [{ generatorChannels: [64, 0] }, 'generatorChannels'],
    [{ criticChannels: [] }, 'criticChannels'],
    [{ criticChannels: new Array(9).fill(4) }, 'criticChannels'],
    [{ kernel: 0 }, 'kernel'],
    [{ kernel: 8 }, 'kernel'],
    [{ kernel: 2.5 }, 'kernel'],
    [{ dropout: 1 }, 'dropout'],
    [{ dropout: -0.1 }, 'dropout'],
    [{ network: 'cnn' }, 'network'],
    [{ denseNorm: 'layer' }, 'denseNorm'],
    [{ gridEvery: -1 }, 'gridEvery'],
    [{ criticChannel: [4] }, 'criticChannel'],
  ] as const) {
    try {
      makeConfig('mnist-js', fields);
    } catch (error) {
      assert.ok(error instanceof VeilganError);
      assert.equal([error.code, error.where], ['CONFIG', where]);
      assert.ok(error.fix);
      continue;
    }
    assert.unreachable(`accepted ${JSON.stringify(fields)}`);
  }
  assert.throws(() => makeConfig('mnist', {}), /there is no preset mnist/);
  assert.throws(() => makeConfig('toString', {}), /there is no preset toString/);
});

test('flags are the names of fields in kebab case', () => {
  assert.equal(['gridEvery', 'denseNorm', 'kernel'].map(flagOf), ['grid-every', 'dense-norm', 'kernel']);
});

test('tables take a preset of their size and system where none is named', () => {
  assert.is(usualPreset('gan', 100), 'broward-js');
  assert.is(usualPreset('pargan', 19_999, 'wgan-gp'), 'broward-wgan-gp');
  assert.is(usualPreset('pargan', 20_000, 'js'), 'hospital-js');
  for (const system of ['gan', 'pargan', 'dpgan', 'dp-pargan']) {
    for (const rows of [1, 1e6]) assert.ok(Object.hasOwn(presets, usualPreset(system, rows)), `${system} ${rows}`);
  }
});

test.run();
