import { existsSync } from 'node:fs';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { KNOWN } from '../data/catalogue.ts';
import type { TypeChoice } from '../data/csv/infer.ts';
import type { Given } from '../data/encoding/schema.ts';
import { schemaFile } from '../data/encoding/schema-export.ts';
import type { Format } from '../data/formats/files.ts';
import { detect, formats, importSource } from '../data/formats/index.ts';
import { shareOf, shuffled } from '../data/split.ts';
import { fetchDataset, knownSet } from '../data/store/fetch.ts';
import { checkFree, saveDataset } from '../data/store/save.ts';
import { type DatasetInfo, describeDataset, listDatasets } from '../data/store/store.ts';
import { spentOn } from '../run/odometer.ts';
import { infoText, listText } from './data-print.ts';
import { flag, optional, share, text, whole } from './flags.ts';
import { formatBytes, formatNumber } from './format.ts';
import { verb } from './verb.ts';

/** `age=number,id=leave`; whether they are types and columns is for the reader to say. */
const types = z.string().transform((text, context): Record<string, TypeChoice> => {
  const pairs = text.split(',').map((part) => /^(.+)=(.*)$/s.exec(part));
  if (pairs.includes(null)) context.addIssue('Write COLUMN=TYPE,COLUMN=TYPE.');
  return Object.fromEntries(pairs.map((pair) => [pair?.[1].trim(), pair?.[2].trim() as TypeChoice]));
});

const force = flag('replace a data set of that name');

const stored = (info: DatasetInfo) => ({ document: info, text: infoText(info) });

const list = verb({
  about: 'every data set there is',
  run: async () => {
    const all = await listDatasets();
    return { document: all, text: listText(all) };
  },
});

const info = verb({
  about: 'one data set, read and verified',
  args: { name: z.string() },
  run: async ({ name }) => {
    const found = await describeDataset(name);
    const warn = (line: string) => void process.stderr.write(`${line}\n`);
    const spent = found.path === undefined ? undefined : spentOn(found, { warn });
    return { document: { ...found, ...(spent ? { spent } : {}) }, text: infoText(found, spent) };
  },
});

const importFlags = {
  name: text("<name> of the data set (default: the file's or folder's)"),
  rows: text('<a:b> training rows, from 0, end excluded (default all that are not held out)'),
  holdout: text('<c:d> rows kept out of training: the non-members of attacks'),
  holdoutShare: optional(
    share(),
    '<s> CSV: keep each row out of training with this probability instead, e.g. 0.2, by a hash of the row itself: which rows are kept out depends on no other row, and their number varies',
  ),
  holdoutSeed: optional(whole(0), '<n> CSV: of that hash, a public number (default 1)'),
  as: optional(
    z.enum(['auto', 'numbers', 'table']),
    '<what> CSV: numbers as they are, or a table whose columns have types; auto takes points (columns of fractions) and tables of zeros and ones as numbers',
  ),
  types: types
    .optional()
    .describe(
      '<list> CSV: correct the types that were found, as in age=integer,zip=category,id=key (number, integer, category, boolean, date, date:DD/MM/YYYY, leave; key: left out, and samples get whole numbers of their own)',
    ),
  label: text('<column> CSV: the column that models are to predict'),
  given: text(
    '<file> JSON with what is known without the rows: of CSV tables kind, decimals, format, bounds and values of columns, which the file then has no say in (private systems pay for the others); of labelled images the classes',
  ),
  schemaOut: text(
    '<file> store nothing: write such a file from what the rows look like, to be corrected and confirmed',
  ),
  classes: text('<list> labelled images: the names of all classes by label, as in cat,dog, or their number'),
  columns: text('<list> CSV: names, or numbers from 0 where there is no header (default all)'),
  header: optional(z.enum(['auto', 'yes', 'no']), '<when> CSV: a first line of names (default auto)'),
  shuffle: optional(
    whole(0),
    '<seed> bring the records into an order by a hash of each, training and hold-out rows mixed where they were parted by position: files may be sorted; sizes vary then',
  ),
  delimiter: text('<char> CSV: between cells, or `tab` (default: what the first lines suggest)'),
  scale: text(
    '<bounds> CSV numbers: bring columns to [-1, 1], and samples back: from bounds LOW:HIGH (or one for each: 0:100,-5:5), or from the rows themselves (data), which private systems refuse',
  ),
  size: text('<pixels> images: 64 or 96x64 (width x height), cropped at the centre (default as they are)'),
  grey: flag('images: one channel instead of three'),
  force,
};

const importVerb = verb({
  about: 'stores what a file or folder holds as a data set',
  args: {
    path: z.string().describe(
      Object.values(formats)
        .map(({ title }) => title)
        .join(', '),
    ),
  },
  flags: importFlags,
  run: async ({ path, columns, shuffle, force, schemaOut, ...others }, { progress, stoppable }) => {
    const source = await detect(path);
    const name = others.name ?? source.name;
    if (schemaOut === undefined) await checkFree(name, { force });
    else checkAbsent(schemaOut, force);
    const { streamed, options }: Format = formats[source.kind];
    const show = streamed ? formatBytes : formatNumber;
    const onProgress = (done: number, total: number) =>
      progress.at(streamed ? 'read' : 'images read', done, { total, show });
    const as =
      schemaOut !== undefined && options.includes('as') && others.scale === undefined ? { as: 'table' as const } : {};
    const signal = streamed ? stoppable() : undefined;
    const data = await importSource(source, {
      ...others,
      ...as,
      name,
      columns: columns?.split(','),
      onProgress,
      signal,
    });
    if (schemaOut !== undefined) return writeSchema(schemaOut, schemaFile(data, others.types));
    const mix = { share: shareOf(others.rows, others.holdout) };
    return stored(await saveDataset(shuffle === undefined ? data : shuffled(data, shuffle, mix), { force }));
  },
});

const fetch = verb({
  about: 'downloads a data set from its public home, checks it and stores it',
  args: { name: z.string().describe([...KNOWN.keys()].join(', ')) },
  flags: {
    from: text('<dir> take the files of this folder instead of downloading'),
    mirror: text('<url> try this address first'),
    force,
  },
  run: async ({ name, from, mirror, force }, { progress, stoppable }) => {
    const set = knownSet(name);
    await checkFree(name, { force });
    const total = set.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const onProgress = (file: string, bytes: number) => progress.at(file, bytes, { total, show: formatBytes });
    const data = await fetchDataset(set, { from, mirror, signal: stoppable(), onProgress });
    return stored(await saveDataset(data, { force }));
  },
});

export default {
  about: "Data sets by name; stored under $VEILGAN_DATA, by default the user's cache directory.",
  verbs: { list, info, import: importVerb, fetch },
};

/** @throws VeilganError FILE before minutes of reading */
function checkAbsent(path: string, force?: boolean): void {
  if (force || !existsSync(path)) return;
  throw new VeilganError('FILE', 'there is a file of that name', {
    where: path,
    fix: 'Choose another name for `schemaOut`, or replace it with `force`',
  });
}

function writeSchema(path: string, schema: Given) {
  writeAtomic(path, `${JSON.stringify(schema, null, 2)}\n`);
  const columns = Object.keys(schema.columns).length;
  const what = columns > 0 ? `${formatNumber(columns)} columns` : 'classes';
  return {
    document: { schema: path, columns, stored: false },
    text: `schema    ${path}\nIt was taken from the rows, and nothing was stored. Go through its ${what}: keep what you would know without them, correct or delete the rest, then import with --given ${path}`,
  };
}
