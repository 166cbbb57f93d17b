import * as z from 'zod';
import { isImage, matchingSamples, samplesOf } from '../run/samples.ts';
import { sampleKind, sampleKinds, writeSamples } from '../run/write-samples.ts';
import { optional, repeated, runFolder, text, whole } from './flags.ts';
import { withRun } from './job.ts';
import { checkPicture, samplesPng } from './pictures.ts';
import { verb } from './verb.ts';

export default verb({
  about: "Draws samples from a run's generator into a file.",
  args: { run: runFolder },
  flags: {
    out: z.string().describe(`<file> where to: ${sampleKinds}`),
    n: optional(whole(1, 100_000_000), '<n> how many (default 1000; 100 in a picture of images)'),
    where: repeated("<condition> only rows that meet it, as in sex=F or 'age>=65'; may be given several times"),
    require: repeated("<condition> the same, also between two columns, as in 'start<=end'"),
    balance: text('<column> equally many rows of each value of a category'),
    seed: optional(whole(0, 1000), '<n> other rows of the same run (default 0)'),
    stream: optional(whole(0, 1000), '<n> the same as `seed`'),
  },
  device: true,
  run: ({ run: dir, out, n: asked, seed, stream = seed ?? 0, where, require, balance }, { gpu, progress }) => {
    const kind = sampleKind(out);
    return withRun(gpu, dir, async (job) => {
      const { run, gan, data } = job;
      const png = kind === 'png';
      const n = asked ?? (png && isImage(data.shape) ? 100 : 1000);
      if (png) checkPicture(data, n);
      const chosen = where.length + require.length > 0 || balance !== undefined;
      const samples = chosen
        ? await matchingSamples(job, {
            ...{ n, stream, asked: { where, require, balance } },
            onProgress: (found) => progress.at('rows that meet the conditions', found, { total: n, show: String }),
          })
        : samplesOf(job, await gan.sample(n, stream));
      progress.stop();
      const picture = () => samplesPng(samples.rows, job, `${n} samples of ${run.info.system}`);
      await writeSamples(out, samples, picture);
      const written = (data.encoding?.columns.length ?? 0) + (data.meta.keys?.length ?? 0);
      const cells = data.encoding && kind === 'csv' && written;
      const shape = cells ? [n, cells] : [n, ...data.shape];
      return { document: { file: out, n, shape }, text: `${n} samples [${shape}] in ${out}` };
    });
  },
});
