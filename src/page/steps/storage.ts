/** What a reload or a closed tab leaves of a training: where it is kept, and what is needed to go on with it. */
import type { Choice, Opened, Plan, Source } from '../protocol.ts';

const KEY = 'veilgan-training';

/** The networks are kept by the worker under `run`; the rows are kept nowhere and have to be opened again. */
export interface Kept {
  /** undefined where the browser keeps nothing: the training is gone then */
  readonly run?: string;
  readonly opened: Pick<Opened, 'name' | 'kind'>;
  readonly example?: Extract<Source, { from: 'example' }>['example'];
  readonly choice: Choice;
  readonly plan: Plan;
}

/** Does it, unless storage is switched off, as in some private windows: then a reload goes unmentioned. */
function stored<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Notes what is being trained. */
export const keep = (kept: Kept): void => stored(() => localStorage.setItem(KEY, JSON.stringify(kept)));

/** What was being trained when the page was last left. */
export const recall = (): Kept | undefined =>
  stored(() => JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? undefined);

export const forget = (): void => stored(() => localStorage.removeItem(KEY));
