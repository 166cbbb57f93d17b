/**
 * Audits of private training itself: whether what production runs do is what their ledgers say. Writes nothing, and
 * reads no run.
 */
import { type Check, FALSE_ALARM, failed } from '../../attack/audit/family.ts';
import { VeilganError } from '../../base/errors.ts';
import type { Gpu } from '../../gpu/index.ts';
import type { AuditSetting, Part, PartName, PartResult } from './part.ts';
import { replayPart } from './replay.ts';
import { samplers } from './samplers.ts';
import { step } from './step.ts';
import { tables } from './tables.ts';
import { transcript } from './transcript.ts';

/** All parts, in the order in which they run. */
export const parts: readonly Part[] = [replayPart, step, samplers, transcript, tables];

export interface Audited {
  readonly parts: readonly { readonly part: Part; readonly result: PartResult; readonly seconds: number }[];
  /** tests that a correct system fails with a probability of 1e-6 at most, all of them together */
  readonly failed: readonly Check[];
  readonly tests: number;
  /** the bounds on epsilon of the part that looks closest: that of single updates, else the transcript's */
  readonly epsilon?: PartResult['epsilon'];
  readonly alarm: number;
}

/**
 * Runs some parts of an audit.
 * @throws VeilganError CONFIG where config and data do not fit or nothing is claimed; OVER_LIMIT for canaries that do
 * not fit on the device
 */
export async function audit(
  gpu: Gpu,
  setting: AuditSetting,
  names: readonly PartName[] = parts.map(({ name }) => name),
  onPart: (part: Part, share: number) => void = () => {},
): Promise<Audited> {
  if (setting.config.bound === 'weights') {
    throw new VeilganError('CONFIG', 'weight clipping claims no epsilon that an audit could contradict', {
      where: 'bound',
      fix: 'Use `bound: clip`',
    });
  }
  const done: { part: Part; result: PartResult; seconds: number }[] = [];
  for (const part of parts.filter(({ name }) => names.includes(name))) {
    const started = performance.now();
    const onProgress = (share: number) => onPart(part, share);
    onProgress(0);
    const result = await part.run(gpu, { ...setting, onProgress });
    done.push({ part, result, seconds: (performance.now() - started) / 1000 });
  }
  const checks = done.flatMap(({ result }) => result.checks);
  const bounds = done.flatMap(({ result: { epsilon } }) => (epsilon ? [epsilon] : []));
  return { parts: done, failed: failed(checks), tests: checks.length, epsilon: bounds[0], alarm: FALSE_ALARM };
}
