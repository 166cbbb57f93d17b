/** What contractions (matmul, convolution) do to a result before they write it, and the way back through it. */
import type { Shape } from '../tensor/shape.ts';
import { type Cotangent, type DeferredCotangent, force } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { leakyMask, mul, neg, shift, square } from './elementwise.ts';
import { EPILOGUE } from './matmul-params.ts';
import { reshape } from './movement.ts';
import { sum, weightedTotal } from './reduce.ts';

export type Epilogue =
  | { readonly kind: 'none' }
  | { readonly kind: 'bias'; readonly bias: Tensor }
  | { readonly kind: 'leaky'; readonly bias?: Tensor; readonly slope: number }
  | { readonly kind: 'tanh'; readonly bias?: Tensor }
  /** times 1 where `at` > 0 and times `slope` elsewhere: the way back through a leaky unit whose output is `at` */
  | { readonly kind: 'mask'; readonly at: Tensor; readonly slope: number };

export const NONE: Epilogue = { kind: 'none' };

export const biasOf = (e: Epilogue): Tensor | null => ('bias' in e ? (e.bias ?? null) : null);

/**
 * A cotangent that is a product not yet computed. The node it goes to may ask for it already masked, which the matmul
 * does in its epilogue: backward through a leaky layer then costs no elementwise pass.
 */
export class Deferred implements DeferredCotangent {
  readonly shape: Shape;
  readonly #make: (epilogue: Epilogue) => Tensor;
  #plain: Tensor | null = null;

  constructor(shape: Shape, make: (epilogue: Epilogue) => Tensor) {
    this.shape = shape;
    this.#make = make;
  }
  /** The product itself, computed once however often it is asked for. */
  plain(): Tensor {
    if (!this.#plain || this.#plain.disposed) this.#plain = this.#make({ kind: 'none' });
    return this.#plain;
  }
  /** The product times 1 where `at` > 0, times `slope` elsewhere. */
  masked(at: Tensor, slope: number): Tensor {
    return this.#make({ kind: 'mask', at, slope });
  }
  reshaped(shape: Shape): Deferred {
    return new Deferred(shape, (epilogue) =>
      reshape(
        this.#make(epilogue.kind === 'mask' ? { ...epilogue, at: reshape(epilogue.at, this.shape) } : epilogue),
        shape,
      ),
    );
  }
}

const masked = (g: Cotangent, at: Tensor, slope: number): Tensor =>
  g instanceof Deferred ? g.masked(at, slope) : leakyMask(force(g), at, slope);

/** Of each kind its bit, the bias's own aside, and the way back: from the cotangent of the result y to what came in. */
const rows: {
  readonly [Kind in Epilogue['kind']]: {
    readonly bit: number;
    readonly back: (g: Cotangent, y: Tensor, e: Extract<Epilogue, { kind: Kind }>) => Tensor;
  };
} = {
  none: { bit: EPILOGUE.NONE, back: force },
  bias: { bit: EPILOGUE.NONE, back: force },
  leaky: { bit: EPILOGUE.LEAKY, back: (g, y, { slope }) => masked(g, y, slope) },
  tanh: { bit: EPILOGUE.TANH, back: (g, y) => mul(force(g), shift(neg(square(y)), 1)) },
  mask: { bit: EPILOGUE.MASK, back: (g, _, { at, slope }) => masked(g, at, slope) },
};

/** What a layer may do to its result, beside adding the bias. */
export type Activation = 'none' | 'leaky' | 'tanh';

/** The epilogue of a layer: its bias, if it has one, and its activation. */
export function epilogueOf(activation: Activation, bias: Tensor | undefined, slope: number): Epilogue {
  if (activation !== 'none') return { kind: activation, bias, slope };
  return bias ? { kind: 'bias', bias } : NONE;
}

/** The epilogue's uniform fields and its tensor; `stand` is bound where it has none. */
export function epilogueParams(e: Epilogue, stand: Tensor): { epilogue: number; slope: number; c: Tensor } {
  const bias = biasOf(e);
  return {
    epilogue: rows[e.kind].bit | (bias ? EPILOGUE.BIAS : EPILOGUE.NONE),
    slope: 'slope' in e ? (e.slope as number) : 0,
    c: e.kind === 'mask' ? e.at : (bias ?? stand),
  };
}

/**
 * From the cotangent of a result `y` to that of the bare product. What one backward pass asks for twice, for per-sample
 * gradients and on its way on, is computed once.
 */
export function beforeEpilogue(e: Epilogue, y: Tensor): (g: Cotangent) => Tensor {
  let of: Cotangent | null = null;
  let made: Tensor | null = null;
  return (g) => {
    if (g !== of || !made || made.disposed) {
      made = rows[e.kind].back(g, y, e as never);
      of = g;
    }
    return made;
  };
}

/** The gradient of a bias [blocks, channels] (or [channels]) that was added to [groups, ..., channels]. */
export function biasGradient(g: Tensor, bias: Tensor): Tensor {
  const n = g.shape[g.rank - 1];
  const blocks = bias.length / n;
  return reshape(sum(reshape(g, [blocks, g.length / bias.length, n]), 1), bias.shape);
}

/** The gradient of a bias from those of its samples [samples, channels], each counted c times: Pair's `weighted`. */
export function weightedBias(each: Tensor, bias: Tensor, c: Tensor): Tensor {
  const n = each.shape[1];
  const blocks = bias.length / n;
  return reshape(weightedTotal(reshape(each, [blocks, c.length / blocks, n]), c), bias.shape);
}
