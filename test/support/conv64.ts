/**
 * Two-dimensional convolution (cross-correlation), channels last, in float64 from its definition; shares nothing with
 * src. The trilinear form <y, conv(x, w)> = sum of y x w over all taps has three partial derivatives, and all of them
 * are one walk over the taps with another inner product.
 */

export type Padding64 = 'same' | 'valid' | readonly [readonly [number, number], readonly [number, number]];

export interface Options64 {
  stride?: number | readonly [number, number];
  padding?: Padding64;
}

/** Sizes of an image [h, w, ci], a filter [kh, kw, ci, co] and the result [oh, ow, co]. */
export interface Geometry {
  readonly h: number;
  readonly w: number;
  readonly ci: number;
  readonly kh: number;
  readonly kw: number;
  readonly co: number;
  readonly sh: number;
  readonly sw: number;
  readonly top: number;
  readonly left: number;
  readonly oh: number;
  readonly ow: number;
}

/** Size of the result and padding before, on one axis; "same" as TensorFlow has it. */
function axis(size: number, kernel: number, stride: number, padding: 'same' | 'valid' | readonly [number, number]) {
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(Math.max((out - 1) * stride + kernel - size, 0) / 2) };
  }
  const [before, after] = padding === 'valid' ? [0, 0] : padding;
  return { out: Math.floor((size + before + after - kernel) / stride) + 1, before };
}

/** @param image [h, w, ci] @param filter [kh, kw, ci, co] */
export function geometry(
  [h, w, ci]: readonly number[],
  [kh, kw, , co]: readonly number[],
  { stride = 1, padding = 'same' }: Options64 = {},
): Geometry {
  const [sh, sw] = typeof stride === 'number' ? [stride, stride] : stride;
  const [ph, pw] = typeof padding === 'string' ? [padding, padding] : padding;
  const [rows, columns] = [axis(h, kh, sh, ph), axis(w, kw, sw, pw)];
  return { h, w, ci, kh, kw, co, sh, sw, top: rows.before, left: columns.before, oh: rows.out, ow: columns.out };
}

/**
 * Calls `visit` for every tap and every row of a result: offsets into x, w and y of the row's first pixel whose tap
 * falls inside the image, and how many there are; the next one lies sw * ci further in x and co further in y.
 */
function walk(n: number, s: Geometry, visit: (xo: number, wo: number, yo: number, pixels: number) => void): void {
  for (let tj = 0; tj < s.kw; tj++) {
    const first = Math.max(0, Math.ceil((s.left - tj) / s.sw));
    const pixels = Math.min(s.ow, Math.floor((s.w - 1 + s.left - tj) / s.sw) + 1) - first;
    if (pixels <= 0) continue;
    for (let ti = 0; ti < s.kh; ti++) {
      const wo = (ti * s.kw + tj) * s.ci * s.co;
      for (let b = 0; b < n; b++) {
        for (let i = 0; i < s.oh; i++) {
          const r = i * s.sh - s.top + ti;
          if (r < 0 || r >= s.h) continue;
          const c = first * s.sw - s.left + tj;
          visit(((b * s.h + r) * s.w + c) * s.ci, wo, ((b * s.oh + i) * s.ow + first) * s.co, pixels);
        }
      }
    }
  }
}

/** One block: x [n, h, w, ci], w [kh, kw, ci, co] -> [n, oh, ow, co]. Four at a time is for speed alone. */
export function conv64(x: Float64Array, w: Float64Array, n: number, s: Geometry): Float64Array {
  const { ci, co } = s;
  const y = new Float64Array(n * s.oh * s.ow * co);
  walk(n, s, (x0, wo, y0, pixels) => {
    for (let p = 0; p < pixels; p++) {
      const [xo, yo] = [x0 + p * s.sw * ci, y0 + p * co];
      let c = 0;
      for (; c + 4 <= ci; c += 4) {
        const [a, b, d, e] = [x[xo + c], x[xo + c + 1], x[xo + c + 2], x[xo + c + 3]];
        const [w1, w2, w3, w4] = [wo + c * co, wo + (c + 1) * co, wo + (c + 2) * co, wo + (c + 3) * co];
        for (let o = 0; o < co; o++) y[yo + o] += a * w[w1 + o] + b * w[w2 + o] + d * w[w3 + o] + e * w[w4 + o];
      }
      for (; c < ci; c++) {
        const [v, at] = [x[xo + c], wo + c * co];
        for (let o = 0; o < co; o++) y[yo + o] += v * w[at + o];
      }
    }
  });
  return y;
}

/** The derivative by x, which is the transposed convolution: y [n, oh, ow, co], w -> [n, h, w, ci]. */
export function convInput64(y: Float64Array, w: Float64Array, n: number, s: Geometry): Float64Array {
  const { ci, co } = s;
  const x = new Float64Array(n * s.h * s.w * ci);
  walk(n, s, (x0, wo, y0, pixels) => {
    for (let p = 0; p < pixels; p++) {
      const [xo, yo] = [x0 + p * s.sw * ci, y0 + p * co];
      let c = 0;
      for (; c + 4 <= ci; c += 4) {
        const [w1, w2, w3, w4] = [wo + c * co, wo + (c + 1) * co, wo + (c + 2) * co, wo + (c + 3) * co];
        let [a, b, d, e] = [0, 0, 0, 0];
        for (let o = 0; o < co; o++) {
          const v = y[yo + o];
          a += v * w[w1 + o];
          b += v * w[w2 + o];
          d += v * w[w3 + o];
          e += v * w[w4 + o];
        }
        x[xo + c] += a;
        x[xo + c + 1] += b;
        x[xo + c + 2] += d;
        x[xo + c + 3] += e;
      }
      for (; c < ci; c++) {
        const at = wo + c * co;
        let v = 0;
        for (let o = 0; o < co; o++) v += y[yo + o] * w[at + o];
        x[xo + c] += v;
      }
    }
  });
  return x;
}

/** The derivative by w, over all rows: x [n, h, w, ci], y [n, oh, ow, co] -> [kh, kw, ci, co]. */
export function convFilter64(x: Float64Array, y: Float64Array, n: number, s: Geometry): Float64Array {
  const { ci, co } = s;
  const w = new Float64Array(s.kh * s.kw * ci * co);
  const next = s.sw * ci;
  walk(n, s, (x0, wo, y0, pixels) => {
    let p = 0;
    for (; p + 4 <= pixels; p += 4) {
      const [xo, yo] = [x0 + p * next, y0 + p * co];
      const [y2, y3, y4] = [yo + co, yo + 2 * co, yo + 3 * co];
      for (let c = 0; c < ci; c++) {
        const [a, b] = [x[xo + c], x[xo + next + c]];
        const [d, e] = [x[xo + 2 * next + c], x[xo + 3 * next + c]];
        const at = wo + c * co;
        for (let o = 0; o < co; o++) w[at + o] += a * y[yo + o] + b * y[y2 + o] + d * y[y3 + o] + e * y[y4 + o];
      }
    }
    for (; p < pixels; p++) {
      const [xo, yo] = [x0 + p * next, y0 + p * co];
      for (let c = 0; c < ci; c++) {
        const [v, at] = [x[xo + c], wo + c * co];
        for (let o = 0; o < co; o++) w[at + o] += v * y[yo + o];
      }
    }
  });
  return w;
}

/** Block `g` of `groups`, of an array of `blocks` blocks. */
export function blockOf(data: Float64Array, blocks: number, g: number, groups: number): Float64Array {
  const size = data.length / blocks;
  const at = Math.floor((g * blocks) / groups);
  return data.subarray(at * size, (at + 1) * size);
}

/**
 * One of the trio for every group, group g reading block floor(g * blocks / groups) of each operand: the blocks of the
 * result one after another.
 */
export function grouped64(
  one: (a: Float64Array, b: Float64Array, n: number, s: Geometry) => Float64Array,
  [a, blocksA]: readonly [Float64Array, number],
  [b, blocksB]: readonly [Float64Array, number],
  n: number,
  s: Geometry,
): Float64Array {
  const groups = Math.max(blocksA, blocksB);
  const parts = Array.from({ length: groups }, (_, g) =>
    one(blockOf(a, blocksA, g, groups), blockOf(b, blocksB, g, groups), n, s),
  );
  const all = new Float64Array(groups * parts[0].length);
  for (const [g, part] of parts.entries()) all.set(part, g * part.length);
  return all;
}

/** Sums groups that shared a block: [groups, ...] -> [blocks, ...]. */
export function sumGroups64(data: Float64Array, groups: number, blocks: number): Float64Array {
  const size = data.length / groups;
  const out = new Float64Array(blocks * size);
  for (let g = 0; g < groups; g++) {
    const at = Math.floor((g * blocks) / groups) * size;
    for (let i = 0; i < size; i++) out[at + i] += data[g * size + i];
  }
  return out;
}
