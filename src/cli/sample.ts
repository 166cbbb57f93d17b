import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { isImage, samplesOf } from '../run/samples.ts';
import { writeSamples } from '../run/write-samples.ts';
import { optional, runFolder, whole } from './flags.ts';
import { withRun } from './job.ts';
import { checkPicture, samplesPng } from './pictures.ts';
import { verb } from './verb.ts';

export default verb({
  about: "Draws samples from a run's generator into a .csv, .npy or .png file.",
  args: { run: runFolder },
  flags: {
    out: z.string().describe('<file> .csv, .npy or .png'),
    n: optional(whole(1, 100_000_000), '<n> how many (default 1000; 100 in a picture of images)'),
    stream: whole(0, 1000).default(0).describe("<n> which of the seed's latent sequences"),
  },
  device: true,
  run: ({ run: dir, out, n: asked, stream }, { gpu }) => {
    const [, kind] = /\.(csv|npy|png)$/i.exec(out) ?? [];
    if (!kind) {
      throw new VeilganError('USAGE', `${out}: samples are written as .csv, .npy or .png`, {
        where: 'out',
        fix: 'Give a file with one of these extensions',
      });
    }
    return withRun(gpu, dir, async (job) => {
      const { run, gan, data } = job;
      const png = kind.toLowerCase() === 'png';
      const n = asked ?? (png && isImage(data.shape) ? 100 : 1000);
      if (png) checkPicture(data, n);
      const rows = await gan.sample(n, stream);
      const picture = () => samplesPng(rows, job, `${n} samples of ${run.info.system}`);
      await writeSamples(out, samplesOf(job, rows), picture);
      const cells = data.encoding && kind.toLowerCase() === 'csv' && data.encoding.columns.length;
      const shape = cells ? [n, cells] : [n, ...data.shape];
      return { document: { file: out, n, shape }, text: `${n} samples [${shape}] in ${out}` };
    });
  },
});
