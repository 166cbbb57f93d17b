/** Budgets are counted in one place: nobody else asks the accountants. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolved, type Source, sources } from './sources.ts';

const FOLDER = 'src/privacy/accountant/';
/**
 * The verb that shows each accountant's own figures; audits, which turn them round: what a guess proves of epsilon; the
 * public entry, which hands them to others and asks nothing.
 */
const mayAsk = (path: string) =>
  ['src/cli/account.ts', 'src/api/privacy.ts'].includes(path) || path.startsWith('src/attack/audit/');
/** Files of the accountants' folder that anybody may use: they hold no budget and give no epsilon of a run. */
const COMMON = new Set([`${FOLDER}gaussian.ts`, `${FOLDER}normal.ts`, `${FOLDER}paper.ts`]);
const NAMES = /\b(pldEpsilon|rdpEpsilon|discreteEpsilon|noiseMultiplier\s*\(|stepsWithin\s*\(\s*\{?\s*q\b)/;

/** Imports of values, not of types, from the accountants by files that may not. */
function asking(files: readonly Source[]): string[] {
  const statements = /\b(?:import|export)\s+(?!type\b)[^;'"]*?\bfrom\s*['"](\.[^'"]+)['"]/g;
  const calls = /\bimport\s*\(?\s*['"](\.[^'"]+)['"]/g;
  return files
    .filter(({ path }) => !path.startsWith('src/privacy/') && !mayAsk(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(statements), ...text.matchAll(calls)]
        .map(([, specifier]) => resolved(path, specifier))
        .filter((target) => target.startsWith(FOLDER) && !COMMON.has(target))
        .map((target) => `${path} -> ${target}`),
    );
}

const own = sources('src', ['.ts', '.mts', '.mjs']);

test('the rule catches what it is there for', () => {
  const file = (path: string, text: string): Source => ({ path, text });
  const pld = "import { pldEpsilon } from '../privacy/accountant/pld.ts';\n";
  assert.equal(asking([file('src/run/a.ts', pld)]), [`src/run/a.ts -> ${FOLDER}pld.ts`]);
  assert.equal(asking([file('src/run/a.ts', pld.replace('import', 'export'))]), [`src/run/a.ts -> ${FOLDER}pld.ts`]);
  assert.equal(
    asking([file('src/run/a.ts', "import {\n  a,\n  rdp,\n} from '../privacy/accountant/rdp.ts';")]).length,
    1,
  );
  assert.equal(asking([file('src/run/a.ts', pld.replace(/.*from (.*);/, 'const a = await import($1);'))]).length, 1);
  assert.equal(asking([file('src/cli/account.ts', pld), file('src/privacy/budget.ts', pld)]), []);
  assert.equal(asking([file('src/run/a.ts', "import type { Phase } from '../privacy/accountant/phases.ts';")]), []);
  assert.equal(
    asking([file('src/run/a.ts', "import { gaussianDelta } from '../privacy/accountant/gaussian.ts';")]),
    [],
  );
});

test('only budget.ts and the verb account ask the accountants', () => {
  assert.equal(asking(own), []);
  // Nor by way of a name that somebody hands on.
  const named = own.filter(({ path }) => !path.startsWith('src/privacy/') && !mayAsk(path));
  assert.equal(
    named.filter(({ text }) => NAMES.test(text)).map(({ path }) => path),
    [],
  );
});

test.run();
