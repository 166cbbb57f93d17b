/** A fit to features as it is planned: how noisy the one release is, and its ledger; by configuration and public facts alone. */
import { relationOf } from '../../gan/private/config.ts';
import { noiseFor } from '../../privacy/budget.ts';
import type { LedgerTerms } from '../../privacy/ledger/ledger.ts';
import { DRAWS } from '../../privacy/mechanism.ts';
import type { Relation } from '../../privacy/relation.ts';
import { mostRecords } from '../../privacy/sensitivity.ts';
import type { FeaturesConfig } from './config.ts';
import { countsRows } from './counts.ts';

/** C: the norm of a record's features. */
export const BOUND = 1;

export class FeaturesPlan {
  readonly config: FeaturesConfig;
  readonly relation: Relation;
  /** classes of the records, 1 without labels */
  readonly classes: number;
  /** records, or what stands in place of their number */
  readonly size: number;
  /** most records that a class can have, by what is public */
  readonly most: number;
  /** noise over the bound */
  readonly sigma: number;
  /** coordinates of a record: its features, and one that counts it where counts are paid for */
  readonly width: number;
  /** of the coordinate that counts; 0 without */
  readonly weight: number;

  /**
   * @param rows that are trained on, whose number is public unless the config names another
   * @param classes 1 without labels
   * @throws VeilganError CONFIG where no noise is enough for the budget
   */
  constructor(config: FeaturesConfig, rows: number, classes: number) {
    const { epsilon, delta, population, projections } = config;
    [this.config, this.classes, this.relation] = [config, classes, relationOf(config)];
    this.size = population || rows;
    this.most = population ? mostRecords(population) : rows;
    this.weight = classes > 1 ? countsRows[config.classCounts].weight : 0;
    this.width = 2 * projections + (this.weight > 0 ? 1 : 0);
    const { relation } = this;
    const budget = { epsilon, delta, encoderEpsilon: 0, accountant: 'rdp', mechanism: 'discrete', relation } as const;
    this.sigma = noiseFor({ q: 1, updates: 1 }, budget).sigma;
  }

  /** The first line of the ledger. */
  get terms(): LedgerTerms {
    const { relation, size } = this;
    return {
      ...{ mechanism: 'discrete', sampler: 'full', relation, bound: BOUND, divisor: 1, partitions: 1 },
      ...{ clipping: 'flat', population: size, draws: DRAWS },
    };
  }
}
