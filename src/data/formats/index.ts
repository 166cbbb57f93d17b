/** Formats of data sets, a row each, and what a path holds by content. Node only. */
import { stat } from 'node:fs/promises';
import { VeilganError } from '../../base/errors.ts';
import { quote, type Source } from '../dataset.ts';
import { cifar } from './cifar.ts';
import { type CsvImportOptions, csv } from './csv.ts';
import { type Claim, classesOf, entriesOf, type Format, headOf, type LabelOptions, readError } from './files.ts';
import { idx } from './idx.ts';
import { type ImageFolderOptions, images } from './image-folder.ts';

/** In the order in which they are asked whether they read a path; the last one takes any text. */
export const formats = { cifar, idx, images, csv } satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

export interface Found extends Claim {
  readonly kind: FormatName;
}

/** What any format takes; `formats` says which of it only some do. */
export type ImportOptions = Partial<CsvImportOptions & Omit<ImageFolderOptions, 'classes'> & LabelOptions>;

/** What a path holds. @throws VeilganError FILE when there is nothing, DATA when nothing fits */
export async function detect(path: string): Promise<Found> {
  const found = await stat(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  const isFile = !found.isDirectory();
  const place = { path, isFile, ...(isFile ? await headOf(path) : { head: new Uint8Array(0), gzip: false }) };
  for (const [kind, format] of Object.entries(formats)) {
    const claim = await format.claims(place);
    if (claim) return { kind: kind as FormatName, ...claim };
  }
  const table = (await entriesOf(path)).files.find((file) => /\.(csv|tsv)$/i.test(file));
  throw new VeilganError('DATA', 'nothing to import in this folder: no images, no IDX and no CIFAR-10 files', {
    where: path,
    fix: table ? `Give a file in it, such as ${quote(table)}.` : 'Give another folder.',
  });
}

/**
 * The data set in a source, in memory; nothing is stored (that is `saveDataset`).
 * @throws VeilganError USAGE for options of other formats only; else as the readers throw
 */
export async function importSource(source: Found, options: ImportOptions = {}): Promise<Source> {
  const format: Format = formats[source.kind];
  for (const [option, value] of Object.entries(options)) {
    const takers = Object.values<Format>(formats).filter((other) => other.options.includes(option));
    if (value === undefined || value === false || takers.length === 0 || takers.includes(format)) continue;
    throw new VeilganError('USAGE', `${quote(source.path)} holds ${format.title}`, {
      where: option,
      fix: `Leave it away: it is for ${takers.map(({ title }) => title).join(', ')}.`,
    });
  }
  const labelled = format.options.includes('classes') ? { classes: await classesOf(source.path, options) } : {};
  return format.read(source, { ...options, ...labelled, name: options.name ?? source.name });
}
