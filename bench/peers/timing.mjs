/**
 * Times work on a queue in two ways of waiting and gives the better. Dawn's Node binding polls with a whole core while
 * a GPU promise is pending, which on a software adapter is a core less for the work, so a peer that is only awaited
 * looks slower than it is; that would flatter us.
 */
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rounds of each way in which the time to sleep is found and which are not counted, and those which are, at most. */
const TUNING = 3;
const COUNTED = 12;

/**
 * @param {object} work
 * @param {string} [work.impl] which of several ways to write it is measured; the way to wait that won is added to it
 * @param {() => unknown} work.submit hands one unit of work to the queue and does not wait for it
 * @param {() => unknown} [work.flush] submits what the peer still holds back
 * @param {() => Promise<unknown>} work.wait the peer's own way to wait for all of it
 * @param {number} [work.units] units a round; else as many as take about `round` ms
 * @param {number} [work.round] ms
 * @param {number} [work.budget] ms for all rounds; where they are slow it may take a little more, for 3 that count
 * @param {number} [work.flop] floating-point operations of a unit
 * @returns {Promise<Array<object>>} one row: times in ms per unit, `ways_ms` the median of each way
 */
export async function timeBothWays({ impl, submit, flush = () => {}, wait, units, round = 400, budget = 8000, flop }) {
  const run = async (n, target) => {
    const start = performance.now();
    for (let i = 0; i < n; i++) await submit();
    await flush();
    const left = start + target - performance.now();
    if (target > 0 && left > 1) await sleep(left);
    await wait();
    return performance.now() - start;
  };

  await run(1, 0);
  const n = units ?? Math.max(1, Math.min(64, Math.round(round / (await run(1, 0)))));
  const times = { await: [], sleep: [] };
  const start = performance.now();
  const spent = () => (performance.now() - start) / budget;
  let target = 0;
  let tuned = 0;
  while (times.sleep.length < COUNTED && (spent() < 1 || times.sleep.length < 3)) {
    const awaited = await run(n, 0);
    // Aims a little below the time that the work takes: sleeping on after its end would be our loss, not the peer's.
    if (!target) target = awaited * 0.6;
    const slept = await run(n, target);
    const rest = slept - target;
    if (rest < 0.01 * slept) target *= 0.92;
    else if (rest > 0.05 * slept) target = 0.97 * slept;
    if (tuned < TUNING && (tuned === 0 || spent() < 0.4)) {
      tuned++;
      continue;
    }
    times.await.push(awaited / n);
    times.sleep.push(slept / n);
  }

  const ways = { await: median(times.await), sleep: median(times.sleep) };
  const won = ways.sleep < ways.await ? 'sleep' : 'await';
  const row = {
    impl: [impl, won === 'sleep' ? 'sleep then await' : 'own await'].filter(Boolean).join(', '),
    median_ms: ways[won],
    best_ms: Math.min(...times[won]),
  };
  if (flop) row.gflops = flop / ways[won] / 1e6;
  return [{ ...row, ways_ms: ways, rounds: times[won].length, units_per_round: n }];
}
