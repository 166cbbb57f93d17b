/** `train` finds the noise of a private run whose budget and length are given, and leaves all others alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withAskedNoise } from '../../src/cli/train-start.ts';
import { blobs } from '../../src/data/synthetic.ts';
import type { Column } from '../../src/data/table.ts';
import { budgetOf, parsePrivate, samplingRate } from '../../src/gan/private/config.ts';
import { encodingPrice, epsilonOf, upperBound } from '../../src/privacy/budget.ts';
import { named } from '../support/dataset.ts';

const data = blobs({ rows: 4000, train: 2000, seed: 1 });
const fields = { partitions: 1, batch: 20, steps: 50, criticSteps: 2, epsilon: 3 };

test('all steps within the budget, and hardly more; told in one line', () => {
  const told: string[] = [];
  for (const more of [{}, { relation: 'replace-one' }, { burst: 10 }, { rows: 1000 }]) {
    const asked = { ...fields, ...more };
    const config = withAskedNoise({ noise: false, length: true }, parsePrivate(asked), data, (line) => told.push(line));
    const updates = 'burst' in more ? 25 * 10 + 25 * 2 : 100;
    const phase = {
      q: samplingRate(config, 'rows' in more ? 1000 : 2000),
      sigma: config.noiseMultiplier,
      steps: updates,
    };
    const known = upperBound(epsilonOf([phase], config.delta, budgetOf(config)));
    assert.ok(known <= 3 && known > 2.99, `${JSON.stringify(more)}: ${known}`);
    assert.match(String(told.pop()), new RegExp(`all ${updates} noisy updates fit epsilon 3$`));
  }
});

test('what the encoding of a table costs is left out', () => {
  const columns: Column[] = [{ name: 'town', kind: 'category', values: ['a', 'b'] }];
  const train = Float64Array.from({ length: 2000 }, (_, i) => i % 2);
  const table = { columns, train, holdout: new Float64Array() };
  const source = named({ name: 't', table, meta: { origin: 'made' } });
  const config = withAskedNoise({ noise: false, length: true }, parsePrivate(fields), source);
  const paid = encodingPrice(budgetOf(config), columns);
  const phase = { q: 0.01, sigma: config.noiseMultiplier, steps: 100 };
  const terms = { encoding_epsilon: paid.epsilon, encoding_delta: paid.delta };
  const known = upperBound(epsilonOf([phase], config.delta, terms));
  assert.ok(known <= 3 && known > 2.99, `${known}`);
  const given = { columns: { town: { values: ['a', 'b'] } } };
  const free = withAskedNoise({ noise: false, length: true }, parsePrivate(fields), { ...source, given });
  assert.ok(free.noiseMultiplier < config.noiseMultiplier);
});

test('noise that was given stays, and so does that of a run without a budget or without a known length', () => {
  for (const [more, length] of [
    [{ noiseMultiplier: 2 }, true],
    [{ noiseMultiplier: 1 }, true],
    [{ epsilon: 0 }, true],
    [{ adaptive: 0.5 }, true],
    [{ bound: 'weights', divergence: 'wgan', epsilon: 0 }, true],
    [{}, false],
  ] as const) {
    const asked = { ...fields, ...more };
    const config = parsePrivate(asked);
    assert.is(withAskedNoise({ noise: 'noiseMultiplier' in asked, length }, config, data), config);
  }
});

test.run();
