/**
 * The frame of every verb: flags from their declarations, the device, progress and Ctrl-C, one JSON document or text, and
 * errors in the words of the command line. A verb's file says what it takes and does.
 */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type * as z from 'zod';
import { VeilganError } from '../base/errors.ts';
import type { Gpu } from '../gpu/index.ts';
import { printJson } from './format.ts';
import { createProgress, type Interruption, interruptible, type Progress } from './progress.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Arguments or flags by name. A description is the help, and may begin with what its value is called: `<file> where to`.
 * A default is the default, an enum its choices; numbers may be quotients; an array is a list with commas, and an array of
 * tuples, or of texts with `repeated` in its meta data, a flag that may be repeated.
 */
type Fields = Readonly<Record<string, z.ZodType>>;
type Values<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]> };

export interface Outcome {
  /** for --json */
  readonly document: unknown;
  /** for people; a newline is added where none is there */
  readonly text: string;
  /** exit code, where all did not go well */
  readonly code?: number;
}

/** What the frame lends to a verb, and takes back when it has ended. */
export interface Call<G = undefined> {
  readonly gpu: G;
  /** the fields of the config that were given as flags */
  readonly fields: Readonly<Record<string, unknown>>;
  /** names of all that the command line gives */
  readonly asked: readonly string[];
  /** on stderr; silent with --json and --quiet */
  readonly progress: Progress;
  /** From here on Ctrl-C asks through the signal, and says `words`; a second one ends the process. */
  stoppable(words?: string): AbortSignal;
}

interface Declared<A extends Fields = Fields, F extends Fields = Fields> {
  /** in their order on the command line */
  readonly args?: A;
  readonly flags?: F;
  /** a config's schema: each of its fields is a flag too, which stays a part of `fields` and is checked with the config */
  readonly config?: Fields;
}

interface Spec<A extends Fields, F extends Fields, D extends boolean> extends Declared<A, F> {
  /** the description in --help; that of the list of verbs is in index.ts */
  readonly about: string;
  /** opens the device, and adds --adapter */
  readonly device?: D;
  /** what --help says behind the options */
  readonly notes?: string;
  run(given: Values<A> & Values<F>, call: Call<D extends true ? Gpu : undefined>): Outcome | Promise<Outcome>;
}

export type Verb = Spec<Fields, Fields, boolean> & { readonly run: (given: never, call: never) => unknown };

/** A verb that is several: `data list`. */
export interface Verbs {
  readonly about: string;
  readonly verbs: Readonly<Record<string, Verb>>;
}

type None = Record<never, never>;

export const verb = <A extends Fields = None, F extends Fields = None, D extends boolean = false>(
  spec: Spec<A, F, D>,
) => spec as unknown as Verb;

/** `criticSteps` as the command line spells it: `critic-steps`. */
export const flagOf = (field: string): string => field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** A field as a flag, an argument by its name in capitals; undefined where it is neither. */
const called = (field: string, { args = {}, flags = {}, config = {} }: Declared): string | undefined => {
  if (Object.hasOwn(args, field)) return field.toUpperCase();
  return Object.hasOwn(flags, field) || Object.hasOwn(config, field) ? `--${flagOf(field)}` : undefined;
};

/**
 * A text of the library in the words of the command line: `criticNorm: none` becomes --critic-norm none. A remedy may name
 * another verb's flag: `rows` belongs to `train`, also where `attack` misses some.
 */
export const textInFlags = (text: string, declared: Declared): string =>
  text.replace(/`(\w+)(?:: ([^`]+))?`/g, (_, field: string, value?: string) =>
    [called(field, declared) ?? `--${flagOf(field)}`, value].filter(Boolean).join(' '),
  );

/** An error likewise, and its place where that is a field of the verb. */
export function inFlags({ code, where, message, fix, cause }: VeilganError, declared: Declared): VeilganError {
  const told = { where: called(where, declared) ?? where, fix: textInFlags(fix, declared), cause };
  return new VeilganError(code, textInFlags(message, declared), told);
}

/** What the command line has to know of a field. */
interface Kind {
  readonly type: string;
  readonly choices?: readonly string[];
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly fallback?: unknown;
  readonly optional: boolean;
}

interface Definition {
  readonly type: string;
  readonly innerType?: { readonly def: Definition };
  readonly in?: { readonly def: Definition };
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly defaultValue?: unknown;
}

function kindOf(field: z.ZodType): Kind {
  let def = field.def as Definition;
  let optional = false;
  let fallback: unknown;
  for (let inner = def.innerType ?? def.in; inner; inner = def.innerType ?? def.in) {
    optional ||= def.type === 'optional' || def.type === 'default';
    fallback ??= def.defaultValue;
    def = inner.def;
  }
  const { type, element, items, entries } = def;
  return { type, choices: entries && Object.values(entries), element, items, fallback, optional };
}

/** A text as a field's kind of value; what is no number becomes NaN. */
function parsed(field: z.ZodType, text: string): unknown {
  const { type, element, items } = kindOf(field);
  if (type === 'number') {
    const [over, under = 1, ...more] = text.split('/').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    return more.length ? Number.NaN : over / under;
  }
  const each = element ?? items?.[0];
  if (each) return text.split(',').map((part) => parsed(each, part.trim()));
  return text;
}

/** Reads one value. @throws InvalidArgumentError with what the declaration says of others */
function checked(field: z.ZodType, value: unknown): unknown {
  const result = field.safeParse(value, {
    error: (issue) =>
      issue.code === 'invalid_value' ? `There is no ${issue.input}. There are ${issue.values.join(', ')}.` : undefined,
  });
  if (result.success) return result.data;
  throw new InvalidArgumentError(result.error.issues[0].message);
}

/** The value's name and the help of a description. */
function wordsOf({ description = '' }: z.ZodType): [name: string, help: string] {
  const [, name = '<value>', help] = /^(<[^>]+>)? ?(.*)$/s.exec(description) as RegExpExecArray;
  return [name, help];
}

function argumentOf(name: string, field: z.ZodType): Argument {
  const { type, element, optional, fallback, choices } = kindOf(field);
  const words = `${name}${type === 'array' ? '...' : ''}`;
  const argument = new Argument(optional ? `[${words}]` : `<${words}>`, field.description);
  if (typeof fallback === 'string') argument.default(fallback);
  const known = choices ?? (element && kindOf(element).choices);
  return known ? argument.choices(known) : argument;
}

function optionOf(name: string, field: z.ZodType): Option {
  const { type, element, choices, fallback, optional } = kindOf(field);
  const [value, help] = wordsOf(field);
  if (type === 'boolean') return new Option(`--${flagOf(name)}`, help);
  const option = new Option(`--${flagOf(name)} ${value}`, help).makeOptionMandatory(!optional);
  if (fallback !== undefined) option.default(fallback);
  if (choices) return option.choices(choices);
  if (field.meta()?.repeated) return option.argParser((text, before: string[]) => [...before, text]);
  const repeated = element && kindOf(element).type === 'tuple' ? element : undefined;
  if (repeated)
    return option.argParser((text, before: unknown[]) => [...before, checked(repeated, parsed(repeated, text))]);
  return option.argParser((text) => checked(field, parsed(field, text)));
}

/** A config's field: its range is for the config to check, as a whole. */
function configOption(name: string, field: z.ZodType): Option {
  const { choices, fallback } = kindOf(field);
  const option = new Option(
    `--${flagOf(name)} <value>`,
    `${field.description} (default ${[fallback].flat().join(',')})`,
  );
  if (choices) return option.choices(choices);
  return option.argParser((text) => {
    const value = parsed(field, text);
    if ([value].flat().some(Number.isNaN)) throw new InvalidArgumentError('It must be a number.');
    return value;
  });
}

/** Columns of what stands behind the options. */
const WIDTH = 120;

/** A text with its long lines broken at blanks, each going on a little further in than it began, if that was indented. */
const wrapped = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const start = line.length - line.trimStart().length;
      const indent = ' '.repeat(start && start + 2);
      if (line.length <= WIDTH) return line;
      const part = new RegExp(`(.{1,${WIDTH - indent.length}})(?: +|$)`, 'g');
      return line
        .trimStart()
        .replace(part, `${indent}$1\n`)
        .trimEnd()
        .slice(indent.length - start);
    })
    .join('\n');

/** The command of a verb, or of verbs. */
export function commandOf(name: string, made: Verb | Verbs): Command {
  const command = new Command(name).description(made.about);
  if ('verbs' in made) {
    for (const [own, one] of Object.entries(made.verbs)) command.addCommand(commandOf(own, one));
    return command;
  }
  const { args = {}, flags = {}, config = {}, device, notes = '' } = made;
  for (const [arg, field] of Object.entries(args)) command.addArgument(argumentOf(arg, field));
  for (const [flag, field] of Object.entries(flags)) command.addOption(optionOf(flag, field));
  command.option('--json', 'print one JSON document on stdout');
  if (device) {
    const adapter = new Option('--adapter <kind>', 'which adapter to use');
    command.addOption(adapter.choices(['auto', 'hardware', 'software']).default('auto'));
  }
  for (const [field, schema] of Object.entries(config)) command.addOption(configOption(field, schema));
  if (notes) command.addHelpText('after', wrapped(textInFlags(notes, made)));
  return command.action(async (...all: unknown[]) => {
    const options = command.opts();
    const positional = Object.keys(args).map((arg, i) => [arg, all[i]]);
    const flagged = Object.keys(options).filter((key) => command.getOptionValueSource(key) === 'cli');
    const asked = [...positional.flatMap(([arg, value]) => (value === undefined ? [] : [String(arg)])), ...flagged];
    const fields = Object.fromEntries(asked.filter((key) => key in config).map((key) => [key, options[key]]));
    await execute(made, { ...options, ...Object.fromEntries(positional) }, { fields, asked });
  });
}

interface Shared {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly adapter?: 'auto' | 'hardware' | 'software';
}

async function execute(made: Verb, given: Shared, told: Pick<Call, 'fields' | 'asked'>): Promise<void> {
  const progress = createProgress(given);
  const signals: Interruption[] = [];
  let gpu: Gpu | undefined;
  try {
    if (made.device) gpu = await (await import('../api/node.ts')).open({ adapter: given.adapter });
    const stoppable = (words?: string) => {
      signals.push(interruptible(() => words && progress.note(words)));
      return signals[signals.length - 1].signal;
    };
    const { document, text, code } = (await made.run(
      given as never,
      { ...told, gpu, progress, stoppable } as never,
    )) as Outcome;
    progress.stop();
    if (given.json) printJson(document);
    else process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    process.exitCode = code ?? EXIT.done;
  } catch (error) {
    throw error instanceof VeilganError ? inFlags(error, made) : error;
  } finally {
    progress.stop();
    for (const signal of signals) signal.dispose();
    gpu?.close();
  }
}
