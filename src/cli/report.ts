import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { fileError, writeAtomic } from '../base/files.ts';
import type { Gpu } from '../gpu/index.ts';
import { unpaidOf } from '../report/blocks/public.ts';
import { reportOn } from '../report/compare.ts';
import { factsOf, type RunFacts, type Wanted } from '../report/facts.ts';
import { renderReport } from '../report/html.ts';
import { isOwners } from '../report/run.ts';
import { openTraining } from '../run/session.ts';
import { printJson } from './format.ts';
import { type CommonOptions, withDevice, withGpu } from './options.ts';

interface Flags extends CommonOptions {
  out?: string;
  diagnostics?: boolean;
  attack?: boolean;
}

/** `report`: one self-contained page on one run, or on several side by side. */
export function reportCommand(): Command {
  const command = new Command('report')
    .summary('write a report on runs, as one HTML file')
    .description(
      'Writes one HTML file, pictures included, on a run or on several side by side: what was trained on what, what is promised, what attacks found, quality, losses, settings, and what all of that does not say.',
    )
    .argument('<run...>', 'run directories')
    .option(
      '--out <file>',
      'where to (default RUN/report.html, with the diagnostics of a private run RUN/private/report.html)',
    )
    .option('--attack', 'attack runs first that have not been attacked (the quick attacks)')
    .option('--diagnostics', "private runs: add the owner's part, which looks at real records, outside the guarantee");
  return withDevice(command).action(async (dirs: string[], flags: Flags) => {
    checkOut(dirs, flags);
    await withGpu(flags, async (gpu) => {
      const say = (line: string) => !flags.json && process.stderr.write(`${line}\n`);
      const runs: RunFacts[] = [];
      for (const dir of dirs) runs.push(await openedFacts(gpu, dir, { ...flags, say }));
      const html = renderReport(await reportOn(runs));
      const file = flags.out ?? defaultPlace(dirs[0], runs.some(isOwners));
      writeAtomic(file, html);
      const open = runs.map(({ info, privacy }) => (privacy && !privacy.claim ? unpaidOf(info) : null));
      if (flags.json) printJson({ file, ...(open.some(Boolean) ? { public_unpaid: open } : {}) });
      else process.stdout.write(`report    ${file}\n`);
    });
  });
}

/** @throws VeilganError as opening a run does, and as `factsOf` */
async function openedFacts(gpu: Gpu, dir: string, wanted: Wanted): Promise<RunFacts> {
  const job = await openTraining(gpu, dir);
  try {
    return await factsOf(job, dir, wanted);
  } finally {
    job.run.close();
    job.guarantee?.close();
    job.gan.dispose();
  }
}

/** The owner's part lies where nobody looks for what may be released. */
function defaultPlace(dir: string, owners: boolean): string {
  if (!owners) return join(dir, 'report.html');
  try {
    mkdirSync(join(dir, 'private'), { recursive: true });
  } catch (cause) {
    throw fileError(cause, join(dir, 'private'), 'create');
  }
  return join(dir, 'private', 'report.html');
}

/** @throws VeilganError USAGE before minutes of work for a file that nobody could write */
function checkOut(dirs: readonly string[], { out }: Flags): void {
  if (out === undefined) {
    if (dirs.length === 1) return;
    throw new VeilganError('USAGE', `a report on ${dirs.length} runs belongs to none of them`, {
      where: '--out',
      fix: 'Say with --out FILE where it is to be written',
    });
  }
  const folder = dirname(out);
  const wrong = !existsSync(folder)
    ? `there is no folder ${folder}`
    : existsSync(out) && statSync(out).isDirectory()
      ? `${out} is a folder`
      : undefined;
  if (wrong) throw new VeilganError('USAGE', wrong, { where: '--out', fix: 'Name a file in a folder that exists' });
}
