/** The page's side of page-blobs.test.ts: the job on navigator.gpu, then the loss of a device. */
import { Gpu, tensor, type VeilganError } from '../../src/index.ts';
import { type JobReport, runJob } from './job.ts';

export interface PageReport extends JobReport {
  /** codes of the errors after the device was destroyed: of the read in flight, and of the next one */
  readonly lost: readonly [string, string];
}

declare global {
  interface Window {
    report?: PageReport;
  }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: VeilganError) => String(error.code ?? error),
  );

const gpu = await Gpu.open(navigator.gpu);
const report = await runJob(gpu);

const losing = await Gpu.open(navigator.gpu);
const x = tensor(losing, [1, 2, 3, 4]);
const inFlight = codeOf(x.square().read());
losing.device.destroy();
window.report = { ...report, lost: [await inFlight, await codeOf(x.read())] };
