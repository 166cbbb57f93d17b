// esbuild bundler.ts --bundle --format=esm --minify --outfile=app.js
import { blobs, makeConfig, open, ParGan, train } from 'veilgan/gan';

const gpu = await open();
const gan = new ParGan(gpu, makeConfig('blobs-js', { partitions: 4 }), blobs(), 1);
const output = document.querySelector('output') as HTMLOutputElement;
await train(gan, {
  steps: 20,
  targetMs: 8, // of a GPU that draws the page as well
  onRows: (rows) => void (output.textContent = `step ${rows[rows.length - 1].step}`),
});
const points = await gan.sample(100); // [100, 2]
output.textContent = Array.from(points, (x) => x.toFixed(2)).join(' ');
gpu.close();
