/** How long a step of a plan takes on this computer, measured. For the worker. */

import { VeilganError } from '../../base/errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Encoding } from '../../data/table.ts';
import type { FitConfig } from '../../fit/config.ts';
import type { FeaturesConfig } from '../../fit/features/config.ts';
import { FeaturesFit } from '../../fit/features/features.ts';
import { FeaturesPlan } from '../../fit/features/plan.ts';
import { MarginalsFit } from '../../fit/marginals.ts';
import { Measured } from '../../fit/measured.ts';
import { placesOf } from '../../fit/places.ts';
import { ParGan } from '../../gan/pargan.ts';
import { isFit, type Measured as MeasuredKind, measuredBy } from '../../gan/systems.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { GenerativeSystem } from '../../train/generative.ts';
import { train } from '../../train/loop.ts';
import { classesOf } from '../../train/rows.ts';
import type { Plan } from '../protocol.ts';
import { configOf, plainConfig } from './config.ts';

/** Places that a column of numbers usually has, and a category at most. */
const PLACES = 32;

/** A fit of the same size as a plan's, to tables of nothing. */
function likeTables(plan: Plan, { encoding, features, rows }: Dataset, gpu: Gpu): MarginalsFit {
  const { columns } = encoding as Encoding;
  const places = columns.map(({ name, ...code }) => {
    const values = Array.from(
      { length: 'at' in code ? PLACES : Math.min(PLACES, code.values.length) },
      (_, i) => `${i}`,
    );
    const look = {
      code: { name, kind: 'category', values, missing: false } as const,
      noisy: values.map(() => 1),
      sigma: 1,
    };
    return placesOf(look, { most: PLACES, sigma: 1 });
  });
  const config = configOf(plan, { encoding, features, rows } as Dataset) as FitConfig;
  const { steps } = plan;
  const measured = new Measured(places, rows);
  const parts = { config, seed: 1, encoding: encoding as Encoding, measured, rows: 0, tableSigma: 1, rounds: 0, steps };
  return new MarginalsFit(gpu, features, parts);
}

/** A fit of the same size as a plan's, to sums of nothing. */
function likeFeatures(plan: Plan, data: Dataset, gpu: Gpu): FeaturesFit {
  const { shape, features, rows, labels, classes } = data;
  const config = configOf(plan, data) as FeaturesConfig;
  const groups = labels ? classesOf(labels.train, classes) : 1;
  const planned = new FeaturesPlan(config, rows, groups);
  const parts = { plan: planned, seed: 1, shape, features, rows, labelled: labels !== undefined, steps: plan.steps };
  return new FeaturesFit(gpu, parts);
}

const likeFit: Readonly<Record<MeasuredKind, (plan: Plan, data: Dataset, gpu: Gpu) => GenerativeSystem>> = {
  tables: likeTables,
  features: likeFeatures,
};

/** A system as large as a plan's, which costs no privacy. */
const likeOf = (plan: Plan, data: Dataset, gpu: Gpu): GenerativeSystem =>
  isFit(plan.system)
    ? likeFit[measuredBy(plan.system)](plan, data, gpu)
    : new ParGan(gpu, plainConfig(plan, data), data, 1);

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
    const gan = likeOf(plan, data, gpu);
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
