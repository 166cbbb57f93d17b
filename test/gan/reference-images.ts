/**
 * Layers of image networks in float64 and plain loops, each with its backward and its linearisation; shares nothing
 * with src. Rows are flat, [n, h * w * c]; layouts and defaults as src/gan/README.md has them.
 */
import { conv64, convFilter64, convInput64, type Geometry } from '../support/conv64.ts';

export type Params64 = Record<string, Float64Array>;

/** A layer that has been applied to a batch. */
export interface Pass {
  readonly y: Float64Array;
  /** Adds <e, y>'s derivatives by the parameters to `into`, if given; the derivative by the input is returned. */
  backward(e: Float64Array, into?: Params64): Float64Array;
  /** The layer linearised at this batch (slopes kept, no bias), applied to a direction. Not for batch normalisation. */
  along(v: Float64Array): Pass;
}

/** What a network meets on its way that is not a function of its input. */
export interface Way {
  /** the next dropout layer's factors, 0 or 1 / (1 - rate) */
  readonly mask?: (length: number) => Float64Array;
  /** told of the statistics of each normalisation: `count` values a channel, the variance biased */
  readonly seen?: (name: string, mean: Float64Array, variance: Float64Array, count: number) => void;
  /** statistics to normalise with instead of the batch's own, as after training; forward only */
  readonly given?: (name: string) => { mean: Float64Array; variance: Float64Array };
}

export type Layer64 = (p: Params64, x: Float64Array, n: number, way: Way) => Pass;

function addInto(into: Params64 | undefined, name: string | undefined, g: () => Float64Array): void {
  if (!into || !name) return;
  const [sum, values] = [into[name], g()];
  for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}

/** Sums over all but the last axis. */
function columns(e: Float64Array, width: number): Float64Array {
  const out = new Float64Array(width);
  for (let i = 0; i < e.length; i++) out[i % width] += e[i];
  return out;
}

/** A layer that is linear but for its bias, of `outputs` channels. */
function affine(
  names: { weight: string; bias?: string },
  outputs: number,
  forward: (x: Float64Array, w: Float64Array, n: number) => Float64Array,
  input: (e: Float64Array, w: Float64Array, n: number) => Float64Array,
  filter: (x: Float64Array, e: Float64Array, n: number) => Float64Array,
): Layer64 {
  const at = (p: Params64, x: Float64Array, n: number, bias?: string): Pass => {
    const w = p[names.weight];
    const y = forward(x, w, n);
    if (bias) for (let i = 0; i < y.length; i++) y[i] += p[bias][i % outputs];
    return {
      y,
      backward: (e, into) => {
        addInto(into, names.weight, () => filter(x, e, n));
        addInto(into, bias, () => columns(e, outputs));
        return input(e, w, n);
      },
      along: (v) => at(p, v, n),
    };
  };
  return (p, x, n) => at(p, x, n, names.bias);
}

/** Convolution: w [kh, kw, ci, co]. */
export const conv = (s: Geometry, weight: string, bias?: string): Layer64 =>
  affine(
    { weight, bias },
    s.co,
    (x, w, n) => conv64(x, w, n, s),
    (e, w, n) => convInput64(e, w, n, s),
    (x, e, n) => convFilter64(x, e, n, s),
  );

/** Transposed convolution without bias, the adjoint of the convolution that `s` describes: [oh, ow, co] -> [h, w, ci]. */
export const up = (s: Geometry, weight: string): Layer64 =>
  affine(
    { weight },
    s.ci,
    (x, w, n) => convInput64(x, w, n, s),
    (e, w, n) => conv64(e, w, n, s),
    (x, e, n) => convFilter64(e, x, n, s),
  );

/** Dense layer: w [inputs, outputs], a convolution of one pixel. */
export const dense = (inputs: number, outputs: number, weight: string, bias?: string): Layer64 =>
  conv(
    { h: 1, w: 1, ci: inputs, kh: 1, kw: 1, co: outputs, sh: 1, sw: 1, top: 0, left: 0, oh: 1, ow: 1 },
    weight,
    bias,
  );

/** Multiplication by factors that do not depend on the parameters. */
function times(x: Float64Array, factors: Float64Array): Pass {
  const by = (v: Float64Array) => v.map((a, i) => a * factors[i]);
  return { y: by(x), backward: by, along: (v) => times(v, factors) };
}

export const leaky =
  (slope: number): Layer64 =>
  (_, x) =>
    times(
      x,
      x.map((v) => (v > 0 ? 1 : slope)),
    );

export const dropout: Layer64 = (_, x, __, { mask }) => {
  if (!mask) throw new Error('a dropout layer without a mask');
  return times(x, mask(x.length));
};

export const tanh: Layer64 = (_, x) => {
  const y = x.map(Math.tanh);
  const slopes = y.map((v) => 1 - v * v);
  return { y, backward: (e) => e.map((v, i) => v * slopes[i]), along: (v) => times(v, slopes) };
};

/** Sum over all but the last axis of a product. */
const products = (a: Float64Array, b: Float64Array, width: number): Float64Array =>
  columns(
    a.map((v, i) => v * b[i]),
    width,
  );

/** Batch normalisation by the batch's own mean and biased variance over all but the channels (the last axis). */
export const norm =
  (channels: number, gamma: string, beta: string, epsilon = 1e-3): Layer64 =>
  (p, x, _, { seen, given }) => {
    const count = x.length / channels;
    const mean = given?.(gamma).mean ?? columns(x, channels).map((v) => v / count);
    const centred = x.map((v, i) => v - mean[i % channels]);
    const variance = given?.(gamma).variance ?? products(centred, centred, channels).map((v) => v / count);
    seen?.(gamma, mean, variance, count);
    const inverse = variance.map((v) => 1 / Math.sqrt(v + epsilon));
    const hat = centred.map((v, i) => v * inverse[i % channels]);
    return {
      y: hat.map((v, i) => p[gamma][i % channels] * v + p[beta][i % channels]),
      backward: (e, into) => {
        const plain = columns(e, channels);
        const aligned = products(e, hat, channels);
        addInto(into, beta, () => plain);
        addInto(into, gamma, () => aligned);
        return e.map((v, i) => {
          const c = i % channels;
          return p[gamma][c] * inverse[c] * (v - plain[c] / count - (hat[i] * aligned[c]) / count);
        });
      },
      along: () => {
        throw new Error('no linearisation of batch normalisation');
      },
    };
  };

/** Layers one after another, applied. */
export class Run implements Pass {
  readonly passes: readonly Pass[];

  constructor(passes: readonly Pass[]) {
    this.passes = passes;
  }
  static of(net: readonly Layer64[], p: Params64, x: Float64Array, n: number, way: Way = {}): Run {
    let h = x;
    return new Run(
      net.map((layer) => {
        const pass = layer(p, h, n, way);
        h = pass.y;
        return pass;
      }),
    );
  }
  get y(): Float64Array {
    return this.passes[this.passes.length - 1].y;
  }
  backward(e: Float64Array, into?: Params64): Float64Array {
    return this.passes.reduceRight((error, pass) => pass.backward(error, into), e);
  }
  along(v: Float64Array): Run {
    let h = v;
    return new Run(
      this.passes.map((pass) => {
        const next = pass.along(h);
        h = next.y;
        return next;
      }),
    );
  }
}

export const zeros64 = (p: Params64): Params64 =>
  Object.fromEntries(Object.entries(p).map(([name, v]) => [name, new Float64Array(v.length)]));

/**
 * The mean over rows of (|d net / d x| - 1)^2, and `weight` times its derivative by the parameters added to `into`, by
 * pushing a constant direction through the linearised network: no second derivative is taken.
 */
export function penalty64(
  net: readonly Layer64[],
  p: Params64,
  x: Float64Array,
  n: number,
  weight: number,
  into: Params64,
  way: Way = {},
): number {
  const run = Run.of(net, p, x, n, way);
  const ones = new Float64Array(n).fill(1);
  const g = run.backward(ones);
  const width = g.length / n;
  const norms = Array.from({ length: n }, (_, b) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += g[b * width + i] ** 2;
    return Math.sqrt(sum);
  });
  const direction = g.map((v, i) => {
    const length = norms[Math.floor(i / width)];
    return length > 0 ? (((2 * weight) / n) * (length - 1) * v) / length : 0;
  });
  run.along(direction).backward(ones, into);
  return norms.reduce((sum, length) => sum + (length - 1) ** 2, 0) / n;
}
