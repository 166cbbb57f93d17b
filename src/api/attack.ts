/** `veilgan/attack`: how well scores tell members from others, and attacks that make such scores. */
import '../ops/install.ts';

export { type AttackName, attacks } from '../attack/index.ts';
export { type AttackResult, attackResult } from '../attack/judge/result.ts';
export { distanceScores } from '../attack/target.ts';
export { type WhiteBox, whiteBox } from '../attack/white-box.ts';
export type { Scores } from '../base/maths/ranking.ts';
export { advantage, auc, topNAccuracy, tprAtFpr } from '../base/maths/separation.ts';
