import { join } from 'node:path';
import { VeilganError } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { saveDataset } from '../data/store/save.ts';
import { blobs } from '../data/synthetic.ts';
import { makeConfig } from '../gan/presets/index.ts';
import { systemsWith, systemTitle } from '../gan/systems.ts';
import { lossCurves, lossNotes, lossUnit, scatterGrid } from '../report/charts/plot.ts';
import { chartPng } from '../report/charts/png.ts';
import { renderReport, summaryBlocks } from '../report/summary.ts';
import { attackRun, withoutCurves } from '../run/assess/attacks.ts';
import { qualityOf } from '../run/assess/quality.ts';
import { freshDirectory } from '../run/directory.ts';
import { leaky } from '../run/experiment/plan.ts';
import { lossesOf } from '../run/run.ts';
import type { DirectoryJob } from '../run/session.ts';
import { released, runTraining } from '../run/training.ts';
import { type Part, readings, resultTable, verdict } from './demo-results.ts';
import { quiet, seed, text, whole } from './flags.ts';
import { formatSeconds } from './format.ts';
import { withNewRun } from './job.ts';
import type { Progress } from './progress.ts';
import { writeResults } from './train.ts';
import { verb } from './verb.ts';

const ROWS = 100;
const K = 4;

export default verb({
  about: `Trains a plain GAN and PAR-GAN (K = ${K}) on ${ROWS} generated points, a setting in which the plain one leaks, attacks both, and writes a report with pictures.`,
  flags: {
    out: text('<dir> folder for the two runs and the report (default ./runs/demo-DATE-N)'),
    seed,
    steps: whole(1).default(leaky.steps).describe('<n> generator steps of each'),
    quiet,
  },
  device: true,
  run: async ({ seed, steps, ...given }, { gpu, progress, stoppable }) => {
    const out = freshDirectory(given.out, 'demo');
    progress.note(
      `${gpu.adapter.name}: plain GAN (K = 1) and PAR-GAN (K = ${K}) on ${ROWS} points of five blobs, ${steps} steps each`,
    );
    const data = { ...blobs({ rows: 2 * ROWS, train: ROWS, seed }), name: `blobs-demo-${seed}` };
    await saveDataset(data, { force: true });
    const parts: Part[] = [];
    const signal = stoppable('stopping');
    for (const partitions of [1, K]) {
      const [system] = systemsWith({ critics: partitions === 1 ? 'one' : 'many', private: false });
      const config = makeConfig(undefined, { ...leaky, partitions, batch: ROWS / partitions, steps });
      const plan = { system, config, seed, data: data.name, out: join(out, system) };
      parts.push(await withNewRun(gpu, plan, (job) => onePart(job, progress, () => signal.aborted)));
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
    const runs = parts.map((p) => ({
      run: p.summary.dir,
      system: p.summary.info.system,
      attacks: withoutCurves(p.attacks).attacks,
      tvd: p.attacks.tvd,
      quality: p.quality,
    }));
    return {
      document: { report, runs, summary },
      text: `${resultTable(parts)}\n\n${summary.sentence}\nTraining took ${formatSeconds(summary.seconds)}. Setting: ${ROWS} rows, critics 2-${leaky.criticHidden.join('-')}-1, slope ${leaky.slope}, Adam ${leaky.rate}, batches of a whole partition, n_D ${leaky.criticSteps}.\npictures  ${join(out, 'samples.png')}\nreport    ${report}`,
    };
  },
});

async function onePart(training: DirectoryJob, progress: Progress, stop: () => boolean): Promise<Part> {
  const { run, gan } = training;
  const title = systemTitle(run.info.system, gan.partitions);
  progress.begin(title, { total: training.steps });
  const result = await runTraining(training, { stop, onRows: progress.rows });
  if (result.interrupted)
    throw new VeilganError('INTERRUPTED', 'the demo was stopped', { fix: 'Run it again; it starts anew' });
  progress.stop();
  await writeResults(training);
  const attacks = await attackRun(training);
  run.writeJson('private/attacks.json', attacks);
  const samples = await gan.sample(released(training.data));
  const quality = qualityOf(samples, training);
  const history = lossesOf(run);
  const svg = await lossCurves(history, { yTitle: lossUnit(gan), narrow: true }).svg();
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
}
