/** The convolutions that all engines are given, and the float64 entries that their results are held against. */
import { generator, normals } from './problems.mjs';

/** One axis of 'same' padding: size of the map, and zeros before (TensorFlow's). */
function axis(size, kernel, stride) {
  const out = Math.ceil(size / stride);
  return { out, before: Math.floor(Math.max((out - 1) * stride + kernel - size, 0) / 2) };
}

/** A layer on square images of `h` rows, 5 x 5 kernels; one weight block. `transposed`: its forward makes the image. */
function layer(player, h, ci, co, stride, n, large = false) {
  const { out, before } = axis(h, 5, stride);
  const geometry = { h, w: h, oh: out, ow: out, kh: 5, kw: 5, sh: stride, sw: stride, top: before, left: before };
  const transposed = player === 'generator';
  const [image, map] = [`${h}x${h}x${ci}`, `${out}x${out}x${co}`];
  const name = `mnist ${player} ${transposed ? `${map} > ${image}` : `${image} > ${map}`}, 1 x ${n}`;
  return { name, transposed, geometry, groups: 1, n, ci, co, large };
}

/** PAR-GAN's MNIST layers: at samples that make about half a GFLOP (16 at least), and `large` ones at the preset's batch of 64. */
export const CONV = [
  layer('generator', 7, 128, 256, 1, 16),
  layer('generator', 14, 64, 128, 2, 16),
  layer('generator', 28, 1, 64, 2, 64),
  layer('critic', 28, 1, 64, 2, 64),
  layer('critic', 14, 64, 128, 2, 16),
  layer('generator', 7, 128, 256, 1, 64, true),
  layer('generator', 14, 64, 128, 2, 64, true),
  layer('critic', 14, 64, 128, 2, 64, true),
];

/** What a layer's cases time: its forward, and its gradients in the input and in the weights together. */
export const CASES = CONV.flatMap((l) => {
  const [forward, back] = l.transposed ? ['input', 'conv'] : ['conv', 'input'];
  return [
    { layer: l, case: `${l.name}, forward`, passes: [forward] },
    { layer: l, case: `${l.name}, both gradients`, passes: [back, 'filter'] },
  ];
});

/** Operations of one product of a layer. */
export const convFlop = ({ geometry: at, n, ci, co }) => 2 * n * at.oh * at.ow * at.kh * at.kw * ci * co;

/** Standard normal image [n, h, w, ci], map [n, oh, ow, co] and weights [kh, kw, ci, co]. */
export function convOperands({ geometry: at, n, ci, co }) {
  const next = generator(n + ci);
  return {
    x: normals(next, n * at.h * at.w * ci),
    y: normals(next, n * at.oh * at.ow * co),
    k: normals(next, at.kh * at.kw * ci * co),
  };
}

/** Values of an array of shape `shape` with its axes in another order: axis i of the result is `order[i]` of it. */
export function permuted(values, shape, order) {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const out = new Float32Array(values.length);
  const sizes = order.map((i) => shape[i]);
  const steps = order.map((i) => strides[i]);
  const at = new Array(order.length).fill(0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = values[from];
    for (let d = order.length - 1; d >= 0; d--) {
      from += steps[d];
      if (++at[d] < sizes[d]) break;
      from -= steps[d] * sizes[d];
      at[d] = 0;
    }
  }
  return out;
}

/**
 * Holds 32 entries of a product, channels last, against float64.
 * @throws Error naming the entry that is off by more than the rounding of a sum of its terms
 */
export function checkConv(pass, l, operands, got) {
  const { geometry: at, n, ci, co } = l;
  const image = n * at.h * at.w * ci;
  const size = { conv: n * at.oh * at.ow * co, input: image, filter: at.kh * at.kw * ci * co }[pass];
  if (got.length !== size) throw new Error(`${l.name}, ${pass}: ${got.length} entries, not ${size}`);
  const next = generator(size);
  const tolerance = toleranceOf(pass, l);
  for (let t = 0; t < 32; t++) {
    const i = t ? Math.floor(next() * size) : size - 1;
    const want = entry64(pass, l, operands, i);
    if (!(Math.abs(got[i] - want) <= tolerance)) {
      throw new Error(`${l.name}, ${pass}: entry ${i} is ${got[i]}, not ${want}`);
    }
  }
}

/** Rounding to expect of an entry made of standard normal numbers; a wrong tap is off by about 1, far beyond it. */
export const toleranceOf = (pass, sizes) => 1e-5 + 5e-7 * termsOf(pass, sizes);

const whole = (v, below) => Number.isInteger(v) && v >= 0 && v < below;

/** An index into an array of these dimensions, as its coordinates. */
function coordinates(index, dimensions) {
  let rest = index;
  return dimensions
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = (rest - at) / size;
      return at;
    })
    .reverse();
}

/** Most terms that an entry of a product sums, which bounds its rounding error. */
function termsOf(pass, { geometry: at, n, ci, co }) {
  if (pass === 'filter') return n * at.oh * at.ow;
  return at.kh * at.kw * (pass === 'conv' ? ci : co);
}

/**
 * Entry `index` of a product, in float64 from its definition: of the map (`conv`), of the image (`input`) or of the
 * weights (`filter`).
 */
export function entry64(pass, sizes, { x, y, k }, index) {
  const { geometry: at, n, ci, co } = sizes;
  const image = (g, b, iy, ix) => (((g * n + b) * at.h + iy) * at.w + ix) * ci;
  const map = (g, b, oy, ox) => (((g * n + b) * at.oh + oy) * at.ow + ox) * co;
  const weights = (g, ty, tx, c) => (((g * at.kh + ty) * at.kw + tx) * ci + c) * co;
  let sum = 0;
  if (pass === 'conv') {
    const [gb, oy, ox, o] = coordinates(index, [Number.MAX_SAFE_INTEGER, at.oh, at.ow, co]);
    const [g, b] = [Math.floor(gb / n), gb % n];
    for (let ty = 0; ty < at.kh; ty++) {
      for (let tx = 0; tx < at.kw; tx++) {
        const [iy, ix] = [oy * at.sh + ty - at.top, ox * at.sw + tx - at.left];
        if (!whole(iy, at.h) || !whole(ix, at.w)) continue;
        for (let c = 0; c < ci; c++) sum += x[image(g, b, iy, ix) + c] * k[weights(g, ty, tx, c) + o];
      }
    }
    return sum;
  }
  if (pass === 'input') {
    const [gb, iy, ix, c] = coordinates(index, [Number.MAX_SAFE_INTEGER, at.h, at.w, ci]);
    const [g, b] = [Math.floor(gb / n), gb % n];
    for (let ty = 0; ty < at.kh; ty++) {
      for (let tx = 0; tx < at.kw; tx++) {
        const [oy, ox] = [(iy + at.top - ty) / at.sh, (ix + at.left - tx) / at.sw];
        if (!whole(oy, at.oh) || !whole(ox, at.ow)) continue;
        for (let o = 0; o < co; o++) sum += y[map(g, b, oy, ox) + o] * k[weights(g, ty, tx, c) + o];
      }
    }
    return sum;
  }
  const [g, ty, tx, c, o] = coordinates(index, [Number.MAX_SAFE_INTEGER, at.kh, at.kw, ci, co]);
  for (let b = 0; b < n; b++) {
    for (let oy = 0; oy < at.oh; oy++) {
      for (let ox = 0; ox < at.ow; ox++) {
        const [iy, ix] = [oy * at.sh + ty - at.top, ox * at.sw + tx - at.left];
        if (whole(iy, at.h) && whole(ix, at.w)) sum += x[image(g, b, iy, ix) + c] * y[map(g, b, oy, ox) + o];
      }
    }
  }
  return sum;
}
