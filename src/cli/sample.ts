import * as z from 'zod';
import { isImage, samplesOf } from '../run/samples.ts';
import { sampleKind, sampleKinds, writeSamples } from '../run/write-samples.ts';
import { optional, runFolder, whole } from './flags.ts';
import { withRun } from './job.ts';
import { checkPicture, samplesPng } from './pictures.ts';
import { verb } from './verb.ts';

export default verb({
  about: "Draws samples from a run's generator into a file.",
  args: { run: runFolder },
  flags: {
    out: z.string().describe(`<file> where to: ${sampleKinds}`),
    n: optional(whole(1, 100_000_000), '<n> how many (default 1000; 100 in a picture of images)'),
    stream: whole(0, 1000).default(0).describe("<n> which of the seed's latent sequences"),
  },
  device: true,
  run: ({ run: dir, out, n: asked, stream }, { gpu }) => {
    const kind = sampleKind(out);
    return withRun(gpu, dir, async (job) => {
      const { run, gan, data } = job;
      const png = kind === 'png';
      const n = asked ?? (png && isImage(data.shape) ? 100 : 1000);
      if (png) checkPicture(data, n);
      const rows = await gan.sample(n, stream);
      const picture = () => samplesPng(rows, job, `${n} samples of ${run.info.system}`);
      await writeSamples(out, samplesOf(job, rows), picture);
      const cells = data.encoding && kind === 'csv' && data.encoding.columns.length;
      const shape = cells ? [n, cells] : [n, ...data.shape];
      return { document: { file: out, n, shape }, text: `${n} samples [${shape}] in ${out}` };
    });
  },
});
