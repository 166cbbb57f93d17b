/** The image networks of PAR-GAN's notebooks in float64, layer by layer as src/gan/README.md lists them. */
import { geometry } from '../support/conv64.ts';
import { conv, dense, dropout, type Layer64, leaky, norm, tanh, up } from './reference-images.ts';

export interface Net64 {
  readonly layers: readonly Layer64[];
  /** trainable parameters, in the order of the layers */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** batch normalisations by the name of their gamma: channels, and whether over images (else over flat features) */
  readonly norms: Readonly<Record<string, { channels: number; images: boolean }>>;
}

const SLOPE = 0.3;

class Builder {
  readonly layers: Layer64[] = [];
  readonly shapes: Record<string, readonly number[]> = {};
  readonly norms: Record<string, { channels: number; images: boolean }> = {};
  #count = 0;

  #name(kind: string, shape: readonly number[]): string {
    const name = `${this.#count}.${kind}`;
    this.shapes[name] = shape;
    return name;
  }
  dense(inputs: number, outputs: number, bias: boolean): this {
    const weight = this.#name('weight', [inputs, outputs]);
    this.layers.push(dense(inputs, outputs, weight, bias ? this.#name('bias', [outputs]) : undefined));
    this.#count++;
    return this;
  }
  norm(channels: number, images: boolean): this {
    const gamma = this.#name('gamma', [channels]);
    this.layers.push(norm(channels, gamma, this.#name('beta', [channels])), leaky(SLOPE));
    this.norms[gamma] = { channels, images };
    this.#count++;
    return this;
  }
  /** Transposed convolution from [side, side, from] to [side * stride, side * stride, to]. */
  up(side: number, from: number, to: number, stride: number): this {
    const filter = [5, 5, to, from];
    const weight = this.#name('weight', filter);
    this.layers.push(up(geometry([side * stride, side * stride, to], filter, { stride }), weight));
    this.#count++;
    return this;
  }
  tanh(): this {
    this.layers.push(tanh);
    return this;
  }
  /** Convolution of stride 2 with bias, leaky units and dropout. */
  down(side: number, from: number, to: number): this {
    const filter = [5, 5, from, to];
    const s = geometry([side, side, from], filter, { stride: 2 });
    this.layers.push(conv(s, this.#name('weight', filter), this.#name('bias', [to])), leaky(SLOPE), dropout);
    this.#count++;
    return this;
  }
}

/**
 * The networks of MNIST (28 x 28 x 1) and CIFAR-10 (32 x 32 x 3). The critics give a logit, the sigmoid is the loss's.
 * @param width of every hidden layer, as a share of the full network's
 */
export function imageNets(data: 'mnist' | 'cifar10', width = 1): { generator: Net64; critic: Net64 } {
  const [a, b, c] = [256 * width, 128 * width, 64 * width];
  const generator = new Builder();
  const critic = new Builder();
  if (data === 'mnist') {
    generator.dense(100, 49 * a, false).norm(49 * a, false);
    generator.up(7, a, b, 1).norm(b, true).up(7, b, c, 2).norm(c, true).up(14, c, 1, 2).tanh();
    critic
      .down(28, 1, c)
      .down(14, c, b)
      .dense(49 * b, 1, true);
  } else {
    generator
      .dense(100, 16 * a, false)
      .norm(a, true)
      .up(4, a, a, 1)
      .norm(a, true);
    generator.up(4, a, b, 2).norm(b, true).up(8, b, c, 2).norm(c, true).up(16, c, 3, 2).tanh();
    critic
      .down(32, 3, c)
      .down(16, c, b)
      .down(8, b, a)
      .dense(16 * a, 1, true);
  }
  return { generator, critic };
}
