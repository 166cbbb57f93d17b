/** A classifier's run: split of the labelled data, training, and opening it again as a judge of generated images. */
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import type { Dataset } from '../data/dataset.ts';
import { floats } from '../data/records.ts';
import { loadDataset } from '../data/store/store.ts';
import { parseConfig } from '../gan/config.ts';
import type { Gpu } from '../gpu/index.ts';
import { accuracy } from '../metrics/images/classes.ts';
import {
  Classifier,
  type ClassifierConfig,
  type ClassifierRow,
  classifierConfig,
  type Judge,
} from '../metrics/images/classifier.ts';
import { train } from '../train/loop.ts';
import type { HostTensors } from '../train/player.ts';
import { restoreCount } from '../train/player.ts';
import { classesOf, pickRows } from '../train/rows.ts';
import { createRun, openRun } from './directory.ts';
import type { DirectoryRun } from './directory-run.ts';
import { checkFinite } from './training.ts';
import { describe } from './training-data.ts';

/** Where a data set has no hold-out, one row of so many is kept for testing: its images may come class by class. */
const TEST_EVERY = 5;

interface Split {
  readonly train: Float32Array | Uint8Array;
  readonly labels: Uint32Array;
  readonly test: Float32Array | Uint8Array;
  readonly testLabels: Uint32Array;
}

/**
 * Training and test rows: the data set's own hold-out, else every fifth row.
 * @throws VeilganError DATA where there are no labels or no images
 */
function split({ name, shape, train, holdout, rows, holdoutRows, labels, features }: Dataset): Split {
  if (!labels || shape.length !== 3) {
    throw new VeilganError('DATA', `data set ${name} has no ${labels ? 'images' : 'labels'}`, {
      where: 'data',
      fix: 'Train a classifier on labelled images, such as mnist',
    });
  }
  if (holdoutRows) return { train, labels: labels.train, test: holdout, testLabels: labels.holdout };
  const take = (test: boolean) => {
    const list = Array.from({ length: rows }, (_, row) => row).filter((row) => ((row + 1) % TEST_EVERY === 0) === test);
    return { images: pickRows(train, features, list), labels: Uint32Array.from(list, (row) => labels.train[row]) };
  };
  const [members, others] = [take(false), take(true)];
  return { train: members.images, labels: members.labels, test: others.images, testLabels: others.labels };
}

export interface ClassifierResult {
  readonly run: DirectoryRun;
  readonly steps: number;
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly rows: number;
  readonly testRows: number;
  /** share of the test rows that it gets right; null where there are none */
  readonly accuracy: number | null;
}

/**
 * Trains a classifier into a run directory: run.json, metrics.jsonl, checkpoint.safetensors, test.json. What was
 * trained until `stop` says so is tested and kept like the rest.
 * @throws VeilganError DATA, CONFIG, NAN; INTERRUPTED where it stops before its first step. Nothing stays then.
 */
export async function trainClassifier(
  gpu: Gpu,
  options: { data: string; fields: Readonly<Record<string, unknown>>; seed: number; out?: string },
  { onStart, onRows, stop }: TrainingHooks = {},
): Promise<ClassifierResult> {
  const config = parseConfig(classifierConfig, options.fields) as ClassifierConfig;
  const data = await loadDataset(options.data);
  const parts = split(data);
  const classes = classesOf(parts.labels, data.classes);
  const classifier = new Classifier(gpu, config, { ...parts, shape: data.shape, classes }, options.seed);
  const { seed } = options;
  const meta = { system: 'classifier', data: { ...describe(data), classes, shape: data.shape }, seed };
  let run: DirectoryRun | undefined;
  try {
    run = createRun(options.out, { ...meta, config: { ...config }, adapter: { ...gpu.adapter } });
    onStart?.(run, classifier.steps);
    const started = performance.now();
    await train(classifier, {
      steps: classifier.steps,
      stop,
      onRows: (rows) => {
        run?.appendMetrics(rows.map((row) => ({ ...row })));
        onRows?.(rows);
      },
    });
    const seconds = (performance.now() - started) / 1000;
    if (classifier.step === 0) {
      throw new VeilganError('INTERRUPTED', 'stopped before the first step', { fix: 'Train it again' });
    }
    const interrupted = classifier.step < classifier.steps;
    const { tensors, updates } = await classifier.player.state();
    checkFinite(tensors, classifier.step);
    run.writeCheckpoint(tensors, { step: String(classifier.step), updates: String(updates) });
    const counts = { rows: parts.labels.length, testRows: parts.testLabels.length };
    const p = await classifier.predict(floats(parts.test));
    const right = counts.testRows ? accuracy(p, parts.testLabels) : null;
    run.writeJson('test.json', { accuracy: right, ...counts, steps: classifier.step, interrupted });
    return { run, steps: classifier.step, seconds, interrupted, ...counts, accuracy: right };
  } catch (error) {
    run?.abandon();
    throw error;
  } finally {
    run?.close();
    classifier.dispose();
  }
}

/** What run.json of a classifier says of its images. */
const judgedData = z.looseObject({
  shape: z.array(z.int().min(1).max(65_536)).length(3),
  classes: z.int().min(1).max(65_536),
});

export interface TrainingHooks {
  onStart?: (run: DirectoryRun, steps: number) => void;
  onRows?: (rows: readonly ClassifierRow[]) => void;
  stop?: () => boolean;
}

/**
 * A trained classifier.
 * @throws VeilganError USAGE where the run is none, FILE where its files are damaged
 */
export function openClassifier(gpu: Gpu, dir: string): Judge {
  const run = openRun(dir);
  try {
    if (run.info.system !== 'classifier') {
      throw new VeilganError('USAGE', `the run is a ${run.info.system}, not a classifier`, {
        where: dir,
        fix: 'Train one on labelled images first',
      });
    }
    const judged = judgedData.safeParse(run.info.data);
    if (!judged.success) {
      throw new VeilganError('FILE', 'run.json does not say which images the classifier takes', {
        where: dir,
        fix: 'Restore run.json from a copy, or train the classifier again',
      });
    }
    const { shape, classes } = judged.data;
    // It learns no more: one row stands for the data, whose batches nobody takes.
    const config = parseConfig(classifierConfig, run.info.config) as ClassifierConfig;
    const { tensors, meta } = run.readCheckpoint();
    const one = { train: new Uint8Array(shape[0] * shape[1] * shape[2]), labels: new Uint32Array(1) };
    const classifier = new Classifier(gpu, { ...config, batch: 1 }, { ...one, shape, classes }, run.info.seed);
    try {
      classifier.player.restore(tensors as HostTensors, restoreCount(meta, 'updates'));
    } catch (error) {
      classifier.dispose();
      throw error;
    }
    const test = run.readJson('test.json') as { accuracy?: number | null } | undefined;
    return { classifier, config, accuracy: test?.accuracy ?? null };
  } finally {
    run.close();
  }
}
