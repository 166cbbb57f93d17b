/** Puts the operations on tensors as methods; the functions themselves are the same. */
import type { Tensor as T } from '../tensor/tensor.ts';
import { Tensor } from '../tensor/tensor.ts';
import { assign } from './assign.ts';
import { matmul } from './contract.ts';
import * as elementwise from './elementwise.ts';
import { gather } from './gather.ts';
import { broadcastTo, detach, pad, permute, reshape, slice, transpose } from './movement.ts';
import { max, mean, sum } from './reduce.ts';

/** A tensor, or a number that the operation applies to every element. */
type Operand = T | number;

const { add, sub, mul, div, shift, scale } = elementwise;
const methods = {
  ...elementwise,
  ...{ matmul, sum, mean, max, reshape, permute, transpose, slice, pad, broadcastTo, gather, detach, assign },
  add: (a: T, b: Operand): T => (typeof b === 'number' ? shift(a, b) : add(a, b)),
  sub: (a: T, b: Operand): T => (typeof b === 'number' ? shift(a, -b) : sub(a, b)),
  mul: (a: T, b: Operand): T => (typeof b === 'number' ? scale(a, b) : mul(a, b)),
  div: (a: T, b: Operand): T => (typeof b === 'number' ? scale(a, 1 / b) : div(a, b)),
};

type Method<F> = F extends (a: T, ...rest: infer R) => infer Y ? (...rest: R) => Y : never;
type Methods = { [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module '../tensor/tensor.ts' {
  interface Tensor extends Methods {}
}

for (const [name, fn] of Object.entries(methods) as [string, (...args: unknown[]) => unknown][]) {
  Object.assign(Tensor.prototype, {
    [name](...rest: unknown[]) {
      return fn(this, ...rest);
    },
  });
}
