/** Tiny labelled images in a folder of their own, for the tests of runs on images. */

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../src/api/node.ts';
import { PhiloxStream } from '../../src/base/philox.ts';
import { saveDataset } from '../../src/data/store/save.ts';
import type { GanConfig } from '../../src/gan/config.ts';
import { makeConfig } from '../../src/gan/presets/index.ts';
import { datasetOf } from '../support/dataset.ts';

export const gpu = await open();
export const root = fs.mkdtempSync(join(tmpdir(), 'veilgan-images-'));
process.env.VEILGAN_DATA = join(root, 'data');
/** After the last test. */
export function finish(): void {
  gpu.close();
  fs.rmSync(root, { recursive: true });
}

export const SIDE = 8;

/** Noise whose left (label 0) or right (label 1) half is bright, [n, 8, 8, channels]. */
export function halves(labels: Uint32Array, channels = 1, seed = 1): Uint8Array {
  const random = new PhiloxStream(seed, 'test/halves');
  const row = SIDE * channels;
  return Uint8Array.from({ length: labels.length * SIDE * row }, (_, i) => {
    const right = i % row >= row / 2;
    return random.below(80) + (Number(right) === labels[Math.floor(i / (SIDE * row))] ? 160 : 10);
  });
}

export interface Stored {
  rows?: number;
  holdout?: number;
  channels?: number;
  /** by row; default alternating */
  label?: (row: number) => number;
  labelled?: boolean;
}

/** Stores such images as a data set. */
export function store(
  name: string,
  { rows = 60, holdout = 0, channels = 1, label = (row) => row % 2, labelled = true }: Stored = {},
) {
  const labels = Uint32Array.from({ length: rows }, (_, row) => label(row));
  const others = Uint32Array.from({ length: holdout }, (_, row) => row % 2);
  return saveDataset(
    datasetOf({
      name,
      columns: [],
      shape: [SIDE, SIDE, channels],
      train: halves(labels, channels),
      holdout: halves(others, channels, 2),
      ...(labelled ? { labels: { train: labels, holdout: others }, classes: ['left', 'right'] } : {}),
      meta: { origin: 'test' },
    }),
    { force: true },
  );
}

/** A PAR-GAN that is tiny enough for 60 such images. */
export const configOf = (more: Partial<GanConfig> = {}) =>
  makeConfig(undefined, {
    network: 'dcgan',
    generatorChannels: [4, 4],
    criticChannels: [4],
    kernel: 3,
    latent: 3,
    partitions: 2,
    batch: 4,
    rate: 1e-2,
    steps: 12,
    snapshots: 2,
    snapshotEvery: 5,
    ...more,
  });
