/**
 * Trains PAR-GAN in a dedicated worker, so that the page stays free. A stopped training goes on where it was; one whose
 * device is lost goes on from the last checkpoint, on a new device and to the same bits.
 */
import { blobs, type GanConfig, type LossRow, makeConfig, open, ParGan, train, type VeilganError } from 'veilgan/gan';

/** `every`: generator steps between two checkpoints, which live in memory. */
export type Start = { readonly order: 'start'; readonly fields: Partial<GanConfig>; readonly every: number };
export type Order = Start | { readonly order: 'stop' };
export type News =
  | { readonly news: 'rows'; readonly rows: readonly LossRow[] }
  | { readonly news: 'lost'; readonly from: number }
  | { readonly news: 'stopped' | 'done'; readonly step: number; readonly samples: Float32Array }
  | { readonly news: 'failed'; readonly why: string };

const data = blobs();
let saved: Awaited<ReturnType<ParGan['state']>> | undefined;
let stopped = false;
let running = false;
const tell = (news: News) => postMessage(news);

/** On one device. @throws VeilganError DEVICE_LOST */
async function work({ fields, every }: Start): Promise<void> {
  const gpu = await open();
  const config = makeConfig('blobs-js', fields);
  const gan = new ParGan(gpu, config, data, 1);
  if (saved) gan.restore(saved.tensors, saved.meta);
  try {
    while (gan.step < config.steps && !stopped) {
      const steps = Math.min(config.steps, (Math.floor(gan.step / every) + 1) * every);
      // Short chunks: the GPU draws the page as well.
      await train(gan, { steps, targetMs: 8, stop: () => stopped, onRows: (rows) => tell({ news: 'rows', rows }) });
      saved = await gan.state();
    }
    tell({ news: stopped ? 'stopped' : 'done', step: gan.step, samples: await gan.sample(1000) });
  } finally {
    gan.dispose();
    gpu.close();
  }
}

async function start(order: Start): Promise<void> {
  if (running) return;
  running = true;
  stopped = false;
  for (let lost = true; lost; ) {
    lost = false;
    await work(order).catch(({ code, message, fix }: VeilganError) => {
      lost = code === 'DEVICE_LOST';
      tell(
        lost ? { news: 'lost', from: Number(saved?.meta.step ?? 0) } : { news: 'failed', why: `${message}. ${fix}` },
      );
    });
  }
  running = false;
}

addEventListener('message', ({ data }: MessageEvent<Order>) => {
  if (data.order === 'stop') stopped = true;
  if (data.order === 'start') void start(data);
});
