import { Command } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { classifierConfig } from '../metrics/images/classifier.ts';
import { trainClassifier } from '../run/classifier.ts';
import { formatNumber, formatSeconds, printJson } from './format.ts';
import { type CommonOptions, configFields, wholeNumber, withConfig, withDevice, withGpu } from './options.ts';
import { createProgress, interruptible, type Progress } from './progress.ts';

interface Flags extends CommonOptions, Record<string, unknown> {
  data?: string;
  seed: number;
  out?: string;
  quiet?: boolean;
}

/** `classifier`: what `evaluate --classifier` judges generated images with. */
export function classifierCommand(): Command {
  const command = new Command('classifier')
    .summary('train a classifier of images, for `evaluate`')
    .description(
      'Trains a convolutional network on labelled images and tests it on the hold-out rows (every fifth row where there are none).',
    )
    .option('--data <name>', 'data set with labels, see `data list`')
    .option('--seed <n>', 'of everything random', wholeNumber(0), 1)
    .option('--out <dir>', 'run directory (default ./runs/classifier-DATA-DATE-N)')
    .option('--quiet', 'no progress');
  withConfig(withDevice(command), classifierConfig.shape);
  command.addHelpText(
    'after',
    '\nExample, for a software adapter: veilgan classifier --data mnist10k --channels 8,16 --hidden 64 --epochs 6',
  );
  return command.action(async (flags: Flags) => withGpu(flags, (gpu) => classify(gpu, flags)));
}

async function classify(gpu: Parameters<typeof trainClassifier>[0], flags: Flags): Promise<void> {
  const { data, seed, out, json, quiet } = flags;
  if (data === undefined) {
    throw new VeilganError('USAGE', 'no data set was named', {
      where: '--data',
      fix: 'Name one with labels that `data list` shows',
    });
  }
  let progress: Progress | undefined;
  const stop = interruptible(() => progress?.note('stopping, and testing what there is; once more to quit at once'));
  try {
    const result = await trainClassifier(
      gpu,
      { data, fields: configFields(flags, classifierConfig.shape), seed, out },
      {
        onStart: (run, total) => {
          progress = createProgress({ total, label: 'classifier', json, quiet });
          progress.note(`classifier on ${data}, run ${run.dir}\nadapter ${gpu.adapter.name}`);
        },
        onRows: (rows) => progress?.update(rows[rows.length - 1].step, rows[rows.length - 1]),
        stop: () => stop.signal.aborted,
      },
    );
    progress?.stop();
    const { run, steps, seconds, interrupted, rows, testRows, accuracy } = result;
    const { name: adapter } = gpu.adapter;
    if (interrupted) process.exitCode = 130;
    if (json) {
      printJson({ run: run.dir, data, steps, seconds, adapter, interrupted, rows, test_rows: testRows, accuracy });
      return;
    }
    const lines = [
      ['run', run.dir],
      ['steps', `${formatNumber(steps)} on ${formatNumber(rows)} rows${interrupted ? ', stopped' : ''}`],
      ['time', formatSeconds(seconds)],
      ...(accuracy === null
        ? []
        : [['accuracy', `${(100 * accuracy).toFixed(2)} % of ${formatNumber(testRows)} test rows`]]),
    ];
    process.stdout.write(`${lines.map(([k, v]) => `${k.padEnd(10)}${v}`).join('\n')}\n`);
  } finally {
    progress?.stop();
    stop.dispose();
  }
}
