import { Command } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { isImage, samplesOf } from '../run/samples.ts';
import { openTraining } from '../run/session.ts';
import { writeSamples } from '../run/write-samples.ts';
import { printJson } from './format.ts';
import { type CommonOptions, wholeNumber, withDevice, withGpu } from './options.ts';
import { checkPicture, samplesPng } from './pictures.ts';

export function sampleCommand(): Command {
  const command = new Command('sample')
    .summary('draw samples from a trained run')
    .description("Draws samples from a run's generator into a .csv, .npy or .png file.")
    .argument('<run>', 'run directory')
    .requiredOption('--out <file>', '.csv, .npy or .png')
    .option('--n <n>', 'how many (default 1000; 100 in a picture of images)', wholeNumber(1, 100_000_000))
    .option('--stream <n>', "which of the seed's latent sequences", wholeNumber(0, 1000), 0);
  return withDevice(command).action(
    async (dir: string, flags: CommonOptions & { out: string; n?: number; stream: number }) => {
      await withGpu(flags, async (gpu) => {
        if (!/\.(csv|npy|png)$/i.test(flags.out)) {
          throw new VeilganError('USAGE', `${flags.out}: samples are written as .csv, .npy or .png`, {
            where: '--out',
            fix: 'Give a file with one of these extensions',
          });
        }
        const job = await openTraining(gpu, dir);
        const { run, gan, data } = job;
        run.close();
        const { shape } = data;
        const png = /\.png$/i.test(flags.out);
        const n = flags.n ?? (png && isImage(shape) ? 100 : 1000);
        if (png) checkPicture(data, n);
        const rows = await gan.sample(n, flags.stream);
        await writeSamples(flags.out, samplesOf(job, rows), () =>
          samplesPng(rows, job, `${n} samples of ${run.info.system}`),
        );
        const cells = data.encoding && /\.csv$/i.test(flags.out) && data.encoding.columns.length;
        const result = { file: flags.out, n, shape: cells ? [n, cells] : [n, ...shape] };
        if (flags.json) printJson(result);
        else process.stdout.write(`${n} samples [${result.shape}] in ${flags.out}\n`);
      });
    },
  );
}
