/** Runs mutants, two at a time: each in a scratch copy of its own, against the tests that its row names. */
import { availableParallelism } from 'node:os';
import { Scratch } from './mutants-scratch.mjs';

/**
 * What became of one.
 * @typedef {object} Outcome
 * @property {import('./mutants-list.mjs').Mutant} mutant
 * @property {'killed' | 'survived' | 'error'} outcome
 * @property {string} by the test file that noticed, 'timeout', the reason to survive, or what went wrong
 * @property {number} seconds
 */

/** Seconds after which a mutant's tests are killed. */
const LIMIT = 150;

/**
 * @param {import('./mutants-list.mjs').Mutant[]} mutants in the order in which they are tried
 * @param {object} options
 * @param {string} options.root the project
 * @param {number} [options.minutes] none is begun that would not end within them, as the others went
 * @param {boolean} [options.baseline] whether a test that noticed is also run without the mutant, once a file: one that
 *   fails by itself notices nothing. Default true
 * @param {number} [options.limit] seconds for the tests of one
 * @param {(outcome: Outcome) => void} [options.each] told of each as it is done
 * @returns {Promise<Outcome[]>} in the order in which they were done
 */
export async function runMutants(
  mutants,
  { root, minutes = Number.POSITIVE_INFINITY, baseline = true, limit = LIMIT, each = () => {} },
) {
  const scratch = new Scratch(root);
  const stop = (signal) => {
    scratch.clean();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const alone = baseline ? baselines(scratch, limit) : async () => true;
    const outcomes = [];
    const queue = [...mutants];
    const started = performance.now();
    const worker = async () => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const mean = outcomes.reduce((sum, { seconds }) => sum + seconds, 0) / Math.max(1, outcomes.length);
        if ((performance.now() - started) / 1000 + mean > 60 * minutes) return;
        const outcome = await tryOne(scratch, mutant, limit, alone);
        outcomes.push(outcome);
        each(outcome);
      }
    };
    await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
    return outcomes;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    scratch.clean();
  }
}

/** Whether test files pass without any mutant: each is run once, whoever asks. */
function baselines(scratch, limit) {
  const known = new Map();
  const passes = async (filter) => {
    const copy = scratch.copy();
    const { passed } = await scratch.test(copy, [filter], limit);
    scratch.drop(copy);
    return passed;
  };
  return async (filters) => {
    for (const filter of filters) {
      if (!known.has(filter)) known.set(filter, passes(filter));
      if (!(await known.get(filter))) return false;
    }
    return true;
  };
}

async function tryOne(scratch, mutant, limit, alone) {
  const started = performance.now();
  const done = (outcome, by) => ({ mutant, outcome, by, seconds: (performance.now() - started) / 1000 });
  const reason = mutant.survives ?? '';
  if (!mutant.tests.length) return done('survived', reason);
  const copy = scratch.mutated(mutant);
  const { passed, failed, late, output } = await scratch.test(copy, mutant.tests, limit);
  scratch.drop(copy);
  if (passed) return done('survived', reason);
  if (!failed && !late) return done('error', `its tests could not be run: ${output.trim().slice(-2000)}`);
  const by = failed || 'timeout';
  if (await alone(failed ? [failed] : mutant.tests)) return done('killed', by);
  return done(
    'error',
    failed ? `${failed} fails without it too` : `${mutant.tests.join(' ')} take too long without it`,
  );
}
