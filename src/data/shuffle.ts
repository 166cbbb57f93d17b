import { PhiloxStream } from '../ops/philox.ts';
import type { Dataset, Labels } from './dataset.ts';
import type { Records } from './records.ts';

/**
 * The same records in another order, training and hold-out rows mixed, as many of each as before: a file may be sorted,
 * or its parts may differ in kind, which attacks would take for a leak.
 * @param seed of the order
 */
export function shuffled(data: Dataset, seed: number): Dataset {
  const { features, rows, holdoutRows, labels } = data;
  const order = new PhiloxStream(seed, 'data/shuffle').permutation(rows + holdoutRows);
  const make = (length: number): Records =>
    data.train instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  const row = (i: number) =>
    i < rows
      ? data.train.subarray(i * features, (i + 1) * features)
      : data.holdout.subarray((i - rows) * features, (i - rows + 1) * features);
  const part = (from: number, to: number) => {
    const out = make((to - from) * features);
    for (let i = from; i < to; i++) out.set(row(order[i]), (i - from) * features);
    return out;
  };
  const label = ({ train, holdout }: Labels, from: number, to: number) =>
    Uint32Array.from(order.subarray(from, to), (i) => (i < rows ? train[i] : holdout[i - rows]));
  return {
    ...data,
    train: part(0, rows),
    holdout: part(rows, rows + holdoutRows),
    ...(labels ? { labels: { train: label(labels, 0, rows), holdout: label(labels, rows, rows + holdoutRows) } } : {}),
    meta: { ...data.meta, origin: `${data.meta.origin}, shuffled by seed ${seed}` },
  };
}
