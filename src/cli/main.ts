#!/usr/bin/env node
/** The command: finds the verb, loads what it needs, runs it, and says what went wrong in one line. */
import { Command, CommanderError } from 'commander';
import { VeilganError } from '../base/errors.ts';
import { packageRoot } from '../run/version.ts';
import { type VerbRow, verbs } from './index.ts';
import { commandOf, EXIT } from './verb.ts';

// For what is loaded from here on, which is all but this file.
process.setSourceMapsEnabled(true);
// Nobody reads any more, as behind `| head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** What the parser says of a wrong call, a suggestion included, as one line like every other error. */
const outputError = (text: string, write: (line: string) => void) =>
  write(
    `${text
      .replace(/^error: /, 'veilgan: ')
      .trim()
      .replace(/\s*\n\s*/g, ' ')} (--help tells more)\n`,
  );

/** The verbs, and what tells about them. */
const all: Readonly<Record<string, VerbRow>> = {
  ...verbs,
  help: { summary: 'what a verb takes, or a chapter of the documentation', load: () => import('./help.ts') },
};

/** The parser: the verb that is asked for with all that it takes, of the others the names. */
async function parserFor(asked: string | undefined): Promise<Command> {
  const program = new Command('veilgan')
    .description('Trains generative models that do not give their training data away, and measures whether they do.')
    .version(packageRoot().version)
    .helpCommand(false);
  for (const [name, { summary, load }] of Object.entries(all)) {
    const command = name === asked ? commandOf(name, (await load()).default) : new Command(name);
    program.addCommand(command.summary(summary));
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)])
    command.exitOverride().configureOutput({ outputError });
  return program;
}

/** Leaves without waiting for Dawn, which keeps the event loop busy for as long as its object lives. */
function leave(code: number): void {
  process.exitCode = code;
  // What was written to a pipe must be out before the process ends.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

try {
  const [first, second, ...rest] = process.argv.slice(2);
  const ofVerb = first === 'help' && Object.hasOwn(all, second ?? '');
  const args = ofVerb ? [second, ...rest, '--help'] : process.argv.slice(2);
  const program = await parserFor(args.find((arg) => !arg.startsWith('-')));
  await program.parseAsync(args, { from: 'user' });
  leave(Number(process.exitCode ?? EXIT.done));
} catch (error) {
  if (error instanceof CommanderError) {
    leave(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  } else if (error instanceof VeilganError) {
    process.stderr.write(`veilgan: ${error.line()}\n`);
    leave({ USAGE: EXIT.usage, INTERRUPTED: EXIT.interrupted }[error.code as string] ?? EXIT.failed);
  } else {
    process.stderr.write(`veilgan: ${error instanceof Error ? error.stack : String(error)}\n`);
    leave(EXIT.failed);
  }
}
