/** `veilgan/gan`: the engine, and the systems, their training and attacks on them; runs in a page as it runs in Node. */
import './ops/install.ts';

export type { CriticScores } from './attack/critics.ts';
export { distanceScores } from './attack/nearest.ts';
export { nearestDistances, nearestNeighbours } from './attack/neighbours.ts';
export { type AttackResult, attackResult } from './attack/result.ts';
export { type WhiteBox, whiteBox } from './attack/whitebox.ts';
export { type Dataset, makeDataset } from './data/dataset.ts';
export { blobs, circles } from './data/synthetic.ts';
export { type GanConfig, makeConfig, withPreset } from './gan/config.ts';
export { DpGan } from './gan/dpgan.ts';
export { ParGan } from './gan/pargan.ts';
export type { HostTensors } from './gan/player.ts';
export { presets } from './gan/presets.ts';
export type { PrivateConfig } from './gan/private_config.ts';
export type { TrainingData } from './gan/rows.ts';
export type { GanSystem } from './gan/system.ts';
export { type LossRow, type System, type TrainOptions, train } from './gan/train.ts';
export * from './index.ts';
export { slicedWasserstein1 } from './metrics/wasserstein.ts';
export type { LedgerFile } from './run/ledger.ts';
export { MemoryLedgerFile } from './run/memory_run.ts';
export { epsilonOf, type Guarantee, type PrivateRun, parsePrivate, privateRun } from './run/private.ts';
export { decodeSafetensors, encodeSafetensors } from './run/safetensors.ts';
