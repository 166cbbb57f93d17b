/** The page's side of page-blobs.test.ts: the job on navigator.gpu. */
import { Gpu } from '../../src/api/index.ts';
import { type JobReport, runJob } from './job.ts';

declare global {
  interface Window {
    report?: JobReport;
  }
}

window.report = await runJob(() => Gpu.open(navigator.gpu));
