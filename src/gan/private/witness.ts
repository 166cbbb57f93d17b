/**
 * Who watches a private run from inside, for audits and tests: what each noisy update summed, what it released, and
 * whether it goes on with a release of another run. Two runs on data that differ in one record, one of them given the
 * releases of the other, have the same critics at every update; then their sums differ by what the record added, and
 * whatever else differs between them is a leak.
 *
 * Nothing that a witness sees is covered by a guarantee.
 */
import { VeilganError } from '../../base/errors.ts';
import { assign } from '../../ops/assign.ts';
import { gather } from '../../ops/gather.ts';
import { reshape } from '../../ops/movement.ts';
import { empty, type Tensor, tensor } from '../../tensor/tensor.ts';

/** One noisy update. */
export interface WitnessedUpdate {
  /** before noise and before division, laid out as all critics' parameters; zeros between them */
  readonly sum: Float32Array;
  /** what the run itself released, (sum + noise) / divisor, in the same layout */
  readonly release: Float32Array;
}

/** Of another run, what may take the place of a run's own. */
interface Given {
  readonly updates: readonly WitnessedUpdate[];
  readonly counts?: readonly Float64Array[];
}

export class Witness {
  /** by noisy update, counted from the run's first */
  readonly updates: WitnessedUpdate[] = [];
  /** noisy counts of the encoding of a table, in order, as they count */
  readonly counts: Float64Array[] = [];
  readonly #given: readonly Float32Array[] | null;
  readonly #encoding: readonly Float64Array[] | null;

  /** @param given whose releases, and noisy counts, take the place of the run's own; without, the run's own count */
  constructor(given?: Given) {
    this.#given = given?.updates.map(({ release }) => release) ?? null;
    this.#encoding = given?.counts ?? null;
  }

  /** Takes the next list of noisy counts, and gives what counts: given ones, as far as there are any. */
  count(noisy: Float64Array): Float64Array {
    const given = this.#encoding?.[this.counts.length];
    const counts = noisy.map((value, i) => given?.[i] ?? value);
    this.counts.push(counts);
    return counts;
  }

  /** Whether releases are given. */
  get plays(): boolean {
    return this.#given !== null;
  }

  /** The given releases of updates `from` .. `to` - 1, one after another. @throws VeilganError VALIDATION beyond them */
  given(from: number, to: number): Float32Array {
    const some = (this.#given ?? []).slice(from, to);
    if (some.length < to - from) {
      throw new VeilganError('VALIDATION', `update ${from + some.length} was not recorded`, {
        where: 'witness',
        fix: 'Train no further than the recorded run did',
      });
    }
    const all = new Float32Array(some.reduce((n, { length }) => n + length, 0));
    some.reduce((at, release) => {
      all.set(release, at);
      return at + release.length;
    }, 0);
    return all;
  }

  /** Takes what finished updates logged, in order. */
  note(sums: readonly Float32Array[], releases: readonly Float32Array[]): void {
    sums.forEach((sum, i) => {
      this.updates.push({ sum: sum.slice(), release: releases[i].slice() });
    });
  }
}

/** Releases that a witness gives, on the device: a row for each update of a chunk. */
export class Playback {
  /** most updates of a chunk */
  static readonly most = 256;
  readonly #witness: Witness;
  readonly #rows: Tensor;
  /** the numbers of the rows: the replay's index says which one it is */
  readonly #list: Tensor;

  /** @param like a release: all critics' parameters */
  constructor(witness: Witness, like: Tensor) {
    const { gpu } = like;
    const numbers = Uint32Array.from({ length: Playback.most }, (_, i) => i);
    this.#witness = witness;
    this.#rows = empty(gpu, [Playback.most, like.length]);
    this.#list = tensor(gpu, numbers);
  }

  /** Before a chunk of updates `from` .. `from` + `count` - 1. @throws VeilganError VALIDATION beyond what was recorded */
  prepare(from: number, count: number): void {
    const given = this.#witness.given(from, from + count);
    this.#rows.gpu.upload(
      this.#rows,
      Float32Array.from({ length: this.#rows.length }, (_, i) => given[i] ?? 0),
    );
  }

  /** Inside a program: the given release of the replayed update in place of the run's own. */
  replace(release: Tensor): void {
    assign(release, reshape(gather(this.#rows, { list: this.#list, perStep: 1 }), release.shape));
  }

  dispose(): void {
    this.#rows.dispose();
    this.#list.dispose();
  }
}
