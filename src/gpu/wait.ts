/** Share of the time that work took to sleep for next time, and how a sleep that was too long shrinks. */
const EARLY = 0.94;
const SHORTER = 0.9;
/** How much slower sleeping may look and still be preferred; chunks between looks at the other way; chunks remembered. */
const TIE = 1.1;
const AGAIN = 64;
const KEPT = 15;
/** A sleep is at most so many times what work of its kind takes when it is polled for: a suspended machine is no measure. */
const LONGEST = 3;

interface Span {
  ms: number;
  units: number;
}

interface Known {
  /** what the last chunks took, by way of waiting */
  sleep: Span[];
  poll: Span[];
  trials: number;
  /** milliseconds a unit to sleep for; 0 before the first sleep */
  nap: number;
}

/**
 * The one place that waits for the GPU. Dawn's Node binding polls with a whole core while a promise is pending, which
 * takes a worker from a software adapter: heavy work ends up to 1.8 times sooner when the thread sleeps for about as
 * long as the work takes and asks then; tiny work ends sooner when asked for at once. So each kind of work tries both
 * ways in its first chunks and keeps the faster.
 */
export class Waiter {
  readonly #polls: boolean;
  readonly #known = new Map<string, Known>();
  #lastDone = 0;
  #tail: Promise<void> = Promise.resolve();

  /** @param polls whether asking costs a core, as it does in Node and not in a page */
  constructor(polls: boolean) {
    this.#polls = polls;
  }

  /**
   * Waits for work that was submitted at `submitted` (performance.now()).
   * @param kind the work's name: what was learned is kept under it
   * @param units how much of it: replays of a program
   * @param ask starts the pending promise (mapAsync on the work's own staging buffer)
   */
  settle(kind: string, units: number, submitted: number, ask: () => Promise<unknown>): Promise<void> {
    // One at a time, in order of submission: a later chunk's question would poll while an earlier one runs.
    const turn = this.#tail.then(() => this.#settle(kind, units, submitted, ask));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #settle(kind: string, units: number, submitted: number, ask: () => Promise<unknown>): Promise<void> {
    const start = Math.max(submitted, this.#lastDone);
    if (!this.#polls) {
      await ask();
      this.#learn(kind, 'poll', start, units);
      return;
    }
    const mode = this.#mode(kind);
    const known = this.#known.get(kind);
    const nap = Math.min(known?.nap || EARLY * (this.estimate(kind) ?? 0), LONGEST * typical(known?.poll ?? []));
    const wanted = mode === 'sleep' ? nap * units - (performance.now() - start) : 0;
    if (wanted > 0.5) await new Promise((done) => setTimeout(done, wanted));
    const asked = performance.now();
    await ask();
    const end = performance.now();
    // An answer at once says only that the work took no longer than the sleep.
    if (known && wanted > 0.5) known.nap = end - asked < 0.5 ? SHORTER * nap : (EARLY * (end - start)) / units;
    this.#learn(kind, mode, start, units);
  }

  /** Milliseconds a unit of this kind takes, or undefined before the first one. */
  estimate(kind: string): number | undefined {
    const known = this.#known.get(kind);
    if (!known) return undefined;
    const times = known[this.#best(known)];
    return times.length ? rate(times) : undefined;
  }

  #best(known: Known): 'sleep' | 'poll' {
    if (!known.sleep.length) return 'poll';
    // Machines drift by more than this between chunks; a sleeping thread leaves a core to others, so it wins a tie.
    return rate(known.sleep) < TIE * rate(known.poll) ? 'sleep' : 'poll';
  }

  #mode(kind: string): 'sleep' | 'poll' {
    const known = this.#known.get(kind);
    if (!known || known.trials < 2) return 'poll';
    if (known.trials < 10) return known.trials % 2 ? 'poll' : 'sleep';
    const best = this.#best(known);
    // What was found in the first chunks may have been noise.
    if (known.trials % AGAIN === 0) return best === 'sleep' ? 'poll' : 'sleep';
    return best;
  }

  #learn(kind: string, mode: 'sleep' | 'poll', start: number, units: number): void {
    this.#lastDone = performance.now();
    let known = this.#known.get(kind);
    if (!known) {
      known = { sleep: [], poll: [], trials: 0, nap: 0 };
      this.#known.set(kind, known);
    }
    // The first run of a kind compiles its kernels: it says nothing about the next ones.
    if (known.trials++ === 1) known.poll.length = 0;
    const list = known[mode];
    list.push({ ms: this.#lastDone - start, units });
    if (list.length > KEPT) list.shift();
  }
}

/** Milliseconds a unit of the middle one; Infinity of none. */
function typical(spans: readonly Span[]): number {
  const rates = spans.map(({ ms, units }) => ms / units).sort((a, b) => a - b);
  return rates[rates.length >> 1] ?? Number.POSITIVE_INFINITY;
}

/**
 * Milliseconds a unit, over all of them: where one chunk was asked for too late the next one looks too short, so single
 * spans mislead and only their sum is right.
 */
function rate(spans: readonly Span[]): number {
  return spans.reduce((sum, s) => sum + s.ms, 0) / spans.reduce((sum, s) => sum + s.units, 0);
}
