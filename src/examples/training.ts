/** The page's side of training-worker.ts: start, stop, go on, and what is heard of it. */
import type { News, Order } from './training-worker.ts';

const worker = new Worker(new URL('./training-worker.js', import.meta.url), { type: 'module' });
const send = (order: Order) => worker.postMessage(order);
const output = document.querySelector('output') as HTMLOutputElement;

worker.addEventListener('message', ({ data }: MessageEvent<News>) => {
  if (data.news === 'rows') output.textContent = `step ${data.rows[data.rows.length - 1].step}`;
  if (data.news === 'lost') output.textContent = `the GPU was lost; going on from step ${data.from}`;
  if (data.news === 'failed') output.textContent = data.why;
  if (data.news === 'stopped' || data.news === 'done') output.textContent = `${data.news} after step ${data.step}`;
});

for (const button of document.querySelectorAll('button')) {
  button.onclick = () =>
    send(button.name === 'stop' ? { order: 'stop' } : { order: 'start', fields: { steps: 2000 }, every: 50 });
}
