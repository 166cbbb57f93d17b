import { Command } from 'commander';
import { VeilganError } from '../gpu/errors.ts';
import { scatter } from '../report/plot.ts';
import { writeSamples } from '../run/samples.ts';
import { openTraining } from '../run/session.ts';
import { printJson } from './format.ts';
import { type CommonOptions, wholeNumber, withDevice, withGpu } from './options.ts';

export function sampleCommand(): Command {
  const command = new Command('sample')
    .summary('draw samples from a trained run')
    .description("Draws samples from a run's generator into a .csv, .npy or .png file.")
    .argument('<run>', 'run directory')
    .requiredOption('--out <file>', '.csv, .npy or .png')
    .option('--n <n>', 'how many', wholeNumber(1, 100_000_000), 1000)
    .option('--stream <n>', "which of the seed's latent sequences", wholeNumber(0, 60_000), 0);
  return withDevice(command).action(
    async (dir: string, flags: CommonOptions & { out: string; n: number; stream: number }) => {
      await withGpu(flags, async (gpu) => {
        if (!/\.(csv|npy|png)$/i.test(flags.out)) {
          throw new VeilganError('USAGE', `${flags.out}: samples are written as .csv, .npy or .png`, {
            where: '--out',
            fix: 'Give a file with one of these extensions',
          });
        }
        const { run, gan, data } = await openTraining(gpu, dir);
        if (/\.png$/i.test(flags.out) && data.features !== 2) {
          throw new VeilganError('USAGE', `a picture needs two columns, the data have ${data.features}`, {
            where: '--out',
            fix: 'Write .csv or .npy',
          });
        }
        const rows = await gan.sample(flags.n, flags.stream);
        run.close();
        const title = `${flags.n} samples of ${run.info.system}`;
        await writeSamples(flags.out, rows, data.columns, () =>
          scatter(rows, { title, reference: data.train, xTitle: data.columns[0], yTitle: data.columns[1] }).png(),
        );
        const result = { file: flags.out, n: flags.n, shape: [flags.n, data.features] };
        if (flags.json) printJson(result);
        else process.stdout.write(`${flags.n} samples [${result.shape}] in ${flags.out}\n`);
      });
    },
  );
}
