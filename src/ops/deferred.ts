import type { Shape } from '../tensor/shape.ts';
import type { DeferredCotangent } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Epilogue } from './epilogue.ts';
import { reshape } from './movement.ts';

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
