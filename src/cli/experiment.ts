import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { attackNames } from '../attack/index.ts';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { loadSource } from '../data/store/store.ts';
import { privateConfig } from '../gan/private/config.ts';
import { experimentReport, metricOf } from '../report/experiment.ts';
import { renderReport } from '../report/html.ts';
import { freshDirectory } from '../run/directory.ts';
import {
  type Averaged,
  KINDS,
  type Plan,
  type Readings,
  type Row,
  type Setting,
  settingsOf,
  tableOf,
} from '../run/experiment/experiment.ts';
import { ADVERSARIAL, experimentPresets, planOf, readPlan } from '../run/experiment/plan.ts';
import { runTraining } from '../run/training.ts';
import { experimentRun } from './experiment-run.ts';
import { number, optional, quiet, text, whole } from './flags.ts';
import { table } from './format.ts';
import { checkKept } from './job.ts';
import { verb } from './verb.ts';

const PLAN = 'experiment.json';

const args = { kind: optional(z.enum(KINDS), 'what is varied') };
const flags = {
  preset: text(`<name> settings to start from: ${Object.keys(experimentPresets).join(', ')}`),
  data: text('<name> data set, see `data list`'),
  systems: optional(
    z.array(z.string()),
    `<names> compare: of ${ADVERSARIAL}; epsilon-sweep: of the private ones among them`,
  ),
  values: optional(
    z.array(number()),
    '<numbers> k-sweep: K (default 1,2,5,10); epsilon-sweep: epsilon, 0 for training without privacy (default 0,1,3,10)',
  ),
  seeds: optional(whole(1, 1000), '<n> runs of each setting: seeds 1 to n'),
  attacks: optional(z.array(z.enum(attackNames)), `<names> comma-separated: ${attackNames.join(', ')}`),
  out: text('<dir> folder for the runs and the report (default ./runs/experiment-DATE-N)'),
  resume: text('<dir> go on with an experiment that stopped; takes no other setting'),
  quiet,
};
type Given = z.output<z.ZodObject<typeof args & typeof flags>>;
type Fields = Readonly<Record<string, unknown>>;

/** `experiment`: many runs, attacked and judged, as one table. */
export default verb({
  about:
    "Trains a run for each setting and seed, attacks and judges each, and writes a table of means with 95 % intervals and a report. Private runs are attacked too, so all of it is for the data's owner.",
  args,
  flags,
  device: true,
  config: privateConfig.shape,
  notes:
    '\nA batch is that of one critic on all rows, and divided among several. Private runs get the noise that makes their last update meet --epsilon.\nExample: veilgan experiment compare --preset quick-blobs --out runs/compare',
  run: async (given, { gpu, fields, asked, progress, stoppable }) => {
    const { resume } = given;
    const { dir, plan } = resume === undefined ? await begun(given, fields) : resumed(resume, asked);
    const settings = settingsOf(plan);
    const count = settings.length * plan.seeds.length;
    progress.note(
      `${plan.kind} on ${plan.data}: ${settings.length} settings, ${plan.seeds.length} seeds, ${count} runs in ${dir}`,
    );
    const signal = stoppable('stopping, and saving what is done; once more to quit at once');
    const runs: Readings[][] = settings.map(() => []);
    let done = 0;
    for (const seed of plan.seeds) {
      for (const [i, setting] of settings.entries()) {
        const label = `${++done}/${count} ${setting.label}, seed ${seed}`;
        const found = await experimentRun(gpu, dir, plan, setting, seed, async (job) => {
          progress.begin(label, { total: job.steps, start: job.gan.step });
          const result = await runTraining(job, { stop: () => signal.aborted, onRows: progress.rows });
          progress.stop();
          return result;
        });
        runs[i].push(found);
      }
    }
    const rows = tableOf(runs);
    const report = join(dir, 'report.html');
    writeAtomic(report, renderReport(await experimentReport(plan, settings, runs, gpu.adapter.name)));
    const table = rows.map(({ metric, values }) => ({
      metric,
      values: values.map((v, i) => ({ setting: settings[i].label, value: settings[i].value, ...v })),
    }));
    writeAtomic(join(dir, 'table.json'), `${JSON.stringify(table, null, 2)}\n`);
    return {
      document: { experiment: dir, report, kind: plan.kind, data: plan.data, seeds: plan.seeds, table },
      text: `${experimentTable(settings, rows)}\n\nreport    ${report}`,
    };
  },
});

/** A new experiment. @throws VeilganError USAGE, or CONFIG for settings of which no run could be made */
async function begun(
  { kind, preset, data, systems, values, seeds, attacks, out }: Given,
  fields: Fields,
): Promise<{ dir: string; plan: Plan }> {
  if (kind === undefined) throw usage('which kind?', 'kind', `Use ${KINDS.join(', ')}`);
  const asked = { kind, preset, data, systems, values, seeds, attacks, fields };
  const plan = planOf(asked, data === undefined ? undefined : await loadSource(data));
  const whole = data === undefined ? planOf(asked, await loadSource(plan.data)) : plan;
  settingsOf(whole);
  const dir = freshDirectory(out, 'experiment');
  writeAtomic(join(dir, PLAN), `${JSON.stringify(whole, null, 2)}\n`);
  return { dir, plan: whole };
}

/** One that goes on. @throws VeilganError USAGE, FILE */
function resumed(resume: string, asked: readonly string[]): { dir: string; plan: Plan } {
  checkKept(asked, ['resume']);
  const dir = resolve(resume);
  const path = join(dir, PLAN);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw usage(`there is no experiment in ${dir}`, 'resume', `Name a folder that has ${PLAN}`);
  }
  return { dir, plan: readPlan(path) };
}

/** A column a setting: means with their 95 % intervals, and what chance gives. AUC and the like are in the report. */
function experimentTable(settings: readonly Setting[], rows: readonly Row[]): string {
  const cell = (value: Averaged | null) => {
    if (!value) return '-';
    const ci = value.ci95 ? ` [${value.ci95.map((x) => x.toFixed(3)).join(', ')}]` : '';
    return `${value.mean.toFixed(3)}${ci}`;
  };
  return table(
    ['mean [95 %]', ...settings.map(({ label }) => label), 'chance'],
    rows
      .map((row) => ({ ...row, of: metricOf(row.metric) }))
      .filter(({ of }) => !of.attack || of.accuracy)
      .map(({ metric, values, of }) => [metric, ...values.map(cell), of.accuracy ? '0.500' : '-']),
  );
}

const usage = (message: string, where: string, fix: string) => new VeilganError('USAGE', message, { where, fix });
