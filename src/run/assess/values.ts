/** The quality of released samples in a few numbers, for any data. */
import { floats } from '../../data/records.ts';
import { BLOB_MEANS, BLOB_VARIANCE } from '../../data/synthetic.ts';
import { energyDistance } from '../../metrics/energy.ts';
import { modeShares, ringShares, shareWithin } from '../../metrics/modes.ts';
import { slicedWasserstein1 } from '../../metrics/wasserstein.ts';
import type { TrainingJob } from '../training.ts';
import { unseenOf } from './target.ts';

export interface Quality {
  /** shares of samples by nearest mean of the blobs, or near each ring of the circles */
  readonly mode_shares?: number[];
  /** share of samples within three standard deviations of the nearest mean (0.949 for Blobs) */
  readonly within_3_sigma?: number;
  readonly ring_shares?: number[];
  /** 128 directions, against the hold-out rows */
  readonly sliced_wasserstein_1: number;
  /** 2000 against 2000 rows */
  readonly energy_distance: number;
}

/** Quality of released samples against the hold-out rows; mode or ring shares where the data are Blobs or Circles. */
export function qualityOf(samples: Float32Array, job: TrainingJob): Quality {
  const { data, run } = job;
  const [unseen] = unseenOf(job);
  const real = unseen ? unseen[1].rows : floats(data.train);
  const seed = run.info.seed;
  const common = {
    sliced_wasserstein_1: slicedWasserstein1(samples, real, { features: data.features, directions: 128, seed }),
    energy_distance: energyDistance(samples, real, { features: data.features, max: 2000, seed }),
  };
  if (data.features !== 2) return common;
  if (/^blobs/.test(data.name)) {
    const sigma = 3 * Math.sqrt(BLOB_VARIANCE);
    return {
      mode_shares: modeShares(samples, BLOB_MEANS),
      within_3_sigma: shareWithin(samples, BLOB_MEANS, sigma),
      ...common,
    };
  }
  if (/^circles/.test(data.name)) return { ring_shares: ringShares(samples), ...common };
  return common;
}
