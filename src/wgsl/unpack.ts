import type { Shader } from './shader.ts';

const TYPES = { u: 'u32', i: 'i32', f: 'f32' } as const;

const words = (text: string): string[] => (text ? text.split(' ') : []);

/**
 * A shader from the form in which the build writes it (src/build/shaders.mjs, `shaderModule`).
 * @param parts its text and that of the libraries it uses
 */
export function unpackShader(
  name: string,
  parts: readonly string[],
  bindings: string,
  params: string,
  paramsSize: number,
  step: boolean,
  overrides: string,
  spec: Record<string, number[]>,
): Shader {
  return {
    name,
    code: parts.join('\n'),
    bindings: words(bindings).map((word) => {
      const [, binding, name, written] = /^(\d+)(\w+?)(!?)$/.exec(word) as RegExpExecArray;
      return { name, binding: Number(binding), access: written ? 'read_write' : 'read' };
    }),
    params: words(params).map((word) => {
      const [, type, offset, count, name] = /^([uif])(\d+)(?::(\d+))?([a-z_A-Z]\w*)$/.exec(word) as RegExpExecArray;
      return { name, type: TYPES[type as keyof typeof TYPES], offset: Number(offset), count: Number(count ?? 1) };
    }),
    paramsSize,
    step,
    overrides: words(overrides),
    spec,
  };
}
