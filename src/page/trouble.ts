/** Errors on their way between threads, and what the page says of them. */
import { VeilganError } from '../base/errors.ts';
import { type PlanNumber, planNumbers } from './fields.ts';
import type { Trouble } from './protocol.ts';

/** What the form calls a setting; undefined where it has none of that name. */
const labelOf = (name: string): string | undefined =>
  Object.hasOwn(planNumbers, name) ? `\u201c${planNumbers[name as PlanNumber].label}\u201d` : undefined;

/** A setting in a text of the library: `batch`, or `batch: 64`. */
const SETTING = /`(\w+)((?:: [^`]*)?)`/g;

/** By the form's own words; settings that it has not got keep their names. */
const translated = (text: string): string =>
  text.replace(SETTING, (_, name: string, value: string) => `${labelOf(name) ?? name}${value}`);

/** What can be done here: the parts of a fix that speak of no setting that the form has not got, and of no flag. */
function doable(fix: string): string {
  const known = (part: string) => Array.from(part.matchAll(SETTING)).every(([, name]) => labelOf(name));
  const sentences = fix.split(/(?<=[.;])\s+/).map((sentence) => {
    const parts = sentence.split(/(?<=,)\s+/).filter((part) => known(part) && !/(^|\s)--[a-z]/.test(part));
    const [end = ''] = sentence.match(/[.;]$/) ?? [];
    return parts.length ? `${parts.join(' ').replace(/^or |[,.;]$/g, '')}${end}` : '';
  });
  return translated(sentences.filter(Boolean).join(' ')).replace(/;$/, '');
}

/** A thrown thing as one that can be told; what is no VeilganError is a defect of ours. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof VeilganError) {
    const { code, message, where, fix } = error;
    // A place is one of the owner's file, or a setting; of the latter, those of the form are known to them.
    const place = /^-*[a-z]\w*$/i.test(where) ? (labelOf(where) ?? '') : where;
    return { code, message: translated(message), where: place, fix: doable(fix) };
  }
  const { name, message } = error as Error;
  if (name === 'NotReadableError' || name === 'NotFoundError') {
    return {
      code: 'FILE',
      message: 'the file can no longer be read: it was changed, moved or deleted',
      where: '',
      fix: 'Choose it again',
    };
  }
  if (error instanceof RangeError && /alloc|array length|buffer/i.test(message)) {
    return {
      code: 'OUT_OF_MEMORY',
      message: 'the browser gives this tab no more memory',
      where: '',
      fix: 'Leave columns out, take a file with fewer rows, or close other tabs',
    };
  }
  return {
    code: 'VALIDATION',
    message: `something went wrong that should not: ${message || String(error)}`,
    where: '',
    fix: 'Reload the page; if it happens again, please report it',
  };
}

/** The error that was told. */
export const errorOf = ({ code, message, where, fix }: Trouble): VeilganError =>
  new VeilganError(code, message, { where, fix });
