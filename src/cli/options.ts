/** What several verbs share: flags, the device, how errors and results reach the user. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { open } from '../api/node.ts';
import { flagOf, ganConfig } from '../gan/config.ts';
import type { Gpu } from '../gpu/index.ts';

export interface CommonOptions {
  json?: boolean;
  adapter?: 'auto' | 'hardware' | 'software';
}

/** `--json` and `--adapter`. */
export function withDevice(command: Command): Command {
  return withJson(command).addOption(
    new Option('--adapter <kind>', 'which adapter to use').choices(['auto', 'hardware', 'software']).default('auto'),
  );
}

export const withJson = (command: Command): Command => command.option('--json', 'print one JSON document on stdout');

/** Opens the device, hands it over, and closes it whatever happens. */
export async function withGpu<T>({ adapter }: CommonOptions, fn: (gpu: Gpu) => Promise<T>): Promise<T> {
  const gpu = await open({ adapter });
  try {
    return await fn(gpu);
  } finally {
    gpu.close();
  }
}

export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^[+]?\d+(e\d+)?$/.test(text) || !Number.isInteger(value) || value < low || value > high) {
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

interface Described {
  def: { innerType: { def: { type: string; entries?: Record<string, string> } }; defaultValue: unknown };
  description?: string;
}

/** The fields of a config's schema. */
type Fields = Readonly<Record<string, unknown>>;

/** Any field of a config as a flag, by default the GANs'; absent flags leave the preset's value. */
export function withConfig(command: Command, fields: Fields = ganConfig.shape): Command {
  for (const [name, field] of Object.entries(fields)) {
    const { def, description } = field as Described;
    const { type, entries } = def.innerType.def;
    const option = new Option(
      `--${flagOf(name)} <value>`,
      `${description} (${fields === ganConfig.shape ? 'preset, or ' : 'default '}${[def.defaultValue].flat().join(',')})`,
    );
    if (type === 'enum') option.choices(Object.values(entries ?? {}));
    else if (type === 'array') option.argParser((text) => text.split(',').map(numeric));
    else option.argParser(numeric);
    command.addOption(option);
  }
  return command;
}

function numeric(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** The config fields among parsed options. */
export function configFields(
  options: Readonly<Record<string, unknown>>,
  fields: Fields = ganConfig.shape,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(fields).flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
