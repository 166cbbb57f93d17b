/** What a run's samples look like on disk, for tables, points in the plane and images. */

import { VeilganError } from '../base/errors.ts';
import { countRecords } from '../base/rows.ts';
import { floats, toBytes } from '../data/records.ts';
import { scatter } from '../report/charts/plot.ts';
import { chartPng } from '../report/charts/png.ts';
import type { Picture } from '../report/charts/render.ts';
import { imageGrid } from '../report/grid.ts';
import { encodePng } from '../report/png.ts';
import type { TrainingJob } from '../run/job.ts';
import { isImage, isPoints } from '../run/samples.ts';

/** Most images of one picture. */
const PICTURE = 400;

/** What a picture needs of a run. */
type Shown = Pick<TrainingJob, 'data' | 'guarantee'>;

/** Samples of points in the plane, beside the training rows where the run makes no secret of them. */
export function scatterOf(rows: Float32Array, { data, guarantee }: Shown, title: string): Picture {
  const [xTitle, yTitle] = data.columns;
  return scatter(rows, { title, reference: guarantee ? undefined : floats(data.train), xTitle, yTitle });
}

/** @throws VeilganError USAGE where n such records make no picture */
export function checkPicture(data: TrainingJob['data'], n: number): void {
  const { shape, columns, encoding } = data;
  if (isImage(shape) ? n <= PICTURE : isPoints(data)) return;
  if (isImage(shape)) {
    throw new VeilganError('USAGE', `a picture shows at most ${PICTURE} images`, {
      where: 'n',
      fix: `Give \`n: ${PICTURE}\` or less, or write .npy`,
    });
  }
  throw new VeilganError(
    'USAGE',
    `a picture needs images or two columns, the data have ${encoding?.columns.length ?? columns.length}`,
    {
      where: 'out',
      fix: 'Write .csv or .npy',
    },
  );
}

/**
 * Samples as a PNG: images on a grid, points in the plane as a scatter plot.
 * @throws VeilganError as `checkPicture`; NAN for a value that is not finite
 */
export async function samplesPng(rows: Float32Array, job: Shown, title: string): Promise<Uint8Array> {
  const { shape, features } = job.data;
  checkPicture(job.data, countRecords(rows, features, 'samples'));
  return isImage(shape) ? encodePng(imageGrid(toBytes(rows), shape)) : chartPng(scatterOf(rows, job, title));
}
