/** `npm run bench [SUITE] [-- --json --peers]`: see each suite's file for what it measures. */
import type { Gpu } from '../src/gpu/gpu.ts';
import { matmulSuite } from './matmul.ts';
import type { Result } from './measure.ts';
import { startupSuite } from './startup.ts';
import { blobsSuite, criticsSuite, dispatchSuite, profileSuite } from './systems.ts';

export type { Result } from './measure.ts';

export const suites = {
  matmul: (gpu: Gpu, { large }: BenchOptions) => matmulSuite(gpu, large ? [256, 512, 1024, 2048] : [256, 512, 1024]),
  dispatch: (gpu: Gpu) => dispatchSuite(gpu),
  blobs: (gpu: Gpu) => blobsSuite(gpu),
  critics: (gpu: Gpu) => criticsSuite(gpu),
  profile: (gpu: Gpu) => profileSuite(gpu),
  startup: async (_: Gpu, { cli }: BenchOptions) => startupSuite(cli),
} satisfies Record<string, (gpu: Gpu, options: BenchOptions) => Promise<Result[]>>;

export type SuiteName = keyof typeof suites;

export interface BenchOptions {
  /** the bundled command line, which `startup` runs */
  readonly cli: string;
  /** also sizes that take minutes on a software adapter */
  readonly large?: boolean;
}
