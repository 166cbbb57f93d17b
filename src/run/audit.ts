/**
 * Audits of private training itself: the production system is trained on a data set and canaries, each in by a fair
 * coin, and the coins are guessed from what it released. Writes nothing, and reads no run.
 */
import { type AuditBound, type AuditOptions, manyRunAudit, oneRunAudit } from '../attack/audit.ts';
import { relationOf } from '../gan/private_config.ts';
import { VeilganError } from '../gpu/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { epsilonOf, upperBound } from '../privacy/budget.ts';
import { type AuditTraining, type Trained, trainOnce } from './audit_training.ts';

export interface AuditSetting extends AuditTraining {
  /** one-run: each canary of each run is a guess; many-run: each run is one, and has one canary */
  readonly mode: 'one-run' | 'many-run';
  readonly runs: number;
  readonly confidence: number;
  /** called after each run */
  readonly onRun?: (done: number) => void;
}

export interface AuditResult {
  /** with `confidence`, the training that was audited is not (epsilon, delta)-DP for any epsilon below this */
  readonly epsilonLower: number;
  /** what the accountant certifies for the same updates */
  readonly epsilonClaimed: number;
  /** what the best way to guess was */
  readonly bound: AuditBound;
  /** of one run */
  readonly updates: number;
  readonly q: number;
}

/**
 * Trains `runs` times and bounds epsilon from below.
 * @throws VeilganError CONFIG where config and data do not fit or nothing is claimed; OVER_LIMIT for canaries that do
 * not fit on the device
 */
export async function audit(gpu: Gpu, setting: AuditSetting): Promise<AuditResult> {
  const { config, mode, confidence, runs } = setting;
  if (mode === 'many-run' && setting.canaries !== 1) {
    throw new VeilganError('CONFIG', `${setting.canaries} canaries in each of many runs`, {
      where: '--canaries',
      fix: 'Use one: guesses about canaries of one run are not independent, which --mode one-run allows for',
    });
  }
  if (mode === 'many-run' && runs < 2) {
    throw new VeilganError('CONFIG', 'one run cannot both choose a threshold and be judged by it', {
      where: '--runs',
      fix: 'Make at least two, and better hundreds, or use --mode one-run',
    });
  }
  if (config.bound === 'weights') {
    throw new VeilganError('CONFIG', 'weight clipping claims no epsilon that an audit could contradict', {
      where: '--bound',
      fix: 'Use --bound clip',
    });
  }
  const trained: Trained[] = [];
  for (let run = 0; run < runs; run++) {
    trained.push(await trainOnce(gpu, setting, run));
    setting.onRun?.(run + 1);
  }
  const [{ updates, q, scores: first }] = trained;
  const coins = trained.flatMap((one) => one.coins);
  const all = first.map((_, i) => trained.flatMap((one) => Array.from(one.scores[i])));
  const bound = bestBound(all, coins, mode, { confidence, delta: config.delta });
  const terms = { mechanism: config.mechanism, relation: relationOf(config) };
  const spent = epsilonOf([{ q, sigma: config.noiseMultiplier, steps: updates }], config.delta, terms);
  return { epsilonLower: bound.epsilon, epsilonClaimed: upperBound(spent), bound, updates, q };
}

/** The best bound of several scores, each at its share of the significance (Bonferroni). */
function bestBound(
  scores: readonly (readonly number[])[],
  coins: readonly boolean[],
  mode: AuditSetting['mode'],
  { confidence, delta }: AuditOptions,
): AuditBound {
  const share = { delta, confidence: 1 - (1 - confidence) / scores.length };
  const bounds = scores.map((list) => (mode === 'one-run' ? oneRunAudit : manyRunAudit)(list, coins, share));
  const right = (bound: AuditBound) => bound.correct / bound.guesses;
  return bounds.sort((a, b) => b.epsilon - a.epsilon || right(b) - right(a))[0];
}
