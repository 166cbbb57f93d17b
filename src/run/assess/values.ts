/** The quality of released samples in a few numbers, for any data. */
import { floats } from '../../data/records.ts';
import { knownModes } from '../../data/synthetic.ts';
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
  const modes = knownModes(data);
  if (modes?.kind === 'means') {
    const { means, variance } = modes;
    const within = shareWithin(samples, means, 3 * Math.sqrt(variance));
    return { mode_shares: modeShares(samples, means), within_3_sigma: within, ...common };
  }
  return modes?.kind === 'rings' ? { ring_shares: ringShares(samples), ...common } : common;
}
