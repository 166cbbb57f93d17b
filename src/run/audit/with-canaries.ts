/** Canaries of an audit's run, and the data set that they join. */

import { PhiloxStream } from '../../base/philox.ts';
import { concatRows, type Dataset, withRows } from '../../data/dataset.ts';
import { floats, type Records } from '../../data/records.ts';
import { conditioning } from '../../gan/conditioning.ts';
import { criticNetwork } from '../../gan/networks/index.ts';
import type { PrivateConfig } from '../../gan/private/config.ts';
import { ownersOf } from '../../gan/private/run.ts';
import type { Gpu } from '../../gpu/index.ts';
import { Player } from '../../train/player.ts';
import { pickRows } from '../../train/rows.ts';
import { canaryCandidates, candidatesFor, chooseCanaries } from './canaries.ts';

interface Widths {
  readonly features: number;
  readonly classes: number;
}

/** Records as the critics see them, with their labels behind them where labels condition. [rows, features + classes] */
export function shown(records: Records, labels: Uint32Array, { features, classes }: Widths): Float32Array {
  const values = floats(records);
  if (!classes) return values;
  const width = features + classes;
  const out = new Float32Array(labels.length * width);
  labels.forEach((label, i) => {
    out.set(values.subarray(i * features, (i + 1) * features), i * width);
    out[i * width + features + label] = 1;
  });
  return out;
}

/** Canaries for one run: records, labels (0 where there are none), and the critic that each belongs to. */
export async function makeCanaries(
  gpu: Gpu,
  { config, data, canaries: count }: { config: PrivateConfig; data: Dataset; canaries: number },
  base: Records,
  seed: number,
) {
  const { features, shape } = data;
  const classes = conditioning(data, config);
  const critics = new Player(gpu, 'critics', criticNetwork(config, shape, classes), config.partitions, {
    kind: 'sgd',
    rate: 1,
  });
  try {
    // As a system of this seed begins.
    critics.initialise(seed, 2000);
    const candidates = canaryCandidates(base, features, candidatesFor(count, critics.parameters.whole.length), seed);
    const total = candidates.length / features;
    const random = new PhiloxStream(seed, 'audit/labels');
    const labels = Uint32Array.from({ length: total }, () => (classes ? random.below(classes) : 0));
    const owner = ownersOf(candidates, features, config.partitions, seed);
    const x = shown(candidates, labels, { features, classes });
    const chosen = new Set(await chooseCanaries(gpu, critics, config, { x, owner, count }));
    const list = [...chosen].sort((a, b) => a - b);
    return {
      classes,
      /** of a gradient of all critics together */
      values: critics.parameters.whole.length,
      records: pickRows(candidates, features, list),
      x: pickRows(x, features + classes, list),
      labels: labels.filter((_, i) => chosen.has(i)),
      owner: owner.filter((_, i) => chosen.has(i)),
    };
  } finally {
    critics.dispose();
  }
}

/** The data set with those canaries that are in. */
export function joined(data: Dataset, base: Records, canaries: Records, labels: Uint32Array): Dataset {
  const rows = base.length / data.features;
  const values = concatRows(base, canaries);
  const own = data.labels && concatRows(data.labels.train.slice(0, rows), labels);
  return withRows(data, values, values.length / data.features, own);
}
