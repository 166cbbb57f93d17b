/** A classifier's run: split of the labelled data, training, and opening it again as a judge of generated images. */
import type { Dataset } from '../data/dataset.ts';
import { floats } from '../data/records.ts';
import { loadDataset } from '../data/store.ts';
import { parseConfig } from '../gan/config.ts';
import type { HostTensors } from '../gan/player.ts';
import { restoreCount } from '../gan/player.ts';
import { train } from '../gan/train.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { accuracy } from '../metrics/classes.ts';
import { Classifier, type ClassifierConfig, type ClassifierRow, classifierConfig } from '../metrics/classifier.ts';
import { createRun, openRun } from './directory.ts';
import type { Run } from './run.ts';
import { describe } from './session.ts';

/** Share of the rows that is kept for testing where a data set has no hold-out. */
const TEST_SHARE = 0.2;

interface Split {
  readonly train: Float32Array | Uint8Array;
  readonly labels: Uint32Array;
  readonly test: Float32Array | Uint8Array;
  readonly testLabels: Uint32Array;
}

/**
 * Training and test rows: the data set's own hold-out, else its last fifth.
 * @throws VeilganError DATA where there are no labels or no images
 */
function split({ name, shape, train, holdout, rows, holdoutRows, labels, features }: Dataset): Split {
  if (!labels || shape.length !== 3) {
    throw new VeilganError('DATA', `data set ${name} has no ${labels ? 'images' : 'labels'}`, {
      where: '--data',
      fix: 'Train a classifier on labelled images, such as mnist',
    });
  }
  if (holdoutRows) return { train, labels: labels.train, test: holdout, testLabels: labels.holdout };
  const cut = rows - Math.floor(rows * TEST_SHARE);
  return {
    train: train.subarray(0, cut * features),
    labels: labels.train.subarray(0, cut),
    test: train.subarray(cut * features),
    testLabels: labels.train.subarray(cut),
  };
}

export interface ClassifierResult {
  readonly run: Run;
  readonly steps: number;
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly rows: number;
  readonly testRows: number;
  /** share of the test rows that it gets right; null where it stopped early */
  readonly accuracy: number | null;
}

/**
 * Trains a classifier into a run directory: run.json, metrics.jsonl, checkpoint.safetensors, test.json.
 * Nothing stays behind where it stops before its end.
 * @throws VeilganError DATA, CONFIG, NAN
 */
export async function trainClassifier(
  gpu: Gpu,
  options: { data: string; fields: Readonly<Record<string, unknown>>; seed: number; out?: string },
  { onStart, onRows, stop }: TrainingHooks = {},
): Promise<ClassifierResult> {
  const config = parseConfig(classifierConfig, options.fields) as ClassifierConfig;
  const data = await loadDataset(options.data);
  const parts = split(data);
  const classes = data.classes?.length ?? 1 + parts.labels.reduce((a, b) => Math.max(a, b), 0);
  const classifier = new Classifier(gpu, config, { ...parts, shape: data.shape, classes }, options.seed);
  const { seed } = options;
  const meta = { system: 'classifier', data: { ...describe(data), classes, shape: data.shape }, seed };
  const run = createRun(options.out, { ...meta, config: { ...config }, adapter: { ...gpu.adapter } });
  try {
    onStart?.(run, classifier.steps);
    const started = performance.now();
    await train(classifier, {
      steps: classifier.steps,
      stop,
      onRows: (rows) => {
        run.appendMetrics(rows.map((row) => ({ ...row })));
        onRows?.(rows);
      },
    });
    const seconds = (performance.now() - started) / 1000;
    const interrupted = classifier.step < classifier.steps;
    const { tensors, updates } = await classifier.player.state();
    run.writeCheckpoint(tensors, { step: String(classifier.step), updates: String(updates) });
    const right = interrupted ? null : accuracy(await classifier.predict(floats(parts.test)), parts.testLabels);
    const counts = { rows: parts.labels.length, testRows: parts.testLabels.length };
    run.writeJson('test.json', { accuracy: right, ...counts });
    return { run, steps: classifier.step, seconds, interrupted, ...counts, accuracy: right };
  } catch (error) {
    run.abandon();
    throw error;
  } finally {
    run.close();
    classifier.dispose();
  }
}

export interface TrainingHooks {
  onStart?: (run: Run, steps: number) => void;
  onRows?: (rows: readonly ClassifierRow[]) => void;
  stop?: () => boolean;
}

/**
 * A trained classifier.
 * @throws VeilganError USAGE where the run is none, FILE where its files are damaged
 */
export function openClassifier(gpu: Gpu, dir: string): { classifier: Classifier; accuracy: number | null } {
  const run = openRun(dir);
  try {
    const { shape, classes } = run.info.data as { shape?: number[]; classes?: number };
    if (run.info.system !== 'classifier' || !Array.isArray(shape) || typeof classes !== 'number') {
      throw new VeilganError('USAGE', `the run is a ${run.info.system}, not a classifier`, {
        where: dir,
        fix: 'Train one with: npm run veilgan -- classifier --data NAME',
      });
    }
    const config = parseConfig(classifierConfig, run.info.config) as ClassifierConfig;
    const { tensors, meta } = run.readCheckpoint();
    const width = shape.reduce((a, b) => a * b, 1);
    const nothing = { train: new Uint8Array(config.batch * width), labels: new Uint32Array(config.batch) };
    const classifier = new Classifier(gpu, config, { ...nothing, shape, classes }, run.info.seed);
    classifier.player.restore(tensors as HostTensors, restoreCount(meta, 'updates'));
    const test = run.readJson('test.json') as { accuracy?: number | null } | undefined;
    return { classifier, accuracy: test?.accuracy ?? null };
  } finally {
    run.close();
  }
}
