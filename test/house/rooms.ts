/** The rooms of src: what each holds, and which of the others it may import. */
interface Room {
  readonly holds: string;
  readonly imports: readonly string[];
}

const LOWER = ['base', 'gpu', 'tensor', 'ops', 'autograd', 'nn', 'optim'];

export const ROOMS: Readonly<Record<string, Room>> = {
  base: { holds: 'errors, Philox, schemas, files, and maths that several rooms need', imports: [] },
  wgsl: { holds: "a shader's text and its reflection, made into a variant", imports: ['base'] },
  gpu: { holds: 'device, buffers, the ordered queue, kernels, programs, waiting', imports: ['base', 'wgsl'] },
  tensor: { holds: 'shapes, tensors, the tape, scopes that free what they made', imports: ['base', 'gpu'] },
  ops: { holds: 'operations with their derivatives, and fused fast paths', imports: ['base', 'wgsl', 'gpu', 'tensor'] },
  autograd: { holds: 'gradients of any order and by sample, and their check', imports: ['base', 'tensor', 'ops'] },
  nn: { holds: 'layers and networks over records of parameters', imports: ['base', 'tensor', 'ops'] },
  optim: { holds: 'SGD, RMSProp and Adam on flat buffers', imports: ['base', 'gpu', 'tensor', 'ops'] },
  privacy: {
    holds: 'clipping, noise, sampling, partitions, keys, budget, accountants, the ledger',
    imports: ['base', 'gpu', 'tensor', 'ops', 'autograd'],
  },
  train: { holds: 'the training loop of any system: players, batches, rows, snapshots', imports: LOWER },
  data: { holds: 'data sets, formats, columns, encodings, the store', imports: ['base', 'ops', 'privacy', 'train'] },
  gan: {
    holds: 'systems, divergences, networks, presets, the private path',
    imports: [...LOWER, 'privacy', 'train', 'data'],
  },
  fit: {
    holds: 'generators fitted to noisy tables, or sums of features: what is measured, and the fit',
    imports: [...LOWER, 'privacy', 'train', 'data', 'gan'],
  },
  metrics: { holds: 'measures of the quality of samples', imports: [...LOWER, 'train'] },
  attack: {
    holds: 'membership-inference attacks, their statistics, laws of audits',
    imports: [...LOWER, 'privacy', 'metrics'],
  },
  run: {
    holds: 'a run and its files, training, assessment, audits, experiments',
    imports: [...LOWER, 'privacy', 'train', 'data', 'gan', 'fit', 'metrics', 'attack'],
  },
  report: {
    holds: 'charts and reports',
    imports: ['base', 'privacy', 'train', 'data', 'gan', 'fit', 'metrics', 'attack', 'run'],
  },
  api: {
    holds: "the package's entries",
    imports: [...LOWER, 'privacy', 'train', 'data', 'gan', 'fit', 'metrics', 'attack', 'run'],
  },
  cli: {
    holds: 'the command line, one file a verb',
    imports: ['base', 'gpu', 'privacy', 'train', 'data', 'gan', 'fit', 'metrics', 'attack', 'run', 'report', 'api'],
  },
  page: {
    holds: 'the browser page and its worker',
    imports: [...LOWER, 'privacy', 'train', 'data', 'gan', 'fit', 'metrics', 'attack', 'run', 'report', 'api'],
  },
  examples: { holds: 'what others begin with', imports: [] },
};
