import { Command, CommanderError } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { packageRoot } from '../run/version.ts';
import { accountCommand } from './account.ts';
import { attackCommand } from './attack.ts';
import { auditCommand } from './audit.ts';
import { benchCommand } from './bench.ts';
import { classifierCommand } from './classifier.ts';
import { dataCommand } from './data.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor-verb.ts';
import { evaluateCommand } from './evaluate.ts';
import { experimentCommand } from './experiment.ts';
import { reportCommand } from './report.ts';
import { sampleCommand } from './sample.ts';
import { useOwnStderr } from './stderr.ts';
import { trainCommand } from './train.ts';

useOwnStderr();

const program = new Command('veilgan')
  .description('Trains generative models that do not give their training data away, and measures whether they do.')
  .version(packageRoot().version)
  .addCommand(demoCommand())
  .addCommand(trainCommand())
  .addCommand(sampleCommand())
  .addCommand(attackCommand())
  .addCommand(evaluateCommand())
  .addCommand(classifierCommand())
  .addCommand(reportCommand())
  .addCommand(experimentCommand())
  .addCommand(accountCommand())
  .addCommand(auditCommand())
  .addCommand(dataCommand())
  .addCommand(benchCommand())
  .addCommand(doctorCommand());

/** Leaves without waiting for Dawn, which keeps the event loop busy for as long as its object lives. */
function leave(code: number): void {
  process.exitCode = code;
  // What was written to a pipe must be out before the process ends.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

/** What the parser says of a wrong call, a suggestion included, as one line like every other error. */
const outputError = (text: string, write: (line: string) => void) =>
  write(
    `${text
      .replace(/^error: /, 'veilgan: ')
      .trim()
      .replace(/\s*\n\s*/g, ' ')} (--help tells more)\n`,
  );

try {
  for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)])
    command.exitOverride().configureOutput({ outputError });
  await program.parseAsync();
  leave(Number(process.exitCode ?? 0));
} catch (error) {
  if (error instanceof CommanderError) {
    leave(error.exitCode === 0 ? 0 : 2);
  } else if (error instanceof VeilganError) {
    process.stderr.write(`veilgan: ${error.line()}\n`);
    leave({ USAGE: 2, INTERRUPTED: 130 }[error.code as string] ?? 1);
  } else {
    process.stderr.write(`veilgan: ${error instanceof Error ? error.stack : String(error)}\n`);
    leave(1);
  }
}
