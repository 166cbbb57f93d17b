import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import { fileError, writeAtomic } from '../base/files.ts';
import { unpaidOf } from '../report/blocks/public.ts';
import { reportOn } from '../report/compare.ts';
import { factsOf, type RunFacts } from '../report/facts.ts';
import { renderReport } from '../report/html.ts';
import { isOwners } from '../report/run.ts';
import { flag, text } from './flags.ts';
import { withRun } from './job.ts';
import { verb } from './verb.ts';

/** `report`: one self-contained page on one run, or on several side by side. */
export default verb({
  about:
    'Writes one HTML file, pictures included, on a run or on several side by side: what was trained on what, what is promised, what attacks found, quality, losses, settings, and what all of that does not say.',
  args: { run: z.array(z.string()).describe('run directories') },
  flags: {
    out: text(
      '<file> where to (default RUN/report.html, with the diagnostics of a private run RUN/private/report.html)',
    ),
    attack: flag('attack runs first that have not been attacked (the quick attacks)'),
    diagnostics: flag("private runs: add the owner's part, which looks at real records, outside the guarantee"),
  },
  device: true,
  run: async ({ run: dirs, out, attack, diagnostics }, { gpu, progress }) => {
    checkOut(dirs, out);
    const wanted = { attack, diagnostics, say: progress.note };
    const runs: RunFacts[] = [];
    for (const dir of dirs) runs.push(await withRun(gpu, dir, (job) => factsOf(job, dir, wanted)));
    const html = renderReport(await reportOn(runs));
    const file = out ?? defaultPlace(dirs[0], runs.some(isOwners));
    writeAtomic(file, html);
    const open = runs.map(({ info, privacy }) => (privacy && !privacy.claim ? unpaidOf(info) : null));
    const document = { file, ...(open.some(Boolean) ? { public_unpaid: open } : {}) };
    return { document, text: `report    ${file}` };
  },
});

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
function checkOut(dirs: readonly string[], out: string | undefined): void {
  if (out === undefined) {
    if (dirs.length === 1) return;
    throw new VeilganError('USAGE', `a report on ${dirs.length} runs belongs to none of them`, {
      where: 'out',
      fix: 'Say with `out: FILE` where it is to be written',
    });
  }
  const folder = dirname(out);
  const wrong = !existsSync(folder)
    ? `there is no folder ${folder}`
    : existsSync(out) && statSync(out).isDirectory()
      ? `${out} is a folder`
      : undefined;
  if (wrong) throw new VeilganError('USAGE', wrong, { where: 'out', fix: 'Name a file in a folder that exists' });
}
