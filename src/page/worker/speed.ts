/** How long a step of a plan takes on this computer, measured. For the worker. */

import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { ParGan } from '../../gan/pargan.ts';
import type { Gpu } from '../../gpu/index.ts';
import { train } from '../../train/loop.ts';
import type { Plan } from '../protocol.ts';
import { plainConfig } from './config.ts';

/** Steps whose time is measured at most, after some that compile the kernels; and milliseconds after which it is enough. */
const [WARM, STEPS, ENOUGH_MS] = [2, 8, 1500];

export class Speed {
  #measuring: Promise<unknown> = Promise.resolve();
  #enough = false;

  /**
   * Milliseconds of a step, of private systems about: theirs is measured without noise. One plan at a time.
   * @throws VeilganError CONFIG; INTERRUPTED where something else is wanted meanwhile
   */
  async of(plan: Plan, data: Dataset, gpu: Gpu): Promise<number> {
    await this.rest();
    const measured = this.#measure(plan, data, gpu);
    this.#measuring = measured.catch(() => {});
    return measured;
  }

  /** Ends a measurement that is under way. */
  async rest(): Promise<void> {
    this.#enough = true;
    await this.#measuring;
    this.#enough = false;
  }

  async #measure(plan: Plan, data: Dataset, gpu: Gpu): Promise<number> {
    const gan = new ParGan(gpu, plainConfig(plan, data), data, 1);
    const stop = () => this.#enough;
    try {
      await train(gan, { steps: WARM, chunk: 1, stop });
      const started = performance.now();
      const passed = () => performance.now() - started;
      await train(gan, { steps: WARM + STEPS, chunk: 2, stop: () => stop() || passed() > ENOUGH_MS });
      if (stop()) throw new VeilganError('INTERRUPTED', 'the measurement was ended');
      return passed() / (gan.step - WARM);
    } finally {
      gan.dispose();
    }
  }
}
