/** Many images as one: rows of samples side by side. Pure, for pages too. */
import { VeilganError } from '../base/errors.ts';

/** An image, row by row, channels last. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red green blue */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Background between the images. */
const GAP = 128;

/** Classes from which on a column for each would be too narrow to look at. */
const MANY = 30;

/** Columns of a grid of samples that are of each class in turn, so that a column has one class; undefined for one class or too many. */
export const classColumns = (classes: number): number | undefined =>
  classes > 1 && classes <= MANY ? classes : undefined;

/**
 * Images on a grid, each pixel `scale` wide, a line of `scale` pixels between two.
 * @param images [n, height, width, channels], bytes
 * @param shape [height, width, channels] of one
 * @param columns images side by side; default the whole root of their number
 * @throws VeilganError SHAPE for a shape that is no image of 1 or 3 channels, or bytes that are no whole images
 */
export function imageGrid(
  images: Uint8Array,
  shape: readonly number[],
  { columns, scale = 2 }: { columns?: number; scale?: number } = {},
): Pixels {
  const [h, w, channels] = shape;
  if (shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new VeilganError('SHAPE', `records [${shape}] are no pictures`, {
      where: 'imageGrid',
      fix: 'Give [height, width, 1] or [height, width, 3]',
    });
  }
  const n = images.length / (h * w * channels);
  if (!Number.isInteger(n)) {
    throw new VeilganError('SHAPE', `${images.length} bytes are no whole images [${shape}]`, {
      where: 'imageGrid',
      fix: 'Give the images one after another',
    });
  }
  const across = columns ?? Math.max(1, Math.ceil(Math.sqrt(n)));
  const down = Math.max(1, Math.ceil(n / across));
  const [width, height] = [scale * (across * (w + 1) + 1), scale * (down * (h + 1) + 1)];
  const data = new Uint8Array(width * height * channels).fill(GAP);
  for (let i = 0; i < n; i++) {
    const [left, top] = [scale * ((i % across) * (w + 1) + 1), scale * (Math.floor(i / across) * (h + 1) + 1)];
    for (let y = 0; y < h * scale; y++) {
      for (let x = 0; x < w * scale; x++) {
        const from = ((i * h + Math.floor(y / scale)) * w + Math.floor(x / scale)) * channels;
        data.set(images.subarray(from, from + channels), ((top + y) * width + left + x) * channels);
      }
    }
  }
  return { width, height, channels, data };
}
