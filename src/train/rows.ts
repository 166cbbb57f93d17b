/** The training rows on the device, in their stored type, and which of them each step of a chunk sees. */
import { VeilganError } from '../base/errors.ts';
import { pickRows } from '../base/rows.ts';
import type { Gpu } from '../gpu/index.ts';
import { BYTE_UNIT, type Bytes, gather, gatherBytes } from '../ops/gather.ts';
import type { Block } from '../ops/heads.ts';
import { concat } from '../ops/movement.ts';
import type { Shape } from '../tensor/shape.ts';
import { empty, type Tensor, tensor } from '../tensor/tensor.ts';

export interface TrainingData {
  /** [rows, features]; bytes of images stand for (2 b - 255) / 255 */
  readonly train: Float32Array | Uint8Array;
  /** values of a record */
  readonly features: number;
  /** of a record, [height, width, channels] for images; default [features] */
  readonly shape?: Shape;
  /** class of each row, of which `labels: 'condition'` makes use */
  readonly labels?: { readonly train: Uint32Array };
  /** names of the classes; without them there are as many as the labels go up to */
  readonly classes?: readonly string[];
  /** of a table whose columns have kinds: what the values of a record are */
  readonly blocks?: readonly Block[];
}

/** How many classes there are. A private run counts this as public. */
export const classesOf = (labels: Uint32Array, names?: readonly string[]): number =>
  names?.length ?? 1 + labels.reduce((a, b) => Math.max(a, b), 0);

/** Rows to train on. @throws VeilganError CONFIG where the config asks for more than there are */
export function trainingRows(
  data: { readonly train: ArrayLike<number>; readonly features: number },
  config: { readonly rows: number },
): number {
  const rows = data.train.length / data.features;
  if (config.rows <= rows) return config.rows || rows;
  throw new VeilganError('CONFIG', `${config.rows} rows were asked for, and the data set has ${rows}`, {
    where: 'rows',
    fix: `Give \`rows: ${rows}\` or less; 0 takes all`,
  });
}

/** Most bytes of rows that are sent for one chunk where they do not all fit on the device. */
const SENT = 1 << 26;

const words = (bytes: Uint8Array): Uint32Array => {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  whole.set(bytes);
  return new Uint32Array(whole.buffer);
};

/**
 * Rows [rows, width], u8 (pixels) or f32. They stay on the device where one binding holds them; else the rows of a
 * chunk are sent with it, and the index list counts them through. The batches are the same either way.
 */
export class Rows {
  /** most steps of a chunk */
  readonly chunk: number;
  readonly width: number;
  readonly #train: Float32Array | Uint8Array;
  readonly #perStep: number;
  readonly #streamed: boolean;
  readonly #data: Tensor;
  readonly #index: Tensor;
  readonly #list: Uint32Array;
  #sent = 0;

  /**
   * @param perStep rows that a step sees
   * @param chunk most steps of a chunk
   * @param limit bytes that one binding holds; default the device's
   */
  constructor(
    gpu: Gpu,
    train: Float32Array | Uint8Array,
    { width, perStep, chunk, limit = gpu.device.limits.maxStorageBufferBindingSize }: RowsOptions,
  ) {
    this.width = width;
    this.#train = train;
    this.#perStep = perStep;
    this.#streamed = train.byteLength > limit;
    const rowBytes = width * train.BYTES_PER_ELEMENT;
    const sent = Math.floor(Math.min(SENT, limit) / (perStep * rowBytes));
    this.chunk = this.#streamed ? Math.max(1, Math.min(chunk, sent)) : chunk;
    const rows = this.chunk * perStep;
    this.#list = new Uint32Array(rows);
    this.#index = empty(gpu, [rows], 'u32');
    if (this.#streamed) {
      this.#data = empty(gpu, [Math.ceil((rows * rowBytes) / 4)], train instanceof Uint8Array ? 'u32' : 'f32');
      gpu.upload(
        this.#index,
        Uint32Array.from({ length: rows }, (_, i) => i),
      );
    } else {
      this.#data = train instanceof Uint8Array ? tensor(gpu, words(train)) : tensor(gpu, train);
    }
  }

  /** Inside a program: the rows of the replayed step, [perStep, width]. */
  gather(): Tensor {
    const index = { list: this.#index, perStep: this.#perStep };
    const records = this.#streamed ? this.#list.length : this.#train.length / this.width;
    if (this.#train instanceof Uint8Array) {
      const bytes: Bytes = { words: this.#data, records, width: this.width, unit: BYTE_UNIT };
      return gatherBytes(bytes, index);
    }
    return gather(this.#data.view([records, this.width]), index);
  }

  /** Which rows the steps of the last chunk see, in their order. */
  get sent(): Uint32Array {
    return this.#list.subarray(0, this.#sent);
  }

  /** Sends what the next steps see; `fill` writes the rows of each into the list. Gives each step's place in it. */
  send(steps: number, fill: (list: Uint32Array, at: number, step: number) => void): number[] {
    this.#sent = steps * this.#perStep;
    const list = this.sent;
    const places = Array.from({ length: steps }, (_, i) => i * this.#perStep);
    places.forEach((at, i) => {
      fill(list, at, i);
    });
    const { gpu } = this.#data;
    if (!this.#streamed) {
      gpu.upload(this.#index, list);
      return places;
    }
    const rows = pickRows(this.#train, this.width, list);
    gpu.upload(this.#data, rows instanceof Uint8Array ? words(rows) : rows);
    return places;
  }

  dispose(): void {
    this.#data.dispose();
    this.#index.dispose();
  }
}

/** Rows with their labels' one-hot values behind them, where labels condition. */
export class LabelledRows {
  /** most steps of a chunk */
  readonly chunk: number;
  /** of a chunk's rows, in the order of its index list, two words each; null without */
  readonly tags: Tensor | null;
  readonly #rows: Rows;
  readonly #labels: Rows | null;
  readonly #tags: Uint32Array | null;

  /**
   * @param classes 0: rows alone
   * @param tags [rows, 2], sent with the rows where draws follow them
   */
  constructor(
    gpu: Gpu,
    { train, labels }: Pick<TrainingData, 'train' | 'labels'>,
    classes: number,
    options: RowsOptions,
    tags: Uint32Array | null = null,
  ) {
    this.#rows = new Rows(gpu, train, options);
    this.chunk = this.#rows.chunk;
    this.#tags = tags;
    this.tags = tags && empty(gpu, [this.chunk * options.perStep, 2], 'u32');
    this.#labels = null;
    if (!classes || !labels) return;
    const oneHot = new Float32Array((train.length / options.width) * classes);
    for (let row = 0; row * classes < oneHot.length; row++) oneHot[row * classes + labels.train[row]] = 1;
    this.#labels = new Rows(gpu, oneHot, { ...options, width: classes, chunk: this.chunk });
    this.chunk = this.#labels.chunk;
  }

  /** Inside a program: the rows of the replayed step, [perStep, width + classes]. */
  gather(): Tensor {
    const rows = this.#rows.gather();
    return this.#labels ? concat([rows, this.#labels.gather()], 1) : rows;
  }

  /** As `Rows.send`. */
  send(steps: number, fill: (list: Uint32Array, at: number, step: number) => void): number[] {
    this.#labels?.send(steps, fill);
    const places = this.#rows.send(steps, fill);
    if (this.tags && this.#tags && steps > 0) {
      const list = this.#rows.sent;
      const sent = new Uint32Array(2 * list.length);
      const tags = this.#tags;
      for (let i = 0; i < list.length; i++) {
        sent[2 * i] = tags[2 * list[i]];
        sent[2 * i + 1] = tags[2 * list[i] + 1];
      }
      this.tags.gpu.upload(this.tags, sent);
    }
    return places;
  }

  dispose(): void {
    this.tags?.dispose();
    this.#rows.dispose();
    this.#labels?.dispose();
  }
}

export interface RowsOptions {
  readonly width: number;
  readonly perStep: number;
  readonly chunk: number;
  readonly limit?: number;
}
