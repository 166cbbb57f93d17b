/** Whether a model can tell samples from real rows. */
import { auc } from '../base/maths/separation.ts';
import { mean } from '../base/maths/statistics.ts';
import type { PhiloxStream } from '../base/philox.ts';
import { pickRows } from '../base/rows.ts';
import { fitLogistic, logOdds } from './logistic.ts';

/** Parts of the rows; each is judged by a model of the others. */
const FOLDS = 2;

/**
 * AUC of a logistic regression that tells two sets of rows apart, of rows that it was not fitted to; mean of two halves,
 * each judged by the model of the other. 0.5: not at all, or by chance a little less; 1: always.
 * @param a [rows, features], at least two @param b likewise
 */
export function detectionAuc(a: Float32Array, b: Float32Array, features: number, stream: PhiloxStream): number {
  const halves = [a, b].map((rows) => {
    const order = stream.permutation(rows.length / features);
    return Array.from({ length: FOLDS }, (_, k) =>
      pickRows(
        rows,
        features,
        order.filter((_, i) => i % FOLDS === k),
      ),
    );
  });
  const [ofA, ofB] = halves;
  return mean(
    ofA.map((_, k) => {
      const other = (k + 1) % FOLDS;
      const [x, y] = [ofA[other], ofB[other]];
      const rows = new Float32Array(x.length + y.length);
      rows.set(x);
      rows.set(y, x.length);
      const first = x.length / features;
      const labels = Uint32Array.from({ length: rows.length / features }, (_, i) => Number(i >= first));
      const model = fitLogistic(rows, { labels, classes: 2 });
      return auc(logOdds(model, ofB[k]), logOdds(model, ofA[k]));
    }),
  );
}
