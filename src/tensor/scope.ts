import { VeilganError } from '../base/errors.ts';
import { recording } from './tape.ts';
import type { Tensor } from './tensor.ts';

const stack: Set<Tensor>[] = [];

/** Puts a new tensor under the innermost scope, if there is one. */
export function own(tensor: Tensor): void {
  stack[stack.length - 1]?.add(tensor);
}

/** Takes a tensor out of every scope: the caller frees it with dispose(). */
export function keep<T extends Tensor>(tensor: T): T {
  for (const scope of stack) scope.delete(tensor);
  return tensor;
}

/** The tensors at any depth of lists and records, in order. */
export function leaves(tree: unknown): Tensor[] {
  if (tree === null || typeof tree !== 'object') return [];
  if ('storage' in tree && 'shape' in tree) return [tree as Tensor];
  return Object.values(tree).flatMap(leaves);
}

/**
 * Frees every tensor made inside `fn`, except those it returns, which pass to the scope around (or to the caller). So do
 * all others while a gradient records, since its way back may need them.
 * @throws VeilganError USAGE where `fn` is asynchronous
 */
export function scope<T>(fn: () => T): T {
  const mine = new Set<Tensor>();
  stack.push(mine);
  let result: T;
  try {
    result = fn();
    if (result instanceof Promise) {
      throw new VeilganError('USAGE', 'a scope ends before its asynchronous function does', {
        where: 'scope',
        fix: 'Return the tensors from the scope and await outside',
      });
    }
  } catch (error) {
    stack.pop();
    for (const t of mine) t.dispose();
    throw error;
  }
  stack.pop();
  for (const t of leaves(result)) if (mine.delete(t)) own(t);
  // A tape may need whatever was made: the scope around the outermost gradient frees it.
  for (const t of mine) recording() ? own(t) : t.dispose();
  return result;
}
