/** Runs as verbs have them: opened or begun, lent, and closed in one way whatever happens. */
import { VeilganError } from '../base/errors.ts';
import { isPrivate } from '../gan/systems.ts';
import type { Gpu } from '../gpu/index.ts';
import { type DirectoryJob, openTraining, startTraining } from '../run/session.ts';
import { flag } from './flags.ts';

type Use<T> = (job: DirectoryJob) => T | Promise<T>;

/** Lends a job. Then its keys are wiped, its ledger and its files closed, and the device's memory given back. */
export async function lend<T>(opened: Promise<DirectoryJob>, use: Use<T>): Promise<T> {
  const job = await opened;
  try {
    return await use(job);
  } finally {
    try {
      job.guarantee?.close();
    } finally {
      try {
        job.run.close();
      } finally {
        job.gan.dispose();
      }
    }
  }
}

/** A run that was trained. @throws VeilganError FILE, DATA */
export const withRun = <T>(gpu: Gpu, dir: string, use: Use<T>, how?: Parameters<typeof openTraining>[2]): Promise<T> =>
  lend(openTraining(gpu, dir, how), use);

/** A run that begins. @throws VeilganError CONFIG, DATA, FILE, USAGE */
export const withNewRun = <T>(gpu: Gpu, plan: Parameters<typeof startTraining>[1], use: Use<T>): Promise<T> =>
  lend(startTraining(gpu, plan), use);

/**
 * For what goes on, and keeps its settings.
 * @param asked what the command line gives @param free what it may
 * @throws VeilganError USAGE where it gives more
 */
export function checkKept(asked: readonly string[], free: readonly string[]): void {
  const other = asked.find((name) => ![...free, 'json', 'quiet', 'adapter'].includes(name));
  if (other === undefined) return;
  throw new VeilganError('USAGE', `a resumed run keeps its settings: \`${other}\` cannot change`, {
    where: 'resume',
    fix: 'Leave it away, or start a new run',
  });
}

/** Looking at the real records of a private run is its owner's business, and only when asked for. */
export const diagnostics = flag('private runs: print what looks at real records, which the guarantee does not cover');

/** @throws VeilganError USAGE where a private run's real records would be looked at unasked */
export function checkDiagnostics({ run }: Pick<DirectoryJob, 'run'>, asked: boolean | undefined): void {
  if (!isPrivate(run.info.system) || asked) return;
  throw new VeilganError('USAGE', 'this looks at real records, and the run is private: epsilon does not cover it', {
    where: run.dir,
    fix: 'Add --diagnostics to see it as the owner of the data, and keep it to yourself',
  });
}
