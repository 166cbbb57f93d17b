/** Settings: what presets give, and what is refused with the flag that is at fault. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flagOf, ganConfig, makeConfig, presets } from '../../src/gan/config.ts';
import { criticNetwork, generatorNetwork } from '../../src/gan/networks.ts';
import { VeilganError } from '../../src/gpu/errors.ts';
import { parameterCount } from '../../src/nn/network.ts';

/** Rows and shape of the data a preset is for. */
const dataOf = (preset: string): [number, number[]] =>
  preset.startsWith('mnist') ? [60_000, [28, 28, 1]] : preset.startsWith('cifar') ? [50_000, [32, 32, 3]] : [5000, [2]];

test('every preset is whole, fits its data, and fills its partitions', () => {
  for (const name of Object.keys(presets)) {
    const config = makeConfig(name, {});
    assert.equal(Object.keys(config), Object.keys(ganConfig.shape), name);
    const [most, shape] = dataOf(name);
    const rows = config.rows || most;
    assert.ok(rows <= most && Math.floor(rows / config.partitions) >= config.batch, name);
    assert.is(config.network, shape.length === 3 ? 'dcgan' : 'mlp', name);
    generatorNetwork(config, shape);
    criticNetwork(config, shape);
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
  for (const name of Object.keys(presets).filter((p) => /mnist|cifar/.test(p))) {
    const config = makeConfig(name, {});
    assert.ok(config.gridEvery > 0 && config.snapshots === 1, name);
  }
  const config = makeConfig('mnist-js', { kernel: 3, generatorChannels: [8, 4] });
  assert.equal([config.kernel, config.generatorChannels, config.latent], [3, [8, 4], 100]);
});

test('what no network could be made of is refused, naming the flag', () => {
  for (const [fields, where] of [
    [{ generatorChannels: [64] }, '--generator-channels'],
    [{ generatorChannels: [64, 0] }, '--generator-channels'],
    [{ criticChannels: [] }, '--critic-channels'],
    [{ criticChannels: new Array(9).fill(4) }, '--critic-channels'],
    [{ kernel: 0 }, '--kernel'],
    [{ kernel: 8 }, '--kernel'],
    [{ kernel: 2.5 }, '--kernel'],
    [{ dropout: 1 }, '--dropout'],
    [{ dropout: -0.1 }, '--dropout'],
    [{ network: 'cnn' }, '--network'],
    [{ denseNorm: 'layer' }, '--dense-norm'],
    [{ gridEvery: -1 }, '--grid-every'],
    [{ criticChannel: [4] }, '--critic-channel'],
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

test.run();
