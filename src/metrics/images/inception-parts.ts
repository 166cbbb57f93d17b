/**
 * InceptionV3 (Szegedy et al. 2016) in the variant that FID is defined by: TensorFlow's 2015 network as ported by
 * pytorch-fid. It differs from torchvision's in that average pooling leaves padding out of the count and that the last
 * block's pooling takes the maximum. A tree of units; the names of its tensors are those of the ported weights.
 */
import type { Shape } from '../../tensor/shape.ts';

/** Convolution without bias, batch normalisation, ReLU. */
export interface Unit {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: 1 | 2;
  readonly padding: 'same' | 'valid';
}

/** A part of the network: a unit, 3 x 3 pooling, parts one after another, or side by side and joined by channels. */
export type Part =
  | Unit
  | { readonly pool: 'average' | 'max'; readonly stride: 1 | 2 }
  | { readonly chain: readonly Part[] }
  | { readonly fork: readonly Part[] };

const chain = (...parts: Part[]): Part => ({ chain: parts });
const fork = (...parts: Part[]): Part => ({ fork: parts });
const average: Part = { pool: 'average', stride: 1 };
const halve: Part = { pool: 'max', stride: 2 };

/** Units whose names begin with `prefix`; a stride of 2 and the stem go without padding. */
const maker =
  (prefix: string) =>
  (
    name: string,
    inputs: number,
    outputs: number,
    kernel: number | readonly [number, number] = 1,
    { stride = 1, padding = stride === 2 ? 'valid' : 'same' }: Partial<Pick<Unit, 'stride' | 'padding'>> = {},
  ): Unit => ({
    name: prefix + name,
    inputs,
    outputs,
    kernel: typeof kernel === 'number' ? [kernel, kernel] : kernel,
    stride,
    padding,
  });

function blockA(name: string, n: number, pool: number, w: Width): Part {
  const unit = maker(`${name}.`);
  return fork(
    unit('branch1x1', n, w(64)),
    chain(unit('branch5x5_1', n, w(48)), unit('branch5x5_2', w(48), w(64), 5)),
    chain(
      unit('branch3x3dbl_1', n, w(64)),
      unit('branch3x3dbl_2', w(64), w(96), 3),
      unit('branch3x3dbl_3', w(96), w(96), 3),
    ),
    chain(average, unit('branch_pool', n, pool)),
  );
}

function blockB(name: string, n: number, w: Width): Part {
  const unit = maker(`${name}.`);
  return fork(
    unit('branch3x3', n, w(384), 3, { stride: 2 }),
    chain(
      unit('branch3x3dbl_1', n, w(64)),
      unit('branch3x3dbl_2', w(64), w(96), 3),
      unit('branch3x3dbl_3', w(96), w(96), 3, { stride: 2 }),
    ),
    halve,
  );
}

function blockC(name: string, n: number, c: number, w: Width): Part {
  const unit = maker(`${name}.`);
  return fork(
    unit('branch1x1', n, w(192)),
    chain(unit('branch7x7_1', n, c), unit('branch7x7_2', c, c, [1, 7]), unit('branch7x7_3', c, w(192), [7, 1])),
    chain(
      unit('branch7x7dbl_1', n, c),
      unit('branch7x7dbl_2', c, c, [7, 1]),
      unit('branch7x7dbl_3', c, c, [1, 7]),
      unit('branch7x7dbl_4', c, c, [7, 1]),
      unit('branch7x7dbl_5', c, w(192), [1, 7]),
    ),
    chain(average, unit('branch_pool', n, w(192))),
  );
}

function blockD(name: string, n: number, w: Width): Part {
  const unit = maker(`${name}.`);
  return fork(
    chain(unit('branch3x3_1', n, w(192)), unit('branch3x3_2', w(192), w(320), 3, { stride: 2 })),
    chain(
      unit('branch7x7x3_1', n, w(192)),
      unit('branch7x7x3_2', w(192), w(192), [1, 7]),
      unit('branch7x7x3_3', w(192), w(192), [7, 1]),
      unit('branch7x7x3_4', w(192), w(192), 3, { stride: 2 }),
    ),
    halve,
  );
}

function blockE(name: string, n: number, pool: 'average' | 'max', w: Width): Part {
  const unit = maker(`${name}.`);
  const both = (branch: string) =>
    fork(
      unit(`${branch}a`, w(384), w(384), [1, 3]), //
      unit(`${branch}b`, w(384), w(384), [3, 1]),
    );
  return fork(
    unit('branch1x1', n, w(320)),
    chain(unit('branch3x3_1', n, w(384)), both('branch3x3_2')),
    chain(unit('branch3x3dbl_1', n, w(448)), unit('branch3x3dbl_2', w(448), w(384), 3), both('branch3x3dbl_3')),
    chain({ pool, stride: 1 }, unit('branch_pool', n, w(192))),
  );
}

type Width = (channels: number) => number;

/**
 * The network's parts in order, by name: images [h, w, 3] in [-1, 1], of at least 75 pixels a side, to [.., .., 2048].
 * @param share of the published channels; 1 but in tests
 */
export function inceptionParts(share = 1): readonly (readonly [name: string, part: Part])[] {
  const w = (channels: number) => Math.max(1, Math.round(channels * share));
  const unit = maker('');
  const [a, b, d] = [2 * w(64) + w(96), w(384) + w(96), w(320) + w(192)];
  const [a1, a2] = [a + w(32), a + w(64)];
  const joined = b + a2;
  const c = 4 * w(192);
  const e = w(320) + 4 * w(384) + w(192);
  const valid = { padding: 'valid' } as const;
  const parts: [string, Part][] = [
    ['Conv2d_1a_3x3', unit('Conv2d_1a_3x3', 3, w(32), 3, { stride: 2 })],
    ['Conv2d_2a_3x3', unit('Conv2d_2a_3x3', w(32), w(32), 3, valid)],
    ['Conv2d_2b_3x3', unit('Conv2d_2b_3x3', w(32), w(64), 3)],
    ['maxpool1', halve],
    ['Conv2d_3b_1x1', unit('Conv2d_3b_1x1', w(64), w(80))],
    ['Conv2d_4a_3x3', unit('Conv2d_4a_3x3', w(80), w(192), 3, valid)],
    ['maxpool2', halve],
    ['Mixed_5b', blockA('Mixed_5b', w(192), w(32), w)],
    ['Mixed_5c', blockA('Mixed_5c', a1, w(64), w)],
    ['Mixed_5d', blockA('Mixed_5d', a2, w(64), w)],
    ['Mixed_6a', blockB('Mixed_6a', a2, w)],
    ['Mixed_6b', blockC('Mixed_6b', joined, w(128), w)],
    ['Mixed_6c', blockC('Mixed_6c', c, w(160), w)],
    ['Mixed_6d', blockC('Mixed_6d', c, w(160), w)],
    ['Mixed_6e', blockC('Mixed_6e', c, w(192), w)],
    ['Mixed_7a', blockD('Mixed_7a', c, w)],
    ['Mixed_7b', blockE('Mixed_7b', d + c, 'average', w)],
    ['Mixed_7c', blockE('Mixed_7c', e, 'max', w)],
  ];
  return parts;
}

/** All units of a part, in order. */
export function unitsOf(part: Part): Unit[] {
  if ('chain' in part) return part.chain.flatMap(unitsOf);
  if ('fork' in part) return part.fork.flatMap(unitsOf);
  return 'pool' in part ? [] : [part];
}

/** Tensors that a unit is made of, by name, with PyTorch's shapes: weights [outputs, inputs, height, width]. */
export function tensorsOf({ name, inputs, outputs, kernel }: Unit): Record<string, Shape> {
  const each = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`${name}.bn.${part}`, [outputs]]);
  return { [`${name}.conv.weight`]: [outputs, inputs, ...kernel], ...Object.fromEntries(each) };
}

/** Channels that a part's output has. @param inputs of what goes in, which pooling hands on */
export function channelsOf(part: Part, inputs = 3): number {
  if ('chain' in part) return part.chain.reduce((n, each) => channelsOf(each, n), inputs);
  if ('fork' in part) return part.fork.reduce((sum, each) => sum + channelsOf(each, inputs), 0);
  return 'pool' in part ? inputs : part.outputs;
}
