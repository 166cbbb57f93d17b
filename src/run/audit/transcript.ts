/**
 * The transcript attack: whole trainings of the production system on a data set and canaries, each in by a fair coin;
 * the coins are guessed from all that was released.
 */
import { fdpEpsilon, fdpGuessings, fdpPValue, idealCorrect } from '../../attack/audit/f-dp.ts';
import type { Check } from '../../attack/audit/family.ts';
import {
  type AuditBound,
  type Counts,
  errorBound,
  errorsPValue,
  manyRunAudit,
  oneRunAudit,
} from '../../attack/audit/guesses.ts';
import { VeilganError } from '../../base/errors.ts';
import { bisect } from '../../base/maths/search.ts';
import { relationOf } from '../../gan/private/config.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { Phase } from '../../privacy/accountant/phases.ts';
import { epsilonOf, upperBound } from '../../privacy/budget.ts';
import { least, most, type Profile, profileOf } from '../../privacy/trade-off.ts';
import type { AuditSetting, Part, PartResult } from './part.ts';
import { type Trained, trainOnce } from './training.ts';

/** @throws VeilganError CONFIG where nothing can follow from these runs */
function checkRuns({ mode, canaries, runs }: AuditSetting): void {
  if (mode === 'many-run' && canaries !== 1) {
    throw new VeilganError('CONFIG', `${canaries} canaries in each of many runs`, {
      where: 'canaries',
      fix: 'Use one: guesses about canaries of one run are not independent, which `mode: one-run` allows for',
    });
  }
  if (mode === 'many-run' && runs < 2) {
    throw new VeilganError('CONFIG', 'one run cannot both choose a threshold and be judged by it', {
      where: 'runs',
      fix: 'Make at least two, and better hundreds, or use `mode: one-run`',
    });
  }
}

interface Judged {
  readonly bound: AuditBound;
  readonly ceiling: number;
  readonly p: number;
}

/** Guesses about all canaries of one run, or of several: the whole trade-off curve of the updates is used. */
function judgeOneRun(scores: number[][], coins: boolean[], { q, sigma, steps }: Phase, setting: AuditSetting): Judged {
  const { delta } = setting.config;
  const significance = (1 - setting.confidence) / scores.length;
  const options = { delta, confidence: 1 - significance };
  const ways = fdpGuessings(coins.length);
  const profiles = new Map<number, Profile>();
  const claimed = profileOf(q, sigma, steps);
  const prove = (counts: Counts, share: number) => fdpEpsilon(counts, { q, steps, delta }, share, profiles);
  let p = 1;
  const bounds = scores.map((list) =>
    oneRunAudit(list, coins, options, ways, (counts, share) => {
      p = Math.min(p, fdpPValue(counts, claimed));
      return prove(counts, share);
    }),
  );
  const ceilings = ways.map((way) => {
    const [canaries, guesses] = [coins.length, way.in + way.out];
    const correct = Math.min(guesses, idealCorrect(way, canaries, claimed));
    return prove({ canaries, guesses, correct }, significance / ways.length);
  });
  const bound = bounds.reduce((best, one) => (one.epsilon > best.epsilon ? one : best));
  return { bound, ceiling: Math.max(...ceilings), p: Math.min(1, p * scores.length * ways.length) };
}

/** Guesses about one canary in each of many runs. */
function judgeManyRuns(
  scores: number[][],
  coins: boolean[],
  phase: Phase,
  claim: number,
  setting: AuditSetting,
): Judged {
  const { delta } = setting.config;
  const options = { delta, confidence: 1 - (1 - setting.confidence) / scores.length };
  const bounds = scores.map((list) => manyRunAudit(list, coins, options));
  const best = bounds.reduce((a, b) => (b.epsilon > a.epsilon ? b : a));
  const p = Math.min(...bounds.map(({ errors }) => errorsPValue(errors, claim, delta)));
  // Half of the runs are judged, half of those with the canary; both errors alike.
  const profile = profileOf(phase.q, phase.sigma, phase.steps);
  const each = coins.length - (coins.length >> 1);
  const [within, without] = [each >> 1, each - (each >> 1)];
  const rate = bisect(0, 0.5, (x) => most(profile, x) >= 1 - x);
  const errors = {
    in: within,
    out: without,
    falseOut: Math.round(within * rate),
    falseIn: Math.round(without * least(profile, 1 - rate)),
  };
  return { bound: best, ceiling: errorBound(errors, options), p: Math.min(1, p * scores.length) };
}

async function run(gpu: Gpu, setting: AuditSetting): Promise<PartResult> {
  checkRuns(setting);
  const { mode, runs, config, confidence } = setting;
  const trained: Trained[] = [];
  for (let i = 0; i < runs; i++) {
    trained.push(await trainOnce(gpu, setting, i));
    setting.onProgress?.((i + 1) / runs);
  }
  const [{ updates, spent, scores: first }] = trained;
  const phase = { ...spent[0], ...setting.claimed, steps: updates };
  const terms = { mechanism: config.mechanism, relation: relationOf(config) };
  const claimed = upperBound(epsilonOf([phase], config.delta, terms));
  const coins = trained.flatMap((one) => one.coins);
  const scores = first.map((_, i) => trained.flatMap((one) => Array.from(one.scores[i])));
  const { bound, ceiling, p } =
    mode === 'one-run'
      ? judgeOneRun(scores, coins, phase, setting)
      : judgeManyRuns(scores, coins, phase, claimed, setting);
  const { guesses, correct, canaries } = bound;
  const judged = mode === 'one-run' ? `${canaries} canaries in ${runs} runs` : `the second half of ${runs} runs`;
  const found = `${correct} of ${guesses} guesses right, about ${judged}`;
  const check: Check = { name: 'canaries are no easier to tell than claimed', p, found };
  return {
    found: `epsilon is at least ${bound.epsilon.toFixed(4)}: ${found}`,
    ceiling: `epsilon ${ceiling.toFixed(4)} for an ideal attacker with as many canaries`,
    checks: [check],
    epsilon: { lower: bound.epsilon, ceiling, claimed },
    document: {
      mode,
      score: setting.score,
      runs,
      canaries,
      guesses,
      correct,
      noisy_updates: updates,
      sampling_rate: phase.q,
      epsilon_lower: bound.epsilon,
      epsilon_ceiling: ceiling,
      epsilon_claimed: claimed,
      confidence,
    },
  };
}

export const transcript: Part = {
  name: 'transcript',
  title: 'guesses from whole trainings',
  proves:
    'Trains again and again with canaries, records far from all others, each in by a fair coin, and guesses the coins from every noisy update. It needs no knowledge of how the system works, and is weak: even an ideal attacker proves little of a claim with so few canaries.',
  run,
};
