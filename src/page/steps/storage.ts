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

/** Notes what is being trained. Where storage is switched off, a reload goes unmentioned. */
export function keep(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {}
}

/** What was being trained when the page was last left. */
export function recall(): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export function forget(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {}
}
