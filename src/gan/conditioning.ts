/** Class labels that condition both networks. */
import { VeilganError } from '../base/errors.ts';
import { classesOf, type TrainingData } from '../train/rows.ts';
import type { GanConfig } from './config.ts';

/** Classes that condition the networks, 0 where none do. @throws VeilganError CONFIG where the data have none */
export function conditioning(
  { labels, classes }: TrainingData,
  config: Pick<GanConfig, 'labels' | 'network' | 'divergence'>,
) {
  if (config.labels === 'ignore') return 0;
  const refuse = (message: string, where: string, fix: string) => new VeilganError('CONFIG', message, { where, fix });
  if (!labels) {
    throw refuse('the data set has no labels to condition on', '--labels', 'Use --labels ignore, or labelled data');
  }
  if (config.network !== 'conditional') {
    throw refuse(`network ${config.network} takes no labels`, '--network', 'Use --network conditional');
  }
  if (config.divergence === 'wgan-gp') {
    throw refuse('a gradient penalty between records of unlike labels', '--divergence', 'Use js or wgan');
  }
  return classesOf(labels.train, classes);
}
