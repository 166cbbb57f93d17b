import { Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.ts';
import { fetchDataset, knownSet } from '../data/fetch.ts';
import { detect, importSource } from '../data/import.ts';
import { KNOWN } from '../data/known.ts';
import { checkFree, saveDataset } from '../data/save.ts';
import { shuffled } from '../data/shuffle.ts';
import { type DatasetInfo, describeDataset, listDatasets } from '../data/store.ts';
import { formatBytes, formatNumber, printJson, table } from './format.ts';
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
      const rows = list.map((d) => [
        d.name,
        formatNumber(d.rows),
        formatNumber(d.holdout),
        record(d),
        d.classes ? formatNumber(d.classes.length) : '',
        formatBytes(d.bytes),
        d.problem ?? d.origin,
      ]);
      process.stdout.write(`${table(['name', 'rows', 'hold-out', 'record', 'classes', 'size', 'origin'], rows)}\n`);
    },
  );
  withJson(command.command('info').argument('<name>').description('one data set, read and verified')).action(
    async (name: string, { json }: { json?: boolean }) => {
      print(await describeDataset(name), json);
    },
  );
  withJson(
    command
      .command('import')
      .argument('<path>', 'a CSV file, IDX data, CIFAR-10 (binary version) or a folder of images')
      .description('stores the numeric columns of a CSV file, or images, as a data set')
      .option('--name <name>', "of the data set (default: the file's or folder's)")
      .option('--rows <a:b>', 'training rows, from 0, end excluded (default all that are not held out)')
      .option('--holdout <c:d>', 'rows kept out of training: the non-members of attacks')
      .option('--columns <list>', 'CSV: names, or numbers from 0 where there is no header (default all)')
      .addOption(
        new Option('--header <when>', 'CSV: a first line of names (default auto)').choices(['auto', 'yes', 'no']),
      )
      .option(
        '--shuffle <seed>',
        'mix the records, training and hold-out rows alike: files may be sorted',
        wholeNumber(0),
      )
      .option('--delimiter <char>', 'CSV: between cells, or `tab` (default a comma)')
      .option(
        '--scale <bounds>',
        'CSV: bring columns to [-1, 1], and samples back: from bounds LOW:HIGH (or one for each: 0:100,-5:5), or from the rows themselves (data), which private systems refuse',
      )
      .option('--size <pixels>', 'images: 64 or 96x64 (width x height), cropped at the centre (default as they are)')
      .option('--grey', 'images: one channel instead of three')
      .option('--force', 'replace a data set of that name'),
  ).action(async (path: string, flags: ImportFlags) => {
    const source = await detect(path);
    const name = flags.name ?? source.name;
    await checkFree(name, { force: flags.force });
    const { columns, rows, holdout, header, delimiter, scale, size, grey, shuffle } = flags;
    const options = { name, columns: columns?.split(','), rows, holdout, header, delimiter, scale, size, grey };
    const progress = transferProgress(formatNumber, flags);
    const onProgress = (done: number, total: number) => progress.update(done, total, 'images read');
    const data = await importSource(source, { ...options, onProgress }).finally(() => progress.stop());
    const stored = shuffle === undefined ? data : shuffled(data, shuffle);
    print(await saveDataset(stored, { force: flags.force }), flags.json);
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
    print(await saveDataset(data, { force }), json);
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
  header?: 'auto' | 'yes' | 'no';
  delimiter?: string;
  scale?: string;
  size?: string;
  grey?: boolean;
  shuffle?: number;
  force?: boolean;
}

/** `28x28x1` for images, `[2]` for the rows of a table. */
const record = ({ shape }: DatasetInfo): string => (shape.length > 1 ? shape.join('x') : `[${shape}]`);

function print(info: DatasetInfo, json?: boolean): void {
  if (json) {
    printJson(info);
    return;
  }
  const { name, rows, holdout, columns, classes, sha256, origin, bytes, path } = info;
  const lines = [
    ['name', name],
    ['rows', `${formatNumber(rows)} to train on, ${formatNumber(holdout)} held out`],
    ['record', `${record(info)} ${shorten(columns)}`.trim()],
    ...(classes ? [['classes', `${formatNumber(classes.length)}: ${shorten(classes)}`]] : []),
    ['size', formatBytes(bytes)],
    ['origin', origin],
    ['sha256', sha256],
    ['path', path ?? 'generated when used'],
  ];
  process.stdout.write(`${lines.map(([k, v]) => `${k.padEnd(9)}${v}`).join('\n')}\n`);
}

const shorten = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(', ')}, ...` : names.join(', ');
