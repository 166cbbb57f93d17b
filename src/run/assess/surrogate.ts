/** Models that an attacker trains: on samples of the target, or on rows of his own. They leave nothing on the disk. */
import { type GanConfig, ganConfig } from '../../gan/config.ts';
import { ParGan } from '../../gan/pargan.ts';
import { makeConfig } from '../../gan/presets/index.ts';
import type { Gpu } from '../../gpu/index.ts';
import { train } from '../../train/loop.ts';
import type { TrainingData } from '../../train/rows.ts';

export interface SurrogateOptions {
  readonly steps: number;
  readonly seed: number;
  readonly onProgress?: (share: number) => void;
}

/**
 * Trains a model without privacy on all rows of `data`, with the networks and settings of `config`.
 * @param config that of the attacked run, settings of private runs being left out; `fields` overwrite it
 * @throws VeilganError as training does; the caller disposes of the model
 */
export async function trainSurrogate(
  gpu: Gpu,
  config: Readonly<GanConfig>,
  fields: Partial<GanConfig>,
  data: TrainingData,
  { steps, seed, onProgress }: SurrogateOptions,
): Promise<ParGan> {
  const own = Object.fromEntries(Object.entries(config).filter(([name]) => Object.hasOwn(ganConfig.shape, name)));
  const gan = new ParGan(gpu, makeConfig(undefined, { ...own, ...fields, rows: 0, steps }), data, seed);
  try {
    await gan.prepare(false);
    await train(gan, { steps, onRows: (rows) => onProgress?.(rows[rows.length - 1].step / steps) });
  } catch (error) {
    gan.dispose();
    throw error;
  }
  return gan;
}
