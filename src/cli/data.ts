import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { KNOWN } from '../data/catalogue.ts';
import type { TypeChoice } from '../data/csv/infer.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Given } from '../data/encoding/schema.ts';
import { schemaFile } from '../data/encoding/schema-export.ts';
import { detect, formats, importSource } from '../data/formats/index.ts';
import { shareOf, shuffled } from '../data/split.ts';
import { fetchDataset, knownSet } from '../data/store/fetch.ts';
import { checkFree, saveDataset } from '../data/store/save.ts';
import { describeDataset, listDatasets } from '../data/store/store.ts';
import { spentOn } from '../run/odometer.ts';
import { printInfo, printList } from './data-print.ts';
import { formatBytes, formatNumber, printJson } from './format.ts';
import { wholeNumber, withJson } from './options.ts';
import { interruptible } from './progress.ts';
import { transferProgress } from './transfer.ts';

export function dataCommand(): Command {
  const command = new Command('data')
    .summary('data sets: list, fetch, import, info')
    .description("Data sets by name; stored under $VEILGAN_DATA, by default the user's cache directory.");
  withJson(command.command('list').description('every data set there is')).action(
    async ({ json }: { json?: boolean }) => {
      const list = await listDatasets();
      if (json) {
        printJson(list);
        return;
      }
      printList(list);
    },
  );
  withJson(command.command('info').argument('<name>').description('one data set, read and verified')).action(
    async (name: string, { json }: { json?: boolean }) => {
      const info = await describeDataset(name);
      const warn = (line: string) => void process.stderr.write(`${line}\n`);
      printInfo(info, json, info.path === undefined ? undefined : spentOn(info, { warn }));
    },
  );
  withJson(
    command
      .command('import')
      .argument(
        '<path>',
        Object.values(formats)
          .map(({ title }) => title)
          .join(', '),
      )
      .description('stores the columns of a CSV file, or images, as a data set')
      .option('--name <name>', "of the data set (default: the file's or folder's)")
      .option('--rows <a:b>', 'training rows, from 0, end excluded (default all that are not held out)')
      .option('--holdout <c:d>', 'rows kept out of training: the non-members of attacks')
      .option(
        '--holdout-share <s>',
        'CSV: keep each row out of training with this probability instead, e.g. 0.2, by a hash of the row itself: which rows are kept out depends on no other row, and their number varies',
        share,
      )
      .option('--holdout-seed <n>', 'CSV: of that hash, a public number (default 1)', wholeNumber(0))
      .addOption(
        new Option(
          '--as <what>',
          'CSV: numbers as they are, or a table whose columns have types; auto takes points (columns of fractions) and tables of zeros and ones as numbers',
        ).choices(['auto', 'numbers', 'table']),
      )
      .option(
        '--types <list>',
        'CSV: correct the types that were found, as in age=integer,zip=category,id=leave (number, integer, category, boolean, date, date:DD/MM/YYYY, leave)',
        typesOf,
      )
      .option('--label <column>', 'CSV: the column that models are to predict')
      .option(
        '--given <file>',
        'JSON with what is known without the rows: of CSV tables kind, decimals, format, bounds and values of columns, which the file then has no say in (private systems pay for the others); of labelled images the classes',
      )
      .option(
        '--schema-out <file>',
        'store nothing: write such a file from what the rows look like, to be corrected and confirmed',
      )
      .option('--classes <list>', 'labelled images: the names of all classes by label, as in cat,dog, or their number')
      .option('--columns <list>', 'CSV: names, or numbers from 0 where there is no header (default all)')
      .addOption(
        new Option('--header <when>', 'CSV: a first line of names (default auto)').choices(['auto', 'yes', 'no']),
      )
      .option(
        '--shuffle <seed>',
        'bring the records into an order by a hash of each, training and hold-out rows mixed where they were parted by position: files may be sorted; sizes vary then',
        wholeNumber(0),
      )
      .option('--delimiter <char>', 'CSV: between cells, or `tab` (default: what the first lines suggest)')
      .option(
        '--scale <bounds>',
        'CSV numbers: bring columns to [-1, 1], and samples back: from bounds LOW:HIGH (or one for each: 0:100,-5:5), or from the rows themselves (data), which private systems refuse',
      )
      .option('--size <pixels>', 'images: 64 or 96x64 (width x height), cropped at the centre (default as they are)')
      .option('--grey', 'images: one channel instead of three')
      .option('--force', 'replace a data set of that name'),
  ).action(async (path: string, flags: ImportFlags) => {
    const source = await detect(path);
    const name = flags.name ?? source.name;
    const { columns, shuffle, force, json, schemaOut, ...others } = flags;
    if (schemaOut === undefined) await checkFree(name, { force });
    else checkAbsent(schemaOut, force);
    const csv = source.kind === 'csv';
    const progress = transferProgress(csv ? formatBytes : formatNumber, flags);
    const onProgress = (done: number, total: number) => progress.update(done, total, csv ? 'read' : 'images read');
    const stop = csv ? interruptible() : undefined;
    const as = schemaOut !== undefined && csv && others.scale === undefined ? { as: 'table' as const } : {};
    const options = { ...others, ...as, name, columns: columns?.split(','), onProgress, signal: stop?.signal };
    const data = await importSource(source, options).finally(() => {
      progress.stop();
      stop?.dispose();
    });
    if (schemaOut !== undefined) {
      writeSchema(schemaOut, schemaFile(data, flags.types), json);
      return;
    }
    const mix = { share: shareOf(flags.rows, flags.holdout) };
    printInfo(await saveDataset(shuffle === undefined ? data : shuffled(data, shuffle, mix), { force }), json);
  });
  withJson(
    command
      .command('fetch')
      .argument('<name>', [...KNOWN.keys()].join(', '))
      .description('downloads a data set from its public home, checks it and stores it')
      .option('--from <dir>', 'take the files of this folder instead of downloading')
      .option('--mirror <url>', 'try this address first')
      .option('--force', 'replace a data set of that name'),
  ).action(async (name: string, { json, from, mirror, force }: FetchFlags) => {
    const set = knownSet(name);
    await checkFree(name, { force });
    const total = set.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const progress = transferProgress(formatBytes, { json });
    const stop = interruptible();
    let data: Dataset;
    try {
      const onProgress = (file: string, bytes: number) => progress.update(bytes, total, file);
      data = await fetchDataset(set, { from, mirror, signal: stop.signal, onProgress });
    } finally {
      progress.stop();
      stop.dispose();
    }
    printInfo(await saveDataset(data, { force }), json);
  });
  return command;
}

/** @throws VeilganError FILE before minutes of reading */
function checkAbsent(path: string, force?: boolean): void {
  if (force || !existsSync(path)) return;
  throw new VeilganError('FILE', 'there is a file of that name', {
    where: path,
    fix: 'Choose another name for --schema-out, or replace it with --force',
  });
}

function writeSchema(path: string, schema: Given, json?: boolean): void {
  writeAtomic(path, `${JSON.stringify(schema, null, 2)}\n`);
  const columns = Object.keys(schema.columns).length;
  if (json) printJson({ schema: path, columns, stored: false });
  else {
    process.stdout.write(
      `schema    ${path}\nIt was taken from the rows, and nothing was stored. Go through its ${columns > 0 ? `${formatNumber(columns)} columns` : 'classes'}: keep what you would know without them, correct or delete the rest, then import with --given ${path}\n`,
    );
  }
}

interface FetchFlags {
  json?: boolean;
  from?: string;
  mirror?: string;
  force?: boolean;
}

interface ImportFlags {
  json?: boolean;
  name?: string;
  columns?: string;
  rows?: string;
  holdout?: string;
  holdoutShare?: number;
  holdoutSeed?: number;
  classes?: string;
  schemaOut?: string;
  as?: 'auto' | 'numbers' | 'table';
  types?: Record<string, TypeChoice>;
  label?: string;
  given?: string;
  header?: 'auto' | 'yes' | 'no';
  delimiter?: string;
  scale?: string;
  size?: string;
  grey?: boolean;
  shuffle?: number;
  force?: boolean;
}

function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('It must be a number between 0 and 1.');
}

/** `age=number,id=leave`; whether they are types and columns is for the reader to say. */
function typesOf(text: string): Record<string, TypeChoice> {
  const pairs = text
    .split(',')
    .map((part) => [part.slice(0, part.lastIndexOf('=')).trim(), part.slice(part.lastIndexOf('=') + 1).trim()]);
  if (text.split(',').some((part) => part.lastIndexOf('=') < 1)) {
    throw new InvalidArgumentError('Write COLUMN=TYPE,COLUMN=TYPE.');
  }
  return Object.fromEntries(pairs);
}
