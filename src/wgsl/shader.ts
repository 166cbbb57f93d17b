import { unroll } from './unroll.ts';

/** What the build finds in a shader file by reflection (see src/build/shaders.mjs). */
export interface Shader<Binding extends string = string, Param extends string = string> {
  readonly name: string;
  readonly code: string;
  readonly bindings: readonly { readonly name: Binding; readonly binding: number; readonly access: string }[];
  readonly params: readonly {
    readonly name: Param;
    readonly type: 'u32' | 'i32' | 'f32';
    /** bytes from the start of the struct */
    readonly offset: number;
    /** 4-byte scalars: 1, or more for vectors and arrays */
    readonly count: number;
  }[];
  /** bytes of the Params struct; 0 where there is none */
  readonly paramsSize: number;
  /** whether the shader reads the step block, @group(1) */
  readonly step: boolean;
  readonly overrides: readonly string[];
  /** constants marked `//@spec`, with the values they may take */
  readonly spec: Readonly<Record<string, readonly number[]>>;
}

// The two names keep their literal types only as keys of records, so a shader of any names fits where names do not matter.
// biome-ignore lint/suspicious/noExplicitAny: variance over literal names
export type AnyShader = Shader<any, any>;

/** How one pipeline differs from the file: replaced constants, override values and the body of `fn f`. */
export interface Variant {
  readonly constants?: Readonly<Record<string, number>>;
  readonly overrides?: Readonly<Record<string, number>>;
  /** replaces the line marked `//@body`: the body of an elementwise function */
  readonly body?: string;
}

/**
 * The text of one variant of a shader.
 * @throws Error where a constant is not marked `//@spec`, a value is not among its marked ones, or there is no body line
 */
export function specialise(shader: AnyShader, variant: Variant): string {
  let code = shader.code;
  for (const [name, value] of Object.entries(variant.constants ?? {})) {
    if (!shader.spec[name]?.includes(value)) {
      throw new Error(`${shader.name}.wgsl: ${name} = ${value} is not one of ${shader.spec[name] ?? '(not marked)'}`);
    }
    code = code.replace(new RegExp(`\\b(const ${name} ?= ?)[\\w.]+?(u|i|f)?;`), `$1${value}$2;`);
  }
  if (variant.body !== undefined) {
    const line = /^.*\/\/@body.*$/m;
    if (!line.test(code)) throw new Error(`${shader.name}.wgsl has no line marked //@body`);
    code = code.replace(line, () => variant.body as string);
  }
  return unroll(code);
}

/** A key under which one variant's pipeline is cached. */
export const variantKey = (shader: AnyShader, v: Variant): string =>
  `${shader.name}|${JSON.stringify(v.constants ?? {})}|${JSON.stringify(v.overrides ?? {})}|${v.body ?? ''}`;

/**
 * Values of a Params struct in the layout that reflection found.
 * @throws Error where a value is missing, unknown or of the wrong length
 */
export function packParams(
  shader: AnyShader,
  values: Readonly<Record<string, number | readonly number[]>>,
): Uint32Array {
  const words = new Uint32Array(shader.paramsSize / 4);
  const floats = new Float32Array(words.buffer);
  const ints = new Int32Array(words.buffer);
  const view = { u32: words, i32: ints, f32: floats };
  for (const { name, type, offset, count } of shader.params) {
    const value = values[name];
    const list = typeof value === 'number' ? [value] : value;
    if (list === undefined || list.length !== count) {
      throw new Error(`${shader.name}.wgsl: parameter ${name} needs ${count} number(s), got ${JSON.stringify(value)}`);
    }
    for (let i = 0; i < count; i++) view[type][offset / 4 + i] = list[i];
  }
  if (Object.keys(values).length > shader.params.length) {
    const unknown = Object.keys(values).find((k) => !shader.params.some((p) => p.name === k));
    throw new Error(`${shader.name}.wgsl has no parameter ${unknown}`);
  }
  return words;
}
