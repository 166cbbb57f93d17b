/** There is one private path: what draws secrets, samples or noise is made in one place. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Source, sources, withoutComments } from './sources.ts';

/** The one place, and the folder of the classes themselves. */
const PLACE = 'src/gan/private/run.ts';
const HOME = 'src/privacy/';
/** What makes any of it. */
const MAKERS =
  /\bnew\s+(NoiseSource|PoissonSampler|SubsetSampler|DiscreteMechanism|Mechanism|PrivatePlan|DpGan)\b|\bPrivacyKey\s*\.\s*(fresh|insecure)\b|\btagsOf\s*\(|\bpartitionOf\s*\(|\bcreateLedger\s*\(|\bopenLedger\s*\(/;
/** Who may make some of it besides: a job that begins plans before it looks; the plan, which has the
 * mechanism and begins the ledger; the ledger's own file; who measures features, in one release. */
const ALSO: Readonly<Record<string, RegExp>> = {
  'src/run/training.ts': /\bnew\s+PrivatePlan\b/,
  'src/fit/ledger.ts': /\b(createLedger|openLedger)\s*\(/,
  'src/fit/features/measurer.ts': /\bnew\s+DiscreteMechanism\b/,
  'src/gan/private/plan.ts': /\bnew\s+Mechanism\b|\b(createLedger|openLedger)\s*\(/,
  'src/privacy/ledger/ledger.ts': /\b(createLedger|openLedger)\s*\(/,
};
/** A shuffle or hold-out by keyed hash is data's own, under a public seed. */
const PUBLIC_KEYS = /^src\/data\//;

function making(files: readonly Source[]): string[] {
  return files
    .filter(({ path }) => path !== PLACE && !path.startsWith(HOME))
    .flatMap(({ path, text }) =>
      withoutComments(text)
        .split('\n')
        .flatMap((line, i) => {
          const found = MAKERS.exec(line)?.[0];
          if (!found || ALSO[path]?.test(line)) return [];
          if (PUBLIC_KEYS.test(path) && /insecure/.test(found)) return [];
          return [`${path}:${i + 1}: ${found}`];
        }),
    );
}

test('the rule catches what it is there for', () => {
  const file = (path: string, text: string): Source[] => [{ path, text }];
  assert.is(making(file('src/run/a.ts', 'const n = new NoiseSource(gpu, key);')).length, 1);
  assert.is(making(file('src/cli/a.ts', 'const key = PrivacyKey\n.fresh(); PrivacyKey.fresh();')).length, 1);
  assert.is(making(file('src/data/encoding/private.ts', 'const k = PrivacyKey.fresh();')).length, 1);
  assert.is(making(file('src/page/a.ts', 'new PoissonSampler(key, rows, { q, tags })')).length, 1);
  assert.equal(making(file(PLACE, 'new NoiseSource(gpu, key)')), []);
  assert.equal(making(file('src/run/training.ts', 'const plan = new PrivatePlan(config, 3);')), []);
});

test('keys, tags, partitions, samplers, noise and ledgers are made in one place', () => {
  assert.equal(making(sources('src', ['.ts', '.mts'])), []);
});

test('what a record can add, how much noise there is and what is divided by come from the mechanism alone', () => {
  const files = sources('src/gan', ['.ts']).filter(({ path }) => /private\/(step|exact)|dpgan/.test(path));
  assert.is(files.length, 3, 'dpgan, exact and step');
  for (const { path, text } of files) {
    assert.not.ok(/\b(clipNorm|noiseMultiplier)\b/.test(withoutComments(text)), `${path} reads the configuration`);
  }
});

test.run();
