/** Looking at the real records of a private run is its owner's business, and only when asked for. */
import type { Command } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { isPrivate } from '../gan/systems.ts';
import type { TrainingJob } from '../run/training.ts';

export interface Diagnostics {
  diagnostics?: boolean;
}

/** `--diagnostics`. */
export const withDiagnostics = (command: Command): Command =>
  command.option('--diagnostics', 'private runs: print what looks at real records, which the guarantee does not cover');

/** @throws VeilganError USAGE where a private run's real records would be looked at unasked */
export function checkDiagnostics({ run }: TrainingJob, { diagnostics }: Diagnostics): void {
  if (!isPrivate(run.info.system) || diagnostics) return;
  throw new VeilganError('USAGE', 'this looks at real records, and the run is private: epsilon does not cover it', {
    where: run.dir,
    fix: 'Add --diagnostics to see it as the owner of the data, and keep it to yourself',
  });
}
