import { VeilganError } from '../base/errors.ts';
import { classifierConfig } from '../metrics/images/classifier.ts';
import { trainClassifier } from '../run/classifier.ts';
import { quiet, seed, text } from './flags.ts';
import { formatNumber, formatSeconds, listing } from './format.ts';
import { EXIT, verb } from './verb.ts';

/** `classifier`: what `evaluate --classifier` judges generated images with. */
export default verb({
  about:
    'Trains a convolutional network on labelled images and tests it on the hold-out rows (every fifth row where there are none).',
  flags: {
    data: text('<name> data set with labels, see `data list`'),
    seed,
    out: text('<dir> run directory (default ./runs/classifier-DATA-DATE-N)'),
    quiet,
  },
  device: true,
  config: classifierConfig.shape,
  notes: '\nExample, for a software adapter: veilgan classifier --data mnist10k --channels 8,16 --hidden 64 --epochs 6',
  run: async ({ data, seed, out }, { gpu, fields, progress, stoppable }) => {
    if (data === undefined) {
      throw new VeilganError('USAGE', 'no data set was named', {
        where: 'data',
        fix: 'Name one with labels that `data list` shows',
      });
    }
    const { name: adapter } = gpu.adapter;
    const signal = stoppable('stopping, and testing what there is; once more to quit at once');
    const { run, steps, seconds, interrupted, rows, testRows, accuracy } = await trainClassifier(
      gpu,
      { data, fields, seed, out },
      {
        onStart: (run, total) => {
          progress.note(`classifier on ${data}, run ${run.dir}\nadapter ${adapter}`);
          progress.begin('classifier', { total });
        },
        onRows: progress.rows,
        stop: () => signal.aborted,
      },
    );
    return {
      document: { run: run.dir, data, steps, seconds, adapter, interrupted, rows, test_rows: testRows, accuracy },
      text: listing([
        ['run', run.dir],
        ['steps', `${formatNumber(steps)} on ${formatNumber(rows)} rows${interrupted ? ', stopped' : ''}`],
        ['time', formatSeconds(seconds)],
        ...(accuracy === null
          ? []
          : [['accuracy', `${(100 * accuracy).toFixed(2)} % of ${formatNumber(testRows)} test rows`]]),
      ]),
      code: interrupted ? EXIT.interrupted : EXIT.done,
    };
  },
});
