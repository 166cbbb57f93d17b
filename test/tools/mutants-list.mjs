/** The list of mutants, test/mutants/*.mjs: read, checked against the tree, and put in the order of a seed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * One line of the private path, changed as somebody who is tired might change it.
 * @typedef {object} Mutant
 * @property {string} name unique, what goes wrong
 * @property {string} area which part of the private path, e.g. 'clip'
 * @property {string} file from the root of the project, with slashes
 * @property {string} find text that stands exactly once in the file
 * @property {string} replace what takes its place
 * @property {string[]} tests filters of test files as `npm test` takes them, the most decisive first
 * @property {string} [note] what it would do to whom, where the name does not say it
 * @property {string} [survives] why no test has to notice: it changes nothing that matters
 */

const REQUIRED = ['name', 'area', 'file', 'find', 'replace', 'tests'];
const OPTIONAL = ['note', 'survives'];

/** @returns {Promise<Mutant[]>} all rows of the folder's files, in the files' order */
export async function readMutants(folder) {
  const files = readdirSync(folder).filter((f) => f.endsWith('.mjs'));
  const lists = await Promise.all(files.sort().map((f) => import(pathToFileURL(join(folder, f)).href)));
  return lists.flatMap((list) => list.default);
}

/** Test files below test/, with slashes. */
export const testFiles = (root) =>
  readdirSync(join(root, 'test'), { recursive: true })
    .map((f) => f.split(sep).join('/'))
    .filter((f) => f.endsWith('.test.ts'))
    .sort();

const times = (text, part) => (part ? text.split(part).length - 1 : 0);

/**
 * What is wrong with the list: a row that no longer applies, names a file or a test that is not there, or lacks
 * something. @returns {string[]} one sentence a fault, each with the row, the file and the text
 */
export function faultsOf(mutants, root) {
  const known = testFiles(root);
  const seen = new Set();
  return mutants.flatMap((mutant) => {
    const { name, file, find, replace, tests, survives } = mutant;
    const faults = [];
    for (const key of REQUIRED) if (mutant[key] === undefined) faults.push(`has no ${key}`);
    for (const key of Object.keys(mutant))
      if (![...REQUIRED, ...OPTIONAL].includes(key)) faults.push(`has a ${key}, which nothing reads`);
    if (seen.has(name)) faults.push('stands twice in the list');
    seen.add(name);
    if (faults.length) return faults.map((fault) => `${name}: ${fault}`);
    if (find === replace) faults.push('changes nothing');
    if (!tests.length && survives === undefined) faults.push('names no test');
    for (const filter of tests)
      if (!known.some((f) => f.includes(filter))) faults.push(`no test file matches ${filter}`);
    let count = 0;
    try {
      count = times(readFileSync(join(root, file), 'utf8'), find);
    } catch {
      return [...faults, `there is no file ${file}`].map((fault) => `${name}: ${fault}`);
    }
    if (count !== 1) faults.push(`stands ${count} times in ${file}, not once: ${JSON.stringify(find)}`);
    return faults.map((fault) => `${name}: ${fault}`);
  });
}

/** Rows in an order that the seed alone decides: by the digest of seed and name. */
export function shuffled(mutants, seed) {
  const digest = ({ name }) => createHash('sha256').update(`${seed}\n${name}`).digest('hex');
  return mutants
    .map((mutant) => [digest(mutant), mutant])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, mutant]) => mutant);
}
