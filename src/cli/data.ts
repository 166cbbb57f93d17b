import { Command } from 'commander';
import { nameFromFile } from '../data/csv.ts';
import { importCsv } from '../data/csv-file.ts';
import { checkFree, saveDataset } from '../data/save.ts';
import { type DatasetInfo, describeDataset, listDatasets } from '../data/store.ts';
import { formatBytes, formatNumber, printJson, table } from './format.ts';
import { withJson } from './options.ts';

export function dataCommand(): Command {
  const command = new Command('data')
    .summary('data sets: list, import, info')
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
        `[${d.shape}]`,
        formatBytes(d.bytes),
        d.problem ?? d.origin,
      ]);
      process.stdout.write(`${table(['name', 'rows', 'hold-out', 'record', 'size', 'origin'], rows)}\n`);
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
      .argument('<file>', 'a CSV file')
      .description('stores the numeric columns of a CSV file as a data set')
      .option('--name <name>', "of the data set (default: the file's)")
      .option('--columns <list>', 'names, or numbers from 0 where there is no header, comma-separated (default all)')
      .option('--rows <a:b>', 'training rows, from 0, end excluded (default all that are not held out)')
      .option('--holdout <c:d>', 'rows kept out of training: the non-members of attacks')
      .option('--header <when>', 'auto, yes or no', 'auto')
      .option('--delimiter <char>', 'between cells, or `tab`', ',')
      .option('--force', 'replace a data set of that name'),
  ).action(async (file: string, flags: ImportFlags) => {
    const name = flags.name ?? nameFromFile(file);
    await checkFree(name, { force: flags.force });
    const { columns, rows, holdout, header, delimiter } = flags;
    const data = await importCsv(file, { name, columns: columns?.split(','), rows, holdout, header, delimiter });
    print(await saveDataset(data, { force: flags.force }), flags.json);
  });
  return command;
}

interface ImportFlags {
  json?: boolean;
  name?: string;
  columns?: string;
  rows?: string;
  holdout?: string;
  header?: 'auto' | 'yes' | 'no';
  delimiter?: string;
  force?: boolean;
}

function print(info: DatasetInfo, json?: boolean): void {
  if (json) {
    printJson(info);
    return;
  }
  const { name, rows, holdout, shape, columns, sha256, origin, bytes, path } = info;
  const lines = [
    ['name', name],
    ['rows', `${formatNumber(rows)} to train on, ${formatNumber(holdout)} held out`],
    ['record', `[${shape}] ${columns.join(', ')}`],
    ['size', formatBytes(bytes)],
    ['origin', origin],
    ['sha256', sha256],
    ['path', path ?? 'generated when used'],
  ];
  process.stdout.write(`${lines.map(([k, v]) => `${k.padEnd(8)}${v}`).join('\n')}\n`);
}
