/** What a case of the comparison between a page and Node is. */
import type { Shape } from '../../src/tensor/shape.ts';
import { type Tensor, tensor } from '../../src/tensor/tensor.ts';

/** Standard normal inputs by their shapes, and what is computed of them; by default with the gradient of each. */
export interface Case {
  readonly shapes: readonly Shape[];
  readonly fn: (...x: Tensor[]) => Tensor | readonly Tensor[];
  /** whether nothing of it is differentiable */
  readonly constant?: boolean;
  /** inputs uniform in a range instead */
  readonly range?: readonly [number, number];
}

/** The functions that a module exports, less those that are no operations. */
export type Cases<M, Others extends keyof M = never> = Record<Exclude<keyof M, Others>, readonly Case[]>;

export const of = (shapes: readonly Shape[], fn: Case['fn'], more: Partial<Case> = {}): Case => ({
  shapes,
  fn,
  ...more,
});
export const indices = (x: Tensor, n: number, below: number): Tensor =>
  tensor(
    x.gpu,
    Uint32Array.from({ length: n }, (_, i) => (i * i + 3 * i + 1) % below),
  );
