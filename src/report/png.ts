import type { Pixels } from './grid.ts';

/** An image as the bytes of a PNG file. Node only. */
export async function encodePng({ width, height, channels, data }: Pixels): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 9 }).toBuffer();
}
