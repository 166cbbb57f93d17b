/** A chart as a PNG file, with fonts that come along. Node only. */
import { createRequire } from 'node:module';
import type { Picture } from './render.ts';
import { FONT } from './theme.ts';

/** Pixels of the PNG for one unit of the SVG: an 800 unit wide chart stays sharp in print. */
const SCALE = 2;

/** The bytes of a PNG file, twice the size of the SVG. */
export async function chartPng(picture: Picture): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => resolve(`dejavu-fonts-ttf/ttf/${name}`));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: FONT, sansSerifFamily: FONT };
  const image = new Resvg(await picture.svg(), { font, fitTo: { mode: 'zoom', value: SCALE } }).render();
  return new Uint8Array(image.asPng());
}
