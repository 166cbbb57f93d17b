import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failed } from '../../../src/attack/audit/family.ts';
import { auditTables } from '../../../src/run/audit/tables.ts';

const small = { epsilon: 4, delta: 1e-5, seed: 1, insecureSeed: 40, trials: 300, confidence: 0.95 };

test('correct releases pass, and show less than they claim', () => {
  const { checks, epsilon, document } = auditTables(small);
  assert.equal(failed(checks), []);
  assert.is(document.moved, 1);
  assert.is(document.tables, 4 + 6);
  assert.ok(epsilon && epsilon.lower < 4 && epsilon.ceiling > 1, JSON.stringify(epsilon));
});

test('half of the noise is found, by its width and by who is told', () => {
  const { checks } = auditTables({ ...small, noise: 0.5 });
  assert.equal(
    failed(checks).map(({ name }) => name.slice(0, 18)),
    ['the noise of table', 'a canary is told n'],
  );
});

test.run();
