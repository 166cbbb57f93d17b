/** What a classifier's probabilities say of images. Pure. */

export interface ClassScores {
  /**
   * exp of the mean Kullback-Leibler divergence of an image's class probabilities from their average (Salimans et al.
   * 2016, with this classifier in the place of Inception): 1 where all images look alike or like nothing, the number of
   * classes where each is one class for sure and all are as frequent
   */
  readonly inception_score: number;
  /** mean probability of the most likely class */
  readonly confidence: number;
  /** share of images whose most likely class has at least 0.9 */
  readonly confident_share: number;
  /** share of images by their most likely class */
  readonly class_shares: number[];
}

/** @param p [rows, classes], at least one row */
export function classScores(p: Float32Array, classes: number): ClassScores {
  const rows = p.length / classes;
  const average = new Float64Array(classes);
  const counts = new Array<number>(classes).fill(0);
  let confidence = 0;
  let sure = 0;
  for (let r = 0; r < rows; r++) {
    const row = p.subarray(r * classes, (r + 1) * classes);
    const best = argmax(row);
    counts[best]++;
    confidence += row[best];
    if (row[best] >= 0.9) sure++;
    row.forEach((v, c) => {
      average[c] += v / rows;
    });
  }
  let divergence = 0;
  p.forEach((v, i) => {
    // A probability of 0 adds nothing; an average of 0 has no others.
    if (v > 0) divergence += (v * Math.log(v / average[i % classes])) / rows;
  });
  return {
    inception_score: Math.exp(divergence),
    confidence: confidence / rows,
    confident_share: sure / rows,
    class_shares: counts.map((n) => n / rows),
  };
}

const argmax = (row: Float32Array): number => row.reduce((best, v, c) => (v > row[best] ? c : best), 0);

/** Share of rows whose most likely class is the label. @param p [rows, classes] @param labels [rows] */
export function accuracy(p: Float32Array, labels: Uint32Array): number {
  const classes = p.length / labels.length;
  const right = labels.reduce(
    (n, label, r) => n + Number(argmax(p.subarray(r * classes, (r + 1) * classes)) === label),
    0,
  );
  return right / labels.length;
}
