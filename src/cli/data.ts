import { Command, InvalidArgumentError, Option } from 'commander';
import type { Dataset } from '../data/dataset.ts';
import { fetchDataset, knownSet } from '../data/fetch.ts';
import { detect, importSource } from '../data/import.ts';
import type { TypeChoice } from '../data/infer.ts';
import { KNOWN } from '../data/known.ts';
import { checkFree, saveDataset, saveTable } from '../data/save.ts';
import { shuffled, shuffledTable } from '../data/shuffle.ts';
import { describeDataset, listDatasets } from '../data/store.ts';
import { isTable } from '../data/table-files.ts';
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
      printInfo(await describeDataset(name), json);
    },
  );
  withJson(
    command
      .command('import')
      .argument('<path>', 'a CSV file, IDX data, CIFAR-10 (binary version) or a folder of images')
      .description('stores the columns of a CSV file, or images, as a data set')
      .option('--name <name>', "of the data set (default: the file's or folder's)")
      .option('--rows <a:b>', 'training rows, from 0, end excluded (default all that are not held out)')
      .option('--holdout <c:d>', 'rows kept out of training: the non-members of attacks')
      .option('--holdout-share <s>', 'CSV: keep the last share of the rows out of training instead, e.g. 0.2', share)
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
        'CSV tables: JSON with bounds and values of columns that are known without the data; private systems pay for the others',
      )
      .option('--columns <list>', 'CSV: names, or numbers from 0 where there is no header (default all)')
      .addOption(
        new Option('--header <when>', 'CSV: a first line of names (default auto)').choices(['auto', 'yes', 'no']),
      )
      .option(
        '--shuffle <seed>',
        'mix the records, training and hold-out rows alike: files may be sorted',
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
    await checkFree(name, { force: flags.force });
    const { columns, shuffle, force, json, ...others } = flags;
    const csv = source.kind === 'csv';
    const progress = transferProgress(csv ? formatBytes : formatNumber, flags);
    const onProgress = (done: number, total: number) => progress.update(done, total, csv ? 'read' : 'images read');
    const stop = csv ? interruptible() : undefined;
    const options = { ...others, name, columns: columns?.split(','), onProgress, signal: stop?.signal };
    const data = await importSource(source, options).finally(() => {
      progress.stop();
      stop?.dispose();
    });
    if (isTable(data)) {
      printInfo(await saveTable(shuffle === undefined ? data : shuffledTable(data, shuffle), { force }), json);
    } else printInfo(await saveDataset(shuffle === undefined ? data : shuffled(data, shuffle), { force }), json);
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
