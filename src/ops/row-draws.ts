/**
 * Draws that follow rows. In a private batch nothing random that meets a record may depend on where the record stands:
 * a record fewer would move all behind it to other draws. So each row has a tag, a 64-bit key of its own, and draws
 * under it: the same wherever the row stands, in whichever device batch.
 */

import randomShader from '#shaders/random_rows.wgsl';
import picksShader from '#shaders/row_picks.wgsl';
import tagsShader from '#shaders/row_tags.wgsl';
import { VeilganError } from '../base/errors.ts';
import { seedWords } from '../base/philox.ts';
import { type Shape, same, shapeError, sizeOf } from '../tensor/shape.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { strided } from './dispatch.ts';
import { gather } from './gather.ts';
import { reshape } from './movement.ts';

/** The program's word of draws that follow rows: the same in every program, for a row may be seen by any of several. */
const PROGRAM = 0x726f7773;

/**
 * The tags of a batch's rows, and what is drawn under them. Sites are counted from 0 for each batch, not for each
 * program: a record finds the same draws in whichever program its device batch is summed.
 */
export class RowTags {
  readonly #make: () => Tensor;
  #words: Tensor | null = null;
  #sites = 0;

  /** @param words [groups, rows, 2] u32, or what makes them when something is drawn */
  constructor(words: Tensor | (() => Tensor)) {
    this.#make = typeof words === 'function' ? words : () => words;
  }

  /** [groups, rows, 2] u32 */
  get words(): Tensor {
    this.#words ??= this.#make();
    return this.#words;
  }

  /** A draw site of its own for each operation on the batch, in their order. */
  #place() {
    return { site: this.#sites++, program: PROGRAM };
  }

  #draw(shape: Shape, mask?: { rate: number; keep: number }): Tensor {
    const { words } = this;
    if (words.dtype !== 'u32' || !same(words.shape, [...shape.slice(0, 2), 2])) {
      throw shapeError('draws by row', [shape, words.shape], 'needs a tag of two words for each of [groups, rows]');
    }
    const { gpu } = words;
    const y = empty(gpu, shape);
    const rows = shape[0] * shape[1];
    const width = sizeOf(shape) / rows;
    const { grid, threads } = strided(gpu, rows * Math.ceil(width / 4));
    const params = { rows, width, threads, ...this.#place(), ...(mask ?? { rate: 0, keep: 0 }) };
    gpu.run(randomShader, { overrides: { MASK: mask ? 1 : 0 } }, { tags: words, y }, params, grid);
    return y;
  }

  /**
   * Uniform draws in [0, 1) under each row's tag: [groups, rows, ...]. In a program they differ by step, repeat and site.
   * @throws VeilganError SHAPE
   */
  uniform(shape: Shape): Tensor {
    return this.#draw(shape);
  }

  /**
   * A dropout mask under each row's tag: 0 where `uniform` is below the rate, else 1 / (1 - rate).
   * @throws VeilganError SHAPE
   */
  mask(shape: Shape, rate: number): Tensor {
    return this.#draw(shape, { rate, keep: 1 / (1 - rate) });
  }

  /**
   * For each row one of its group's pool, chosen under the row's tag, each as likely as any other (to 2^-32 of the pool).
   * @param pool [groups, many, width]
   * @returns [groups, rows, width]
   * @throws VeilganError SHAPE where the groups differ, OVER_LIMIT for a pool of more than 65,536
   */
  pick(pool: Tensor): Tensor {
    const { words } = this;
    const [groups, many, width] = pool.shape;
    if (pool.rank !== 3 || groups !== words.shape[0]) {
      throw shapeError('pick by row', [pool.shape, words.shape], 'needs [groups, many, width], tags of as many groups');
    }
    if (many > 0x10000) {
      throw new VeilganError('OVER_LIMIT', `a pool of ${many} rows`, {
        where: 'pick by row',
        fix: 'Use at most 65,536',
      });
    }
    const { gpu } = words;
    const batch = words.shape[1];
    const rows = groups * batch;
    const y = empty(gpu, [rows], 'u32');
    const { grid, threads } = strided(gpu, rows);
    const params = { rows, threads, batch, pool: many, ...this.#place() };
    gpu.run(picksShader, {}, { tags: words, y }, params, grid);
    return reshape(gather(reshape(pool, [groups * many, width]), y), [groups, batch, width]);
  }
}

export interface RowTagOptions {
  /** of a batch [groups, batch] */
  readonly groups: number;
  readonly batch: number;
  /** of each group's rows the first so many are records of the list; those behind are generated, and have tags of place */
  readonly reals: number;
  /** of the tags of place */
  readonly seed: number;
}

/**
 * Inside a program: the tags of a batch's rows.
 * @param list tags of the chunk's rows, two words each, in the order of its index list: `Replay.index` says where
 */
export function rowTags(list: Tensor, { groups, batch, reals, seed }: RowTagOptions): RowTags {
  return new RowTags(() => {
    const { gpu } = list;
    const y = empty(gpu, [groups, batch, 2], 'u32');
    const rows = groups * batch;
    const { grid, threads } = strided(gpu, rows);
    gpu.run(tagsShader, {}, { tags: list, y }, { rows, threads, batch, reals, ...seedWords(seed) }, grid);
    return y;
  });
}
