/** `npm run bench [SUITE] [-- --json --peers]`: see each suite's file for what it measures. */
import type { Gpu } from '../src/gpu/gpu.ts';
import { convSuite } from './conv.ts';
import { dpstepSuite } from './dpstep.ts';
import { featuresSuite } from './features.ts';
import { fitSuite } from './fit.ts';
import { imagesSuite } from './images.ts';
import { matmulSuite } from './matmul.ts';
import type { Result } from './measure.ts';
import { nearestSuite } from './nearest.ts';
import { privatePresetsSuite } from './private-presets.ts';
import { startupSuite } from './startup.ts';
import { blobsSuite, criticsSuite, dispatchSuite, profileSuite } from './systems.ts';

export { againstPeers, meanOfBoth, withNewer } from './compare.ts';
export { convPeersSuite } from './conv-peers.ts';
export type { Result } from './measure.ts';

export const suites = {
  matmul: (gpu: Gpu, { large }: BenchOptions) => matmulSuite(gpu, large ? [256, 512, 1024, 2048] : [256, 512, 1024]),
  conv: (gpu: Gpu, { large, kernels }: BenchOptions) => convSuite(gpu, { large, all: kernels === 'all' }),
  dispatch: (gpu: Gpu) => dispatchSuite(gpu),
  blobs: (gpu: Gpu) => blobsSuite(gpu),
  critics: (gpu: Gpu) => criticsSuite(gpu),
  images: (gpu: Gpu, { large }: BenchOptions) => imagesSuite(gpu, large),
  dpstep: (gpu: Gpu, { large }: BenchOptions) => dpstepSuite(gpu, large),
  'private-presets': (gpu: Gpu, { large }: BenchOptions) => privatePresetsSuite(gpu, large),
  fit: (gpu: Gpu) => fitSuite(gpu),
  features: (gpu: Gpu) => featuresSuite(gpu),
  profile: (gpu: Gpu, { large }: BenchOptions) => profileSuite(gpu, large),
  nearest: (gpu: Gpu, { large }: BenchOptions) => nearestSuite(gpu, { large }),
  startup: async (_: Gpu, { cli }: BenchOptions) => startupSuite(cli),
} satisfies Record<string, (gpu: Gpu, options: BenchOptions) => Promise<Result[]>>;

export type SuiteName = keyof typeof suites;

/** What each suite measures, for `bench --help`. */
export const descriptions: Readonly<Record<SuiteName, string>> = {
  matmul: 'square f32 products, every kernel',
  conv: "the image presets' convolutions: forward and both gradients, naive beside chosen",
  dispatch: 'CPU cost of a replayed dispatch',
  blobs: 'training steps of the Blobs presets',
  critics: 'K = 10 critics in one program against ten programs',
  images: 'training steps of the image presets, and the bytes a step needs',
  dpstep: 'a private critic step over the same without privacy: time and bytes',
  'private-presets': 'one step of every private preset, and the bytes it needs',
  fit: 'a step of a fit to noisy tables over its matrix products',
  features: 'the feature maps of images, and a step of a fit to their noisy sums, over their products',
  profile: 'where the time of a Blobs and an MNIST step goes, by kernel',
  nearest: '10,000 records against 10,000: naive beside chosen',
  startup: 'seconds from process start to the first training step',
};

export interface BenchOptions {
  /** the bundled command line, which `startup` runs */
  readonly cli: string;
  /** also sizes, and the presets' own batches, that take minutes on a software adapter */
  readonly large?: boolean;
  /** of `conv`: every kernel, or the naive and the chosen one */
  readonly kernels?: 'chosen' | 'all';
}
