/** Bilinear resizing of images on the device, as two matrix products. */
import type { Gpu } from '../../gpu/index.ts';
import { contract } from '../../ops/contract.ts';
import { reshape } from '../../ops/movement.ts';
import { scope } from '../../tensor/scope.ts';
import type { Shape } from '../../tensor/shape.ts';
import { type Tensor, tensor } from '../../tensor/tensor.ts';

/**
 * Weights of linear interpolation along an axis, [to, from], as PyTorch's interpolate(align_corners=False) without
 * antialiasing has them (what pytorch-fid does): output i stands at (i + 0.5) from / to - 0.5, cut at 0; the neighbour
 * beyond the last pixel is the last.
 */
export function linearWeights(from: number, to: number): Float32Array {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const left = Math.min(from - 1, Math.floor(at));
    const right = Math.min(from - 1, left + 1);
    weights[i * from + left] += 1 - (at - left);
    weights[i * from + right] += at - left;
  }
  return weights;
}

/**
 * What resizes images of one shape to [side, side, 3]; grey ones get three equal channels.
 * @param shape [height, width, 1 or 3]
 */
export class Resizer {
  readonly #shape: Shape;
  readonly #side: number;
  /** [width * channels, side * 3] */
  readonly #columns: Tensor;
  /** [1, side, height] */
  readonly #rows: Tensor;

  constructor(gpu: Gpu, shape: Shape, side: number) {
    const [h, w, c] = shape;
    this.#shape = shape;
    this.#side = side;
    const across = linearWeights(w, side);
    const columns = new Float32Array(w * c * side * 3);
    for (let j = 0; j < w; j++) {
      for (let i = 0; i < side; i++) {
        for (let rgb = 0; rgb < 3; rgb++) {
          const channel = c === 1 ? 0 : rgb;
          columns[(j * c + channel) * side * 3 + i * 3 + rgb] = across[i * w + j];
        }
      }
    }
    this.#columns = tensor(gpu, columns, [w * c, side * 3]);
    this.#rows = tensor(gpu, linearWeights(h, side), [1, side, h]);
  }

  /** [1, n, values of an image] -> [1, n, side, side, 3] */
  apply(x: Tensor): Tensor {
    const [h, w, c] = this.#shape;
    const side = this.#side;
    const n = x.length / (h * w * c);
    return scope(() => {
      const wide = contract(reshape(x, [n * h, w * c]), this.#columns);
      return reshape(contract(this.#rows, reshape(wide, [n, h, side * 3])), [1, n, side, side, 3]);
    });
  }

  dispose(): void {
    this.#columns.dispose();
    this.#rows.dispose();
  }
}
