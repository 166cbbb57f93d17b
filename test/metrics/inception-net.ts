/**
 * InceptionV3 in float64, written down block by block from pytorch-fid and torchvision; shares nothing with src but the
 * convolution reference of the tests. Every unit is convolution, batch normalisation (not folded) and ReLU.
 */
import { conv64, geometry } from '../support/conv64.ts';

/** Images channels last. */
export interface Image {
  readonly shape: readonly [n: number, h: number, w: number, c: number];
  readonly data: Float64Array;
}
/** Tensors by name, with PyTorch's shapes. */
export type Stored = Record<string, { shape: number[]; data: Float32Array }>;

/** A unit of known outputs, padded by hand. */
export type UnitOf = (x: Image, name: string, stride?: number, padding?: readonly [number, number]) => Image;

export function unitOf(stored: Stored): UnitOf {
  return ({ shape: [n, h, w, c], data }, name, stride = 1, [ph, pw] = [0, 0]) => {
    const { shape, data: kernel } = stored[`${name}.conv.weight`];
    const [co, ci, kh, kw] = shape;
    if (ci !== c) throw new Error(`${name}: ${c} channels for ${ci}`);
    const weight = new Float64Array(kernel.length);
    for (let o = 0; o < co; o++) {
      for (let i = 0; i < ci; i++) {
        for (let t = 0; t < kh * kw; t++) weight[(t * ci + i) * co + o] = kernel[(o * ci + i) * kh * kw + t];
      }
    }
    const padding = [
      [ph, ph],
      [pw, pw],
    ] as const;
    const at = geometry([h, w, ci], [kh, kw, ci, co], { stride, padding });
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (part) => stored[`${name}.bn.${part}`].data,
    );
    const y = conv64(data, weight, n, at).map((v, i) => {
      const o = i % co;
      return Math.max(0, ((v - mean[o]) / Math.sqrt(variance[o] + 0.001)) * gamma[o] + beta[o]);
    });
    return { shape: [n, at.oh, at.ow, co], data: y };
  };
}

/** 3 x 3 pooling; places outside the image count neither for the mean nor for the maximum. */
export function pool(
  { shape: [n, h, w, c], data }: Image,
  kind: 'average' | 'max',
  stride: number,
  pad: number,
): Image {
  const size = (s: number) => Math.floor((s + 2 * pad - 3) / stride) + 1;
  const [oh, ow] = [size(h), size(w)];
  const out = new Float64Array(n * oh * ow * c);
  for (let at = 0; at < out.length; at++) {
    const ch = at % c;
    const x = Math.floor(at / c) % ow;
    const y = Math.floor(at / (c * ow)) % oh;
    const b = Math.floor(at / (c * ow * oh));
    const seen: number[] = [];
    for (let i = y * stride - pad; i < y * stride - pad + 3; i++) {
      for (let j = x * stride - pad; j < x * stride - pad + 3; j++) {
        if (i >= 0 && i < h && j >= 0 && j < w) seen.push(data[((b * h + i) * w + j) * c + ch]);
      }
    }
    out[at] = kind === 'max' ? Math.max(...seen) : seen.reduce((s, v) => s + v, 0) / seen.length;
  }
  return { shape: [n, oh, ow, c], data: out };
}

/** torch.cat(images, 1) of channels-first images. */
export function cat(...images: Image[]): Image {
  const [n, h, w] = images[0].shape;
  const c = images.reduce((sum, { shape }) => sum + shape[3], 0);
  const data = new Float64Array(n * h * w * c);
  for (let p = 0; p < n * h * w; p++) {
    let at = p * c;
    for (const { shape, data: from } of images) {
      data.set(from.subarray(p * shape[3], (p + 1) * shape[3]), at);
      at += shape[3];
    }
  }
  return { shape: [n, h, w, c], data };
}

/** The named part of the network, as its `forward` reads. */
export function forward(name: string, x: Image, unit: UnitOf): Image {
  const u = (y: Image, branch: string, stride = 1, padding: readonly [number, number] = [0, 0]) =>
    unit(y, `${name}.${branch}`, stride, padding);
  const average = () => u(pool(x, 'average', 1, 1), 'branch_pool');
  if (name === 'Conv2d_1a_3x3') return unit(x, name, 2);
  if (name === 'Conv2d_2b_3x3') return unit(x, name, 1, [1, 1]);
  if (name.startsWith('Conv2d')) return unit(x, name);
  if (name.startsWith('maxpool')) return pool(x, 'max', 2, 0);
  if (name === 'Mixed_6a') {
    const dbl = u(u(u(x, 'branch3x3dbl_1'), 'branch3x3dbl_2', 1, [1, 1]), 'branch3x3dbl_3', 2);
    return cat(u(x, 'branch3x3', 2), dbl, pool(x, 'max', 2, 0));
  }
  if (name.startsWith('Mixed_5')) {
    const five = u(u(x, 'branch5x5_1'), 'branch5x5_2', 1, [2, 2]);
    const dbl = u(u(u(x, 'branch3x3dbl_1'), 'branch3x3dbl_2', 1, [1, 1]), 'branch3x3dbl_3', 1, [1, 1]);
    return cat(u(x, 'branch1x1'), five, dbl, average());
  }
  if (name.startsWith('Mixed_6')) {
    const seven = u(u(u(x, 'branch7x7_1'), 'branch7x7_2', 1, [0, 3]), 'branch7x7_3', 1, [3, 0]);
    let dbl = u(x, 'branch7x7dbl_1');
    dbl = u(u(dbl, 'branch7x7dbl_2', 1, [3, 0]), 'branch7x7dbl_3', 1, [0, 3]);
    dbl = u(u(dbl, 'branch7x7dbl_4', 1, [3, 0]), 'branch7x7dbl_5', 1, [0, 3]);
    return cat(u(x, 'branch1x1'), seven, dbl, average());
  }
  if (name === 'Mixed_7a') {
    let seven = u(u(x, 'branch7x7x3_1'), 'branch7x7x3_2', 1, [0, 3]);
    seven = u(u(seven, 'branch7x7x3_3', 1, [3, 0]), 'branch7x7x3_4', 2);
    return cat(u(u(x, 'branch3x3_1'), 'branch3x3_2', 2), seven, pool(x, 'max', 2, 0));
  }
  const three = u(x, 'branch3x3_1');
  const dbl = u(u(x, 'branch3x3dbl_1'), 'branch3x3dbl_2', 1, [1, 1]);
  const pooled = name === 'Mixed_7b' ? average() : u(pool(x, 'max', 1, 1), 'branch_pool');
  return cat(
    u(x, 'branch1x1'),
    cat(u(three, 'branch3x3_2a', 1, [0, 1]), u(three, 'branch3x3_2b', 1, [1, 0])),
    cat(u(dbl, 'branch3x3dbl_3a', 1, [0, 1]), u(dbl, 'branch3x3dbl_3b', 1, [1, 0])),
    pooled,
  );
}
