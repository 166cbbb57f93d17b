/** The verbs of the command line. A verb's file, and what it needs, is loaded when it is asked for. */
import type { Verb, Verbs } from './verb.ts';

export interface VerbRow {
  /** for the list of verbs */
  readonly summary: string;
  load(): Promise<{ readonly default: Verb | Verbs }>;
}

export const verbs = {
  demo: { summary: 'train PAR-GAN and a plain GAN, attack both, write a report', load: () => import('./demo.ts') },
  train: { summary: 'train a system on a data set', load: () => import('./train.ts') },
  sample: { summary: 'draw samples from a trained run', load: () => import('./sample.ts') },
  attack: { summary: 'attack a trained run: who was in the training data?', load: () => import('./attack.ts') },
  evaluate: { summary: "quality of a run's samples", load: () => import('./evaluate.ts') },
  classifier: { summary: 'train a classifier of images, for `evaluate`', load: () => import('./classifier.ts') },
  report: { summary: 'write a report on runs, as one HTML file', load: () => import('./report.ts') },
  experiment: {
    summary: 'leakage and quality against K, against epsilon, or by system',
    load: () => import('./experiment.ts'),
  },
  account: { summary: 'privacy spent by noisy steps, or the noise for a target', load: () => import('./account.ts') },
  audit: { summary: 'try to disprove the privacy claim of private training', load: () => import('./audit.ts') },
  data: { summary: 'data sets: list, fetch, import, info', load: () => import('./data.ts') },
  bench: { summary: 'benchmarks of kernels and training steps', load: () => import('./bench.ts') },
  doctor: {
    summary: 'what WebGPU finds on this machine, and what to install',
    load: () => import('./doctor.ts'),
  },
} satisfies Record<string, VerbRow>;
