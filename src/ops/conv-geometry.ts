/** Where the taps of a convolution lie. Pure. */
import { type Shape, shapeError } from '../tensor/shape.ts';

/** Zeros around an image: TensorFlow's names, or rows and columns [[top, bottom], [left, right]]. */
export type Padding =
  | 'same'
  | 'valid'
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

export interface ConvOptions {
  /** of both axes, or [vertical, horizontal]; default 1 */
  readonly stride?: number | readonly [number, number];
  /** default 'same' */
  readonly padding?: Padding;
}

/** An image [h, w], a map [oh, ow], and the taps [kh, kw] between them: iy = oy sh + ty - top. */
export interface Geometry {
  readonly h: number;
  readonly w: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly top: number;
  readonly left: number;
}

const count = (n: number, least: number): boolean => Number.isInteger(n) && n >= least;

/**
 * Windows along one axis: how many, and the zeros before the first, for an input of `size`. 'same' pads more after than
 * before (TensorFlow).
 */
export function windows(size: number, kernel: number, stride: number, padding: Side) {
  if (padding === 'same') {
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(Math.max((out - 1) * stride + kernel - size, 0) / 2) };
  }
  const [before, after] = padding === 'valid' ? [0, 0] : padding;
  return { out: Math.floor((size + before + after - kernel) / stride) + 1, before };
}

const strides = (stride: ConvOptions['stride'] = 1): readonly [number, number] =>
  typeof stride === 'number' ? [stride, stride] : stride;

type Side = 'same' | 'valid' | readonly [before: number, after: number];

/** Vertical and horizontal padding. @throws VeilganError SHAPE for what is neither a name nor counts */
function sides(op: string, shapes: readonly Shape[], padding: Padding): readonly [Side, Side] {
  if (padding === 'same' || padding === 'valid') return [padding, padding];
  if (Array.isArray(padding) && padding.flat().every((n) => count(n, 0))) return padding as readonly [Side, Side];
  const fix = "Use 'same', 'valid', or whole numbers [[top, bottom], [left, right]]";
  throw shapeError(op, shapes, `padding ${JSON.stringify(padding)}`, fix);
}

/**
 * @param image its last three axes are [h, w, channels]
 * @param weights [..., kh, kw, ci, co]
 * @throws VeilganError SHAPE for a stride or padding that is no count, or where no window fits
 */
export function geometryOf(op: string, image: Shape, weights: Shape, options: ConvOptions): Geometry {
  const [h, w] = image.slice(-3);
  const [kh, kw] = weights.slice(-4);
  const [sh, sw] = strides(options.stride);
  const { padding = 'same' } = options;
  const shapes = [image, weights];
  if (!count(sh, 1) || !count(sw, 1)) {
    throw shapeError(op, shapes, `a stride of ${sh} x ${sw}`, 'Give whole strides of at least 1');
  }
  const [vertical, horizontal] = sides(op, shapes, padding);
  const y = windows(h, kh, sh, vertical);
  const x = windows(w, kw, sw, horizontal);
  if (y.out < 1 || x.out < 1) {
    throw shapeError(op, shapes, `no ${kh} x ${kw} window fits the padded image`, 'Pad it more, or use fewer taps');
  }
  return { h, w, oh: y.out, ow: x.out, kh, kw, sh, sw, top: y.before, left: x.before };
}

/**
 * The geometry of the convolution that a transposed one is the adjoint of.
 * @param map its last three axes are [oh, ow, channels]
 * @param output [h, w]; by default the smallest image for 'same' that has this map without cropping: [oh sh, ow sw]
 * @throws VeilganError SHAPE where a convolution of such an image would not give this map
 */
export function transposedGeometry(
  op: string,
  map: Shape,
  weights: Shape,
  options: ConvOptions & { readonly output?: readonly [number, number] },
): Geometry {
  const [oh, ow] = map.slice(-3);
  const [kh, kw] = weights.slice(-4);
  const [sh, sw] = strides(options.stride);
  const { padding = 'same' } = options;
  const grown = (n: number, kernel: number, stride: number, around: Side) => {
    if (around === 'same') return n * stride;
    const [before, after] = around === 'valid' ? [0, 0] : around;
    return (n - 1) * stride + kernel - before - after;
  };
  const [vertical, horizontal] = sides(op, [map, weights], padding);
  const [h, w] = options.output ?? [grown(oh, kh, sh, vertical), grown(ow, kw, sw, horizontal)];
  if (!count(h, 1) || !count(w, 1)) throw shapeError(op, [map, weights], `an output of ${h} x ${w}`);
  const geometry = geometryOf(op, [h, w, 1], weights, options);
  if (geometry.oh !== oh || geometry.ow !== ow) {
    throw shapeError(
      op,
      [map, weights],
      `a convolution of ${h} x ${w} would give ${geometry.oh} x ${geometry.ow}`,
      'Give an output size that has this map',
    );
  }
  return geometry;
}
