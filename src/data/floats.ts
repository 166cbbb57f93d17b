/** A Float32Array that grows. */
import { VeilganError } from '../base/errors.ts';

const MOST = 2 ** 29;

export class Floats {
  private values = new Float32Array(1024);
  private count = 0;

  /** @throws VeilganError OVER_LIMIT above 2^29 values (2 GiB), OUT_OF_MEMORY when the machine gives no more. */
  push(value: number): void {
    if (this.count === this.values.length) this.grow();
    this.values[this.count++] = value;
  }

  private grow(): void {
    if (this.count >= MOST) {
      throw new VeilganError('OVER_LIMIT', `the table has more than ${MOST} values`, {
        fix: 'Take fewer rows with --rows, or fewer columns with --columns.',
      });
    }
    try {
      const larger = new Float32Array(2 * this.count);
      larger.set(this.values);
      this.values = larger;
    } catch (cause) {
      throw new VeilganError('OUT_OF_MEMORY', `no memory for ${2 * this.count} values of the table`, {
        fix: 'Take fewer rows with --rows, or fewer columns with --columns.',
        cause,
      });
    }
  }

  /** A copy of exactly the values pushed. */
  done(): Float32Array {
    return this.values.slice(0, this.count);
  }
}
