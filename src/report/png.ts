import type { Pixels } from './grid.ts';

/** An image as the bytes of a PNG file. Node only. */
export async function encodePng({ width, height, channels, data }: Pixels): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const image = sharp(data, { raw: { width, height, channels } });
  // Else a grey image is stored in colour.
  return image
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
}
