/** Declarations of flags that several verbs have. */
import * as z from 'zod';

const NUMBER = 'It must be a number, or a quotient such as 64/60000.';
const SHARE = 'It must be a number between 0 and 1.';

export const number = () => z.number(NUMBER);

/** A number between 0 and 1, both excluded. */
export const share = () => z.number(SHARE).gt(0, SHARE).lt(1, SHARE);

export function whole(low: number, high = Number.MAX_SAFE_INTEGER) {
  const says = `It must be a whole number from ${low} to ${high}.`;
  return z.int(says).min(low, says).max(high, says);
}

/** One that may be left out, and its help. */
export const optional = <T extends z.ZodType>(field: T, about: string) => field.optional().describe(about);
export const text = (about: string) => optional(z.string(), about);
/** Texts, each behind a flag of its own. */
export const repeated = (about: string) => z.array(z.string()).default([]).describe(about).meta({ repeated: true });

/** A flag without a value. */
export const flag = (about: string) => optional(z.boolean(), about);

export const quiet = flag('no progress');
export const seed = whole(0).default(1).describe('<n> of everything random');
export const runFolder = z.string().describe('run directory');
