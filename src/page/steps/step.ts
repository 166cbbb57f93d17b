/** What a step is, and what all of them are given. */

import type { Choice, Example, Opened, Plan, Ready } from '../protocol.ts';
import type { Remote } from '../remote.ts';
import type { Run } from './run.ts';
import type { Entry } from './schema.ts';
import type { Machine } from './surroundings.ts';

/** What the steps have settled so far. */
export interface State {
  opened?: Opened;
  /** which example that was, if one */
  source?: { readonly example?: Example };
  choice?: Choice;
  ready?: Ready;
  /** what was typed of columns that are known without the rows, by their names */
  entries?: Map<string, Entry>;
  plan?: Plan;
  /** the training, begun or over */
  run?: Run;
}

export interface Step {
  readonly title: string;
  /** Fills the open step; returns what is to happen when it closes. */
  open(body: HTMLElement): void | (() => void);
  /** What was settled, as a line. */
  summary(): string;
  /** What it settles, which is forgotten when it or a step before it is opened. */
  readonly settles: readonly (keyof State)[];
}

export interface App {
  readonly state: State;
  readonly worker: Remote;
  /** what this browser can compute with; settled soon after the start */
  readonly machine: Promise<Machine>;
  /** Opens the next step. */
  next(): void;
  /** Removes everything that is kept, and opens the first step. */
  clear(): Promise<void>;
  /** Says something to those who listen to the page; sparingly. */
  say(text: string): void;
}
