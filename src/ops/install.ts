/** Puts the operations on tensors as methods; the functions themselves are the same. */
import type { Tensor as T } from '../tensor/tensor.ts';
import { Tensor } from '../tensor/tensor.ts';
import { assign } from './assign.ts';
import { matmul } from './contract.ts';
import * as e from './elementwise.ts';
import { gather, type IndexList } from './gather.ts';
import { broadcastTo, detach, pad, permute, reshape, slice, transpose } from './movement.ts';
import { max, mean, type ReduceOptions, sum } from './reduce.ts';

/** A tensor, or a number that the operation applies to every element. */
type Operand = T | number;

declare module '../tensor/tensor.ts' {
  interface Tensor {
    neg(): T;
    exp(): T;
    log(): T;
    sqrt(): T;
    square(): T;
    reciprocal(): T;
    abs(): T;
    sign(): T;
    sin(): T;
    cos(): T;
    tanh(): T;
    sigmoid(): T;
    softplus(): T;
    leakyRelu(slope?: number): T;
    clamp(low: number, high: number): T;
    add(b: Operand): T;
    sub(b: Operand): T;
    mul(b: Operand): T;
    div(b: Operand): T;
    maximum(b: T): T;
    minimum(b: T): T;
    greater(b: T): T;
    equal(b: T): T;
    bceWithLogits(target: T): T;
    matmul(b: T, options?: { transposeA?: boolean; transposeB?: boolean }): T;
    sum(axes?: number | readonly number[], options?: ReduceOptions): T;
    mean(axes?: number | readonly number[], options?: ReduceOptions): T;
    max(axes?: number | readonly number[], options?: ReduceOptions): T;
    reshape(shape: readonly number[]): T;
    permute(order: readonly number[]): T;
    transpose(): T;
    slice(axis: number, start: number, end: number): T;
    pad(axis: number, before: number, after: number): T;
    broadcastTo(shape: readonly number[]): T;
    gather(index: T | IndexList): T;
    detach(): T;
    assign(value: T): void;
  }
}

const unary = [
  'neg',
  'exp',
  'log',
  'sqrt',
  'square',
  'reciprocal',
  'abs',
  'sign',
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'softplus',
] as const;
const binary = ['maximum', 'minimum', 'greater', 'equal', 'bceWithLogits'] as const;

const methods: Partial<T> & ThisType<T> = {
  leakyRelu(slope = 0.3) {
    return e.leakyRelu(this, slope);
  },
  clamp(low, high) {
    return e.clamp(this, low, high);
  },
  add(b) {
    return typeof b === 'number' ? e.shift(this, b) : e.add(this, b);
  },
  sub(b) {
    return typeof b === 'number' ? e.shift(this, -b) : e.sub(this, b);
  },
  mul(b) {
    return typeof b === 'number' ? e.scale(this, b) : e.mul(this, b);
  },
  div(b) {
    return typeof b === 'number' ? e.scale(this, 1 / b) : e.div(this, b);
  },
  matmul(b, options) {
    return matmul(this, b, options);
  },
  sum(axes, options) {
    return sum(this, axes, options);
  },
  mean(axes, options) {
    return mean(this, axes, options);
  },
  max(axes, options) {
    return max(this, axes, options);
  },
  reshape(shape) {
    return reshape(this, shape);
  },
  permute(order) {
    return permute(this, order);
  },
  transpose() {
    return transpose(this);
  },
  slice(axis, start, end) {
    return slice(this, axis, start, end);
  },
  pad(axis, before, after) {
    return pad(this, axis, before, after);
  },
  broadcastTo(shape) {
    return broadcastTo(this, shape);
  },
  gather(index) {
    return gather(this, index);
  },
  detach() {
    return detach(this);
  },
  assign(value) {
    assign(this, value);
  },
};

Object.assign(Tensor.prototype, methods);
for (const name of unary) {
  Tensor.prototype[name] = function (this: T) {
    return e[name](this);
  };
}
for (const name of binary) {
  Tensor.prototype[name] = function (this: T, b: T) {
    return e[name](this, b);
  };
}
