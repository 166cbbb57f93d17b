/** Errors on their way between threads, and what the page says of them. */
import { VeilganError } from '../base/errors.ts';
import type { Trouble } from './protocol.ts';

/** A thrown thing as one that can be told; what is no VeilganError is a defect of ours. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof VeilganError) {
    const { code, message, where, fix } = error;
    // Flags are of the command line.
    return { code, message, where: where.startsWith('--') ? '' : where, fix: withoutFlags(fix) };
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

/** The sentences of a text that name no flag. */
const withoutFlags = (text: string): string =>
  text
    .split(/(?<=[.;:,])\s+/)
    .filter((part) => !/(^|\s)--[a-z]/.test(part))
    .join(' ')
    .replace(/[,;:]$/, '');

/** The error that was told. */
export const errorOf = ({ code, message, where, fix }: Trouble): VeilganError =>
  new VeilganError(code, message, { where, fix });
