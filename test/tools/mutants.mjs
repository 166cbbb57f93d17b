/**
 * Mutants: one-line mistakes in the private path, each of which a test must notice (test/mutants/README.md).
 * `node test/tools/mutants.mjs [--sample N] [--minutes M] [--seed S] [--area A] [--only NAME] [--list] [--json]
 * [--no-baseline]`. Prints what became of each, and fails where one survives without a written reason.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../../src/build/shaders.mjs';
import { faultsOf, readMutants, shuffled } from './mutants-list.mjs';
import { runMutants } from './mutants-run.mjs';

/** @returns {Promise<import('./mutants-list.mjs').Mutant[]>} @throws {Error} that names every row that is at fault */
export async function soundMutants() {
  const mutants = await readMutants(join(root, 'test', 'mutants'));
  const faults = faultsOf(mutants, root);
  if (faults.length) throw new Error(`the list of mutants does not fit the tree:\n  ${faults.join('\n  ')}`);
  return mutants;
}

/** Counts, and what fails: survivors without a reason, and what could not be tried. */
export function summary(outcomes) {
  const of = (what) => outcomes.filter(({ outcome }) => outcome === what);
  const survived = of('survived');
  const reasoned = survived.filter(({ by }) => by).length;
  const errors = of('error').length;
  return {
    killed: of('killed').length,
    survived: survived.length,
    reasoned,
    errors,
    ok: survived.length === reasoned && errors === 0,
  };
}

/** The line that ends the table. */
export const closing = ({ killed, survived, reasoned, errors }) =>
  `${killed} killed, ${survived} survived (of which ${reasoned} with a reason)${errors ? `, ${errors} could not be tried` : ''}`;

/** One row of the table; `width` is that of the longest name. */
export function line({ mutant: { name, area, survives }, outcome, by, seconds }, width) {
  const what = {
    killed: `killed by ${by}${survives === undefined ? '' : ' (its reason to survive holds no longer)'}`,
    survived: by ? `survived: ${by}` : 'SURVIVED',
    error: `ERROR: ${by}`,
  }[outcome];
  return `${name.padEnd(width)}  ${area.padEnd(10)}  ${`${seconds.toFixed(0)} s`.padStart(5)}  ${what}`;
}

/** For CI: as many as fit `minutes`, chosen by the seed; the tests themselves run beside, so none runs unmutated. */
export async function mutantCheck(minutes, seed) {
  const started = performance.now();
  const result = (ok, output) => ({ name: 'mutants', ok, seconds: (performance.now() - started) / 1000, output });
  try {
    const mutants = shuffled(await soundMutants(), seed);
    const outcomes = await runMutants(mutants, { root, minutes, baseline: false });
    const sum = summary(outcomes);
    const width = Math.max(0, ...outcomes.map(({ mutant }) => mutant.name.length));
    return result(sum.ok, [...outcomes.map((one) => line(one, width)), closing(sum)].join('\n'));
  } catch (error) {
    return result(false, error.message);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      sample: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      area: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'no-baseline': { type: 'boolean', default: false },
    },
  });
  const print = (text) => process.stdout.write(`${text}\n`);
  const all = await soundMutants();
  let mutants = all.filter(
    ({ name, area }) => (values.only?.includes(name) ?? true) && (values.area?.includes(area) ?? true),
  );
  const unknown = values.only?.filter((name) => !all.some((mutant) => mutant.name === name)) ?? [];
  if (unknown.length) throw new Error(`there is no mutant ${unknown.join(', ')}; --list prints them`);
  if (!mutants.length) {
    const areas = [...new Set(all.map(({ area }) => area))].join(', ');
    throw new Error(`no mutant is of that area; there are ${areas}`);
  }
  if (values.sample || values.minutes) mutants = shuffled(mutants, values.seed ?? '1');
  if (values.sample) mutants = mutants.slice(0, count('--sample', values.sample));
  const width = Math.max(...mutants.map(({ name }) => name.length));
  if (values.list) {
    if (values.json) print(JSON.stringify(mutants, null, 2));
    else for (const { name, area, file } of mutants) print(`${name.padEnd(width)}  ${area.padEnd(10)}  ${file}`);
    return;
  }
  const started = performance.now();
  const outcomes = await runMutants(mutants, {
    root,
    minutes: values.minutes ? count('--minutes', values.minutes) : undefined,
    baseline: !values['no-baseline'],
    each: (one) => {
      if (!values.json) print(line(one, width));
    },
  });
  const sum = summary(outcomes);
  const seconds = (performance.now() - started) / 1000;
  if (values.json) {
    const rows = outcomes.map(({ mutant: { name, area, file }, ...more }) => ({ name, area, file, ...more }));
    print(JSON.stringify({ ...sum, seconds, mutants: rows }, null, 2));
  } else print(`\n${closing(sum)}, in ${(seconds / 60).toFixed(1)} minutes`);
  if (!sum.ok) process.exitCode = 1;
}

function count(flag, text) {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${flag} ${text}: give a positive number`);
  return number;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`mutants: ${error.message}\n`);
    process.exitCode = 1;
  }
}
