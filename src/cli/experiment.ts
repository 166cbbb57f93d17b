import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { type AttackName, attackNames } from '../attack/index.ts';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { loadSource } from '../data/store/store.ts';
import { privateConfig } from '../gan/private/config.ts';
import { systemNames, systemsWith } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { experimentReport } from '../report/experiment.ts';
import { renderReport } from '../report/html.ts';
import { freshDirectory } from '../run/directory.ts';
import { KINDS, type Kind, type Plan, type Readings, settingsOf, tableOf } from '../run/experiment/experiment.ts';
import { experimentPresets, planOf, readPlan } from '../run/experiment/plan.ts';
import { experimentRun } from './experiment-run.ts';
import { experimentTable } from './experiment-table.ts';
import { printJson } from './format.ts';
import { type CommonOptions, configFields, wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { interruptible } from './progress.ts';

interface Flags extends CommonOptions, Record<string, unknown> {
  preset?: string;
  data?: string;
  systems?: string;
  values?: string;
  seeds?: number;
  attacks?: string;
  out?: string;
  resume?: string;
  quiet?: boolean;
}

const PLAN = 'experiment.json';

/** `experiment`: many runs, attacked and judged, as one table. */
export function experimentCommand(): Command {
  const command = new Command('experiment')
    .summary('leakage and quality against K, against epsilon, or by system')
    .description(
      "Trains a run for each setting and seed, attacks and judges each, and writes a table of means with 95 % intervals and a report. Private runs are attacked too, so all of it is for the data's owner.",
    )
    .addArgument(new Argument('[kind]', 'what is varied').choices(KINDS))
    .option('--preset <name>', `settings to start from: ${Object.keys(experimentPresets).join(', ')}`)
    .option('--data <name>', 'data set, see `data list`')
    .option('--systems <names>', `compare: of ${systemNames}; epsilon-sweep: of ${systemsWith({ private: true })}`)
    .option(
      '--values <numbers>',
      'k-sweep: K (default 1,2,5,10); epsilon-sweep: epsilon, 0 for training without privacy (default 0,1,3,10)',
    )
    .option('--seeds <n>', 'runs of each setting: seeds 1 to n', wholeNumber(1, 1000))
    .option('--attacks <names>', `comma-separated: ${attackNames.join(', ')}`)
    .option('--out <dir>', 'folder for the runs and the report (default ./runs/experiment-DATE-N)')
    .option('--resume <dir>', 'go on with an experiment that stopped; takes no other setting')
    .option('--quiet', 'no progress');
  withConfig(withDevice(command), privateConfig.shape);
  command.addHelpText(
    'after',
    '\nA batch is that of one critic on all rows, and divided among several. Private runs get the noise that makes their last update meet --epsilon.\nExample: veilgan experiment compare --preset quick-blobs --out runs/compare',
  );
  return command.action(async (kind: Kind | undefined, flags: Flags) => {
    await withGpu(flags, (gpu) => experiment(gpu, kind, flags));
  });
}

async function experiment(gpu: Gpu, kind: Kind | undefined, flags: Flags): Promise<void> {
  const { json, quiet } = flags;
  const say = (line: string) => !json && !quiet && process.stderr.write(`${line}\n`);
  const { dir, plan } = flags.resume === undefined ? await begun(kind, flags) : resumed(kind, flags);
  const settings = settingsOf(plan);
  const count = settings.length * plan.seeds.length;
  say(`${plan.kind} on ${plan.data}: ${settings.length} settings, ${plan.seeds.length} seeds, ${count} runs in ${dir}`);
  const stop = interruptible(() => say('stopping, and saving what is done; once more to quit at once'));
  const runs: Readings[][] = settings.map(() => []);
  try {
    let done = 0;
    for (const seed of plan.seeds) {
      for (const [i, setting] of settings.entries()) {
        const label = `${++done}/${count} ${setting.label}, seed ${seed}`;
        const hooks = { label, json, quiet, stop: () => stop.signal.aborted };
        runs[i].push(await experimentRun(gpu, dir, plan, setting, seed, hooks));
      }
    }
  } finally {
    stop.dispose();
  }
  const rows = tableOf(runs);
  const report = join(dir, 'report.html');
  writeAtomic(report, renderReport(await experimentReport(plan, settings, runs, gpu.adapter.name)));
  const table = rows.map(({ metric, values }) => ({
    metric,
    values: values.map((v, i) => ({ setting: settings[i].label, value: settings[i].value, ...v })),
  }));
  writeAtomic(join(dir, 'table.json'), `${JSON.stringify(table, null, 2)}\n`);
  if (json) printJson({ experiment: dir, report, kind: plan.kind, data: plan.data, seeds: plan.seeds, table });
  else process.stdout.write(`${experimentTable(settings, rows)}\n\nreport    ${report}\n`);
}

/** A new experiment. @throws VeilganError USAGE, or CONFIG for settings of which no run could be made */
async function begun(kind: Kind | undefined, flags: Flags): Promise<{ dir: string; plan: Plan }> {
  if (kind === undefined) throw usage('which kind?', 'experiment KIND', `Use ${KINDS.join(', ')}`);
  const list = (text: string | undefined) => text?.split(',').map((s) => s.trim());
  const attacks = list(flags.attacks);
  const unknown = attacks?.find((name) => !attackNames.includes(name as AttackName));
  if (unknown !== undefined)
    throw usage(`there is no attack ${unknown}`, '--attacks', `Use some of ${attackNames.join(', ')}`);
  const values = list(flags.values)?.map(Number);
  if (values?.some((v) => !Number.isFinite(v)))
    throw usage(flags.values as string, '--values', 'Give numbers, as in 1,2,5');
  const { preset, data, seeds } = flags;
  const fields = configFields(flags, privateConfig.shape);
  const asked = { kind, preset, data, systems: list(flags.systems), values, seeds, attacks, fields };
  const plan = planOf(asked, data === undefined ? undefined : await loadSource(data));
  const whole = data === undefined ? planOf(asked, await loadSource(plan.data)) : plan;
  settingsOf(whole);
  const dir = freshDirectory(flags.out, 'experiment');
  writeAtomic(join(dir, PLAN), `${JSON.stringify(whole, null, 2)}\n`);
  return { dir, plan: whole };
}

/** One that goes on. @throws VeilganError USAGE, FILE */
function resumed(kind: Kind | undefined, flags: Flags): { dir: string; plan: Plan } {
  const given = [
    ...(kind === undefined ? [] : ['experiment KIND']),
    ...['preset', 'data', 'systems', 'values', 'seeds', 'attacks', 'out'].flatMap((name) =>
      flags[name] === undefined ? [] : [`--${name}`],
    ),
    ...Object.keys(configFields(flags, privateConfig.shape)).map((name) => `--${name}`),
  ];
  if (given.length) throw usage('an experiment that goes on keeps its settings', given[0], 'Leave it away');
  const dir = resolve(flags.resume as string);
  const path = join(dir, PLAN);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw usage(`there is no experiment in ${dir}`, '--resume', `Name a folder that has ${PLAN}`);
  }
  return { dir, plan: readPlan(path) };
}

const usage = (message: string, where: string, fix: string) => new VeilganError('USAGE', message, { where, fix });
