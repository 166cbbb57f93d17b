import { join } from 'node:path';
import { Command } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { saveDataset } from '../data/store/save.ts';
import { blobs } from '../data/synthetic.ts';
import type { GanConfig } from '../gan/config.ts';
import { makeConfig } from '../gan/presets/index.ts';
import { type SystemName, systemsWith, systemTitle } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { lossCurves, lossNotes, lossUnit, scatterGrid } from '../report/charts/plot.ts';
import { chartPng } from '../report/charts/png.ts';
import { renderReport, summaryBlocks } from '../report/summary.ts';
import { attackRun, withoutCurves } from '../run/assess/attacks.ts';
import { qualityOf } from '../run/assess/quality.ts';
import { freshDirectory } from '../run/directory.ts';
import { leaky } from '../run/experiment/plan.ts';
import { lossesOf } from '../run/run.ts';
import { startTraining } from '../run/session.ts';
import { released, runTraining } from '../run/training.ts';
import { type Part, readings, resultTable, verdict } from './demo-results.ts';
import { formatSeconds, printJson } from './format.ts';
import { type CommonOptions, wholeNumber, withDevice, withGpu } from './options.ts';
import { createProgress, interruptible } from './progress.ts';
import { writeResults } from './train.ts';

const ROWS = 100;
const K = 4;

export function demoCommand(): Command {
  const command = new Command('demo')
    .summary('train PAR-GAN and a plain GAN, attack both, write a report')
    .description(
      `Trains a plain GAN and PAR-GAN (K = ${K}) on ${ROWS} generated points, a setting in which the plain one leaks, attacks both, and writes a report with pictures.`,
    )
    .option('--out <dir>', 'folder for the two runs and the report (default ./runs/demo-DATE-N)')
    .option('--seed <n>', 'of everything random', wholeNumber(0), 1)
    .option('--steps <n>', 'generator steps of each', wholeNumber(1), leaky.steps)
    .option('--quiet', 'no progress');
  return withDevice(command).action(
    async (flags: CommonOptions & { out?: string; seed: number; steps: number; quiet?: boolean }) => {
      await withGpu(flags, (gpu) => demo(gpu, flags));
    },
  );
}

async function demo(
  gpu: Gpu,
  flags: CommonOptions & { out?: string; seed: number; steps: number; quiet?: boolean },
): Promise<void> {
  const { seed, steps, json, quiet } = flags;
  const say = (line: string) => !json && !quiet && process.stderr.write(`${line}\n`);
  const out = freshDirectory(flags.out, 'demo');
  say(
    `${gpu.adapter.name}: plain GAN (K = 1) and PAR-GAN (K = ${K}) on ${ROWS} points of five blobs, ${steps} steps each`,
  );
  const data = { ...blobs({ rows: 2 * ROWS, train: ROWS, seed }), name: `blobs-demo-${seed}` };
  await saveDataset(data, { force: true });
  const parts: Part[] = [];
  const stop = interruptible(() => say('stopping'));
  try {
    for (const partitions of [1, K]) {
      const [system] = systemsWith({ critics: partitions === 1 ? 'one' : 'many', private: false });
      const config = makeConfig(undefined, { ...leaky, partitions, batch: ROWS / partitions, steps });
      parts.push(
        await onePart(gpu, {
          system,
          config,
          seed,
          data: data.name,
          out: join(out, system),
          json,
          quiet,
          stop: () => stop.signal.aborted,
        }),
      );
    }
  } finally {
    stop.dispose();
  }
  const report = join(out, 'report.html');
  const scatter = scatterGrid(
    parts.map(({ title, samples }) => ({ title, points: samples })),
    { title: 'Samples and training points', reference: data.train },
  );
  writeAtomic(join(out, 'samples.png'), [await chartPng(scatter)]);
  const figures = [
    { svg: await scatter.svg(), caption: `Samples of both systems (dots) and the ${ROWS} training points (rings).` },
    ...parts.map(({ losses }) => losses),
  ];
  const setting = [
    `A plain GAN (one critic on all rows) and PAR-GAN (${K} critics on disjoint partitions of ${ROWS / K} rows) were trained on the same ${ROWS} points of five Gaussian blobs, with the same networks and settings. ` +
      'The setting is chosen to make a plain GAN leak: few rows, wide and deep critics with sharp units, and every training row in every batch. On the published toy settings (5,000 rows, one narrow hidden layer) the pooled white-box attacks stay at chance.',
    'The attacker gets the training points and as many points from the same source that were not trained on, and says which is which. The white-box attacks use the critics, which a careful owner does not release; nearest-sample uses released samples only.',
  ];
  writeAtomic(
    report,
    renderReport({
      title: 'VeilGAN demo: does the model give its training data away?',
      blocks: summaryBlocks({ setting, runs: parts.map((p) => p.summary), figures }),
    }),
  );
  const summary = { ...verdict(parts), seconds: parts.reduce((s, p) => s + p.summary.seconds, 0) };
  if (json) {
    printJson({
      report,
      runs: parts.map((p) => ({
        run: p.summary.dir,
        system: p.summary.info.system,
        attacks: withoutCurves(p.attacks).attacks,
        tvd: p.attacks.tvd,
        quality: p.quality,
      })),
      summary,
    });
    return;
  }
  process.stdout.write(
    `${resultTable(parts)}\n\n${summary.sentence}\nTraining took ${formatSeconds(summary.seconds)}. Setting: ${ROWS} rows, critics 2-${leaky.criticHidden.join('-')}-1, slope ${leaky.slope}, Adam ${leaky.rate}, batches of a whole partition, n_D ${leaky.criticSteps}.\npictures  ${join(out, 'samples.png')}\nreport    ${report}\n`,
  );
}

async function onePart(
  gpu: Gpu,
  job: {
    system: SystemName;
    config: GanConfig;
    seed: number;
    data: string;
    out: string;
    json?: boolean;
    quiet?: boolean;
    stop: () => boolean;
  },
): Promise<Part> {
  const training = await startTraining(gpu, job);
  const { run, gan } = training;
  const title = systemTitle(job.system, job.config.partitions);
  const progress = createProgress({ total: training.steps, label: title, json: job.json, quiet: job.quiet });
  try {
    const result = await runTraining(training, {
      stop: job.stop,
      onRows: (rows) => progress.update(rows[rows.length - 1].step, rows[rows.length - 1]),
    });
    if (result.interrupted)
      throw new VeilganError('INTERRUPTED', 'the demo was stopped', { fix: 'Run it again; it starts anew' });
    progress.stop();
    await writeResults(training);
    const attacks = await attackRun(training);
    run.writeJson('private/attacks.json', attacks);
    const samples = await gan.sample(released(training.data));
    const quality = qualityOf(samples, training);
    const history = lossesOf(run);
    const svg = await lossCurves(history, { yTitle: lossUnit(gan.config), narrow: true }).svg();
    const notes = lossNotes(history);
    const losses = { svg, caption: `Losses of ${title}${notes && `; ${notes}`}.` };
    const summary: Part['summary'] = {
      title,
      dir: run.dir,
      info: run.info,
      steps: result.steps,
      seconds: result.seconds,
      readings: readings(attacks, quality),
    };
    return { title, summary, attacks, quality, samples, losses };
  } finally {
    progress.stop();
    run.close();
    gan.dispose();
  }
}
