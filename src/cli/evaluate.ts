import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import type { Classifier } from '../metrics/images/classifier.ts';
import { type MeasureName, type Metrics, measures } from '../metrics/index.ts';
import { byDistance, targetSentence } from '../report/blocks/columns.ts';
import { pairsApart } from '../report/blocks/tables.ts';
import { checkedQuality, QUALITY_FILE } from '../report/results.ts';
import { evaluateRun } from '../run/assess/quality.ts';
import type { Evaluation } from '../run/assess/subject.ts';
import { openClassifier } from '../run/classifier.ts';
import { INCEPTION_SNIPPET, openInception } from '../run/inception.ts';
import { flag, optional, quiet, runFolder, text, whole } from './flags.ts';
import { formatNumber, table } from './format.ts';
import { checkDiagnostics, diagnostics, withRun } from './job.ts';
import { textInFlags, verb } from './verb.ts';

const NOTES = `
What is measured, by the kind of the data:
  all             sliced Wasserstein-1, energy distance, MMD; the critics' generalisation gap
  points, tables  precision, recall, density and coverage; mode or ring shares of Blobs and Circles
  columns         of a table with types: distance of each column's law from that of real rows, associations of pairs, the
                  share of each value; mean total variation of all columns, all pairs and up to 400 triples of columns from the
                  training rows (as many samples as training rows; beside it the hold-out's); accuracy and AUC on real
                  rows of linear models of some columns (--targets; by default the label, or the last column), trained
                  on samples, with --downstream of each category; and AUC of telling samples from real rows
  zeros and ones  share of ones of each column; with --downstream how well columns are predicted from the others
  images          distances to the nearest training rows, hold-out rows and other samples; with --classifier class shares,
                  an Inception score of its classes, and Frechet distance, kernel distance, precision, recall, density
                  and coverage of its features; with --inception FID, KID and the same
  labels          with --downstream the accuracy on real rows of a linear model trained on samples: for samples with labels
                  (--labels condition), or a --targets column
  both            variety within classes; with --downstream the accuracy on real rows of a dense network, of a convolutional
                  one, and with --classifier of its network, trained on samples; and what --classifier gives of
                  features, of the convolutional network that learned real rows
Beside each number stands that of as many training rows in the place of samples. The distances depend on how many rows
there are on both sides. Everything is stored in RUN/${QUALITY_FILE}, by names that \`veilgan help metrics\` explains:
  ${Object.keys(measures).join(', ')}

FID needs the weights that define it, which are not ours to pass on. To make the file, once, with Python:
${INCEPTION_SNIPPET}
An image takes about a second on two CPU cores: --samples and --rows say how many.`;

/** Shares on one line of a cell. */
const WRAP = 5;

const flags = {
  samples: optional(whole(2, 1_000_000), '<n> samples to draw (default 10000, images 2000)'),
  rows: optional(whole(2, 1_000_000), '<n> real rows to compare them with (default all, up to 10000)'),
  classifier: text('<run> images: also what this classifier makes of them, see `classifier`'),
  inception: text('<file> images: FID and KID with these weights (.safetensors)'),
  downstream: flag('train models on samples and test them on real rows'),
  targets: optional(
    z.array(z.string()),
    '<columns> that such models predict, of 2 to 20 values, comma-separated; of tables with types any number',
  ),
  quiet,
  diagnostics,
};

/** `evaluate`: quality of a run's samples. */
export default verb({
  about: 'Compares samples of a run with the hold-out rows of its data set (the training rows where there are none).',
  args: { run: runFolder },
  flags,
  device: true,
  notes: NOTES,
  run: ({ run: dir, samples, rows, downstream, targets, ...given }, { gpu, progress }) => {
    const judge = given.classifier === undefined ? undefined : openClassifier(gpu, given.classifier);
    return withRun(gpu, dir, async (job) => {
      checkDiagnostics(job, given.diagnostics);
      if (judge) checkJudge(judge.classifier, job.data);
      if (given.inception !== undefined && job.data.shape.length !== 3) {
        throw new VeilganError('USAGE', `data set ${job.data.name} has no images`, {
          where: 'inception',
          fix: 'Leave it away',
        });
      }
      const inception = given.inception === undefined ? undefined : openInception(gpu, given.inception);
      const report = progress.stage;
      const { not_run, ...rest } = await evaluateRun(job, {
        samples,
        rows,
        judge,
        inception,
        downstream,
        targets,
        report,
      });
      const found = { ...rest, not_run: not_run.map(({ name, why }) => ({ name, why: textInFlags(why, { flags }) })) };
      job.run.writeJson(QUALITY_FILE, found);
      return { document: found, text: evaluationText(found) };
    });
  },
});

/** All that was found, for people. */
function evaluationText(found: Evaluation): string {
  const { metrics, real, rows, not_run } = found;
  const number = (v: number | null) => v?.toFixed(4) ?? '-';
  const show = (x: Metrics[keyof Metrics]) => {
    if (!Array.isArray(x)) return x === undefined ? '' : number(x);
    const lines = Array.from({ length: Math.ceil(x.length / WRAP) }, (_, i) => x.slice(WRAP * i, WRAP * (i + 1)));
    return lines.map((line) => line.map(number).join('  ')).join('\n');
  };
  const against = `${formatNumber(rows.samples)} samples against ${formatNumber(rows.reference)} rows`;
  const lines = [
    rows.real
      ? `${against} that were not trained on; "real rows": ${formatNumber(rows.real)} training rows in their place`
      : `${against} of the training data, for there are no others`,
    table(
      ['metric', 'samples', 'real rows', 'ideal'],
      (Object.keys(metrics) as MeasureName[]).map((name) => [
        name,
        show(metrics[name]),
        show(real[name]),
        measures[name].ideal,
      ]),
    ),
    ...columnLines(found),
    ...(not_run.length ? [`not run: ${not_run.map(({ name, why }) => `${name} (${why})`).join(', ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Columns that are listed, and pairs of them. */
const COLUMNS = 8;
const PAIRS = 5;

/** Of a table the columns furthest off, and what a model learns. */
function columnLines(found: Evaluation): string[] {
  const quality = checkedQuality(found, QUALITY_FILE);
  const worst = byDistance(quality.details?.columns ?? []).slice(0, COLUMNS);
  const number = (v: number | undefined) => v?.toFixed(4) ?? '-';
  const sentence = targetSentence(quality);
  const { judge, targets = [] } = quality.details ?? {};
  const pairs = judge ? pairsApart(judge).slice(0, PAIRS) : [];
  return [
    ...(worst.length
      ? [
          '',
          table(
            ['column', 'kind', 'distance', 'real rows'],
            worst.map(({ name, kind, distance, real }) => [name, kind, number(distance), number(real)]),
          ),
        ]
      : []),
    ...(pairs.length
      ? [
          '',
          table(
            ['pairs of columns furthest off', 'total variation', 'hold-out'],
            pairs.map(({ name, samples, floor }) => [name, number(samples), number(floor)]),
          ),
        ]
      : []),
    ...(targets.length > 1
      ? [
          '',
          table(
            ['target', 'AUC', 'real rows', 'accuracy', 'real rows'],
            targets.map(({ target, auc, real_auc, accuracy, real_accuracy }) => [
              target,
              ...[auc, real_auc, accuracy, real_accuracy].map((v) => number(v ?? undefined)),
            ]),
          ),
        ]
      : []),
    ...(sentence ? [`\n${sentence}`] : []),
  ];
}

/** @throws VeilganError USAGE where the classifier was trained on images of another shape */
function checkJudge({ shape }: Classifier, data: { shape: readonly number[]; name: string }): void {
  if (shape.join() === data.shape.join()) return;
  throw new VeilganError('USAGE', `the classifier takes [${shape}], and records of ${data.name} are [${data.shape}]`, {
    where: 'classifier',
    fix: 'Train one on the same kind of images',
  });
}
