/** What a report shows of a run's samples: images, points, or the first rows of a table. */

import { cellText } from '../../data/csv/text.ts';
import { decodeRows } from '../../data/encoding/decode.ts';
import { floats, toBytes } from '../../data/records.ts';
import type { TrainingJob } from '../../run/job.ts';
import { isImage, isPoints } from '../../run/samples.ts';
import { scatter } from '../charts/plot.ts';
import { classColumns, imageGrid } from '../grid.ts';
import { type Block, figure, table } from '../html.ts';
import { formatNumber } from '../numbers.ts';
import { encodePng } from '../png.ts';

/** Points of a scatter plot. */
export const POINTS = 2000;
/** Images of a picture, rows and columns of a table. */
const SHOWN = { images: 100, rows: 8, columns: 12 } as const;
/** Pixels that a picture of images is about wide. */
const WIDE = 640;

/**
 * @param samples [n, features]
 * @param real whether training points may be seen beside them
 */
export async function sampleBlocks(samples: Float32Array, job: TrainingJob, real: boolean): Promise<Block[]> {
  const { data } = job;
  if (isImage(data.shape)) return [await imageBlock(samples, job)];
  return [isPoints(data) ? await pointsBlock(samples, data, real) : tableBlock(samples, job)];
}

async function imageBlock(samples: Float32Array, { data, gan }: TrainingJob): Promise<Block> {
  const { shape, features } = data;
  const columns = classColumns(gan.classes);
  const across = columns ?? Math.sqrt(SHOWN.images);
  const shown = samples.subarray(0, (columns ? columns * Math.floor(SHOWN.images / columns) : SHOWN.images) * features);
  const scale = Math.max(1, Math.round(WIDE / (across * (shape[1] + 1))));
  const n = shown.length / features;
  return {
    kind: 'image',
    png: await encodePng(imageGrid(toBytes(shown), shape, { scale, columns })),
    caption: `The first ${n} samples${columns ? ', a column for each class' : ''}.`,
    alt: `A grid of ${n} generated images of ${shape[0]} by ${shape[1]} pixels.`,
  };
}

function pointsBlock(samples: Float32Array, data: TrainingJob['data'], real: boolean): Promise<Block> {
  const [xTitle, yTitle] = data.columns;
  const reference = real ? floats(data.train) : undefined;
  const chart = scatter(samples, { title: '', reference, xTitle, yTitle, side: 380, limit: POINTS });
  const caption = `Samples of ${xTitle} and ${yTitle}${real ? ' over the training points' : ''}.`;
  return figure(chart, caption, 'Scatter plot');
}

/** Names of the columns, and the first rows as people read them. */
function firstRows(samples: Float32Array, { data, run }: TrainingJob): { names: string[]; rows: string[][] } {
  const { features, columns, encoding } = data;
  const first = samples.subarray(0, SHOWN.rows * features);
  if (!encoding) {
    const names = Array.from({ length: features }, (_, i) => columns[i] ?? `value ${i + 1}`);
    const cell = (row: number, i: number) => formatNumber(first[row * features + i]);
    return { names, rows: Array.from({ length: SHOWN.rows }, (_, row) => names.map((_, i) => cell(row, i))) };
  }
  const { columns: own, cells } = decodeRows(encoding, first, { seed: run.info.seed });
  const text = (row: number, i: number) => {
    const cell = cells[row * own.length + i];
    return Number.isNaN(cell) ? '' : cellText(own[i], cell);
  };
  return {
    names: own.map(({ name }) => name),
    rows: Array.from({ length: cells.length / own.length }, (_, row) => own.map((_, i) => text(row, i))),
  };
}

function tableBlock(samples: Float32Array, job: TrainingJob): Block {
  const { names, rows } = firstRows(samples, job);
  const more = names.length > SHOWN.columns ? `, ${SHOWN.columns} of ${names.length} columns` : '';
  const shown = rows.map((cells, i) => [`${i + 1}`, ...cells.slice(0, SHOWN.columns)]);
  return table(names.slice(0, SHOWN.columns), shown, `The first ${rows.length} samples${more}.`);
}
