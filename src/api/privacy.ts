/**
 * `veilgan/privacy`: what a private step is made of, and the accountants, which are plain arithmetic: who imports those
 * alone gets nothing of the engine.
 */
export { type Accountant, noiseMultiplier, stepsWithin } from '../privacy/accountant/calibrate.ts';
export { gaussianEpsilon, gaussianSigma } from '../privacy/accountant/gaussian.ts';
export { type Phase, parallel } from '../privacy/accountant/phases.ts';
export { type EpsilonBounds, type PldOptions, pldEpsilon } from '../privacy/accountant/pld.ts';
export { type RdpEpsilon, rdpEpsilon } from '../privacy/accountant/rdp.ts';
export { epsilonOf, type SpendingTerms, type Spent } from '../privacy/budget.ts';
export { type ClipOptions, type ClippedSum, clippedSum } from '../privacy/clip.ts';
export { PrivacyKey } from '../privacy/key.ts';
export { gaussianNoise, type NoiseOptions, NoiseSource } from '../privacy/noise.ts';
export type { Relation } from '../privacy/relation.ts';
export { type PoissonOptions, PoissonSampler, physicalBatches, SubsetSampler } from '../privacy/sampling.ts';
export { BoundedSum, mostRecords, type Sensitivity, type SumSize } from '../privacy/sensitivity.ts';
export { type Tagged, tagsOf } from '../privacy/tags.ts';
