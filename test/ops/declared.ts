/** What a shader's file says of itself, read without the code that specialises it. */
import { readFileSync } from 'node:fs';

export interface Declared {
  /** values that each named constant may take */
  readonly spec: Readonly<Record<string, readonly number[]>>;
  readonly overrides: readonly string[];
}

const seen = new Map<string, Declared>();

/** Of shaders/FILE.wgsl and the parts that it uses. */
export function declared(file: string): Declared {
  const known = seen.get(file);
  if (known) return known;
  const code = withParts(file);
  const spec: Record<string, number[]> = {};
  for (const [, name, values] of code.matchAll(/^const (\w+) = \w+; \/\/@spec (.*)$/gm)) {
    spec[name] = values.split(' ').map(Number);
  }
  const found = { spec, overrides: [...code.matchAll(/^override (\w+)/gm)].map((x) => x[1]) };
  seen.set(file, found);
  return found;
}

function withParts(file: string): string {
  const code = readFileSync(`shaders/${file}.wgsl`, 'utf8');
  return code + [...code.matchAll(/^\/\/@use (\w+)$/gm)].map(([, part]) => withParts(`lib/${part}`)).join('');
}
