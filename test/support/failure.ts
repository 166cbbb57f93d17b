/** Failures that are meant: the VeilganError of what must not go through. Another error, or none, fails the test. */
import { VeilganError } from '../../src/base/errors.ts';

function meant(error: unknown): VeilganError {
  if (!(error instanceof VeilganError)) throw error;
  // What is wrong with a flag or a field is its own remedy.
  if (!error.fix && error.code !== 'CONFIG' && error.code !== 'USAGE') throw new Error(`no fix for: ${error.message}`);
  return error;
}

/** Of a call. */
export function failure(run: () => unknown): VeilganError {
  try {
    run();
  } catch (error) {
    return meant(error);
  }
  throw new Error('was accepted');
}

/** Of a promise, or of a call that returns one. */
export async function rejection(run: Promise<unknown> | (() => unknown)): Promise<VeilganError> {
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (error) {
    return meant(error);
  }
  throw new Error('was accepted');
}
