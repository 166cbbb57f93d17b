/**
 * From the text of a shader to what TypeScript needs of it, at build time: the code with its library parts, its
 * bindings, the layout of its `Params` struct, its overrides and the constants that may be replaced. Nothing of the
 * reflection library reaches a bundle.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'shaders');

/**
 * A shader and, behind it, the libraries that it names by `//@use name` (`shaders/lib/NAME.wgsl`), each once: `enable`
 * directives must open the module, and order does not matter otherwise.
 */
function assemble(name) {
  const parts = [];
  const add = (lib, path) => {
    const text = readFileSync(path, 'utf8');
    for (const [, used] of text.matchAll(/^\/\/@use (\w+)\s*$/gm)) {
      if (!parts.some((part) => part.lib === used)) add(used, join(folder, 'lib', `${used}.wgsl`));
    }
    parts.unshift({ lib, text });
  };
  add('', join(folder, `${name}.wgsl`));
  return parts;
}

/** Without the spaces that no token needs; `- -` and the like keep theirs. */
const squeeze = (line) => line.replace(/ ?([{}();,=*/%<>:?|!]) ?/g, '$1').replace(/ ?([-+&]) ?(?![-+&])/g, '$1');

/** Comments and indentation removed, except the `//@` marks that the specialiser reads; of `//@spec` only the values count. */
function strip(code) {
  return code
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .map((line) => {
      const mark = /\/\/@(body|unroll)/.exec(line)?.[0] ?? '';
      return squeeze(line.replace(/\/\/.*$/, '').trim()) + mark;
    })
    .filter(Boolean)
    .reduce((text, line) => (text && text + breakAfter(text, line)) + line, '');
}

/** A line ends where a mark stands on it or on the next, or where the two would become one word. */
function breakAfter(text, line) {
  const last = text.slice(text.lastIndexOf('\n') + 1);
  return last.includes('//@') || line.includes('//@') || !/[;{},(]$/.test(last) ? '\n' : '';
}

const scalarOf = (type) => {
  const name = type.format?.format?.name ?? type.format?.name ?? type.name;
  const found = /(u32|i32|f32)/.exec(name) ?? /vec[234]([uif])$/.exec(type.name) ?? /vec[234]([uif])/.exec(name);
  if (!found) throw new Error(`a Params member of type ${type.name} is not made of u32, i32 or f32`);
  return { u: 'u32', i: 'i32', f: 'f32' }[found[1]] ?? found[1];
};

/** Reflects one shader file; throws an Error that names the file where the text does not follow the rules. */
export function reflect(name) {
  const parts = assemble(name);
  const code = parts.map(({ text }) => text).join('\n');
  const fail = (why) => {
    throw new Error(`shaders/${name}.wgsl: ${why}`);
  };
  let r;
  try {
    // The reflection library does not read expressions there, and nothing here needs them.
    r = new WgslReflect(code.replace(/@workgroup_size\([^)]*\)/g, '@workgroup_size(1)'));
  } catch (e) {
    fail(`does not parse: ${e.message ?? e}`);
  }
  if (r.entry.compute.length !== 1 || r.entry.compute[0].name !== 'main') fail('needs exactly one entry point, main');
  const uniform = r.uniforms.find((u) => u.group === 0);
  if (uniform && uniform.binding !== 0) fail('its Params uniform must be @group(0) @binding(0)');
  const step = r.uniforms.some((u) => u.group === 1 && u.binding === 0);
  const bindings = r.storage
    .map((s) => ({ name: s.name, binding: s.binding, access: s.access, group: s.group }))
    .sort((x, y) => x.binding - y.binding);
  if (bindings.some((b) => b.group !== 0)) fail('storage bindings must be in @group(0)');
  if (bindings.length > 8) fail(`binds ${bindings.length} storage buffers; 8 is what every adapter has`);
  const params = (uniform?.type.members ?? []).map((m) => ({
    name: m.name,
    type: scalarOf(m.type),
    offset: m.offset,
    count: m.size / 4,
  }));
  const spec = {};
  for (const [, constant, values] of code.matchAll(/^const (\w+) = \w+; *\/\/@spec (.*)$/gm)) {
    spec[constant] = values.trim().split(/\s+/).map(Number);
  }
  return {
    name,
    parts: parts.map(({ lib, text }) => ({ lib, code: strip(text) })),
    bindings: bindings.map(({ group: _, ...b }) => b),
    params,
    paramsSize: uniform ? Math.ceil(uniform.type.size / 16) * 16 : 0,
    step,
    overrides: r.overrides.map((o) => o.name),
    spec,
  };
}

export const shaderNames = () =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.wgsl'))
    .map((f) => f.slice(0, -5))
    .sort();

const union = (names) => (names.length ? names.map((n) => `'${n}'`).join(' | ') : 'never');

/**
 * Writes `.build/shaders.d.ts`: one typed module a shader, so that a wrong binding or parameter name in TypeScript is
 * a type error.
 */
export function writeShaderTypes() {
  const modules = shaderNames().map((name) => {
    const r = reflect(name);
    const type = `Shader<${union(r.bindings.map((b) => b.name))}, ${union(r.params.map((p) => p.name))}>`;
    return `declare module '#shaders/${name}.wgsl' {\n  const shader: import('../src/wgsl/shader.ts').${type};\n  export default shader;\n}\n`;
  });
  mkdirSync(join(root, '.build'), { recursive: true });
  writeFileSync(join(root, '.build', 'shaders.d.ts'), modules.join('\n'));
}

/** A reflected shader, or the error that says why it is none: others may not need it. */
function reflected(name) {
  try {
    return reflect(name);
  } catch (error) {
    return { name, error };
  }
}

/**
 * All shaders as the text of one module, from which a bundler takes what is used: beside each other they compress to
 * 2.4 KB less than among what calls them. `unpackShader` of src/wgsl/unpack.ts reads them. Lists of records repeat their
 * keys, so they become words: `1x 2y!` (binding, name, written to), `u0n f4scale u16:8dims` (type, offset, count, name).
 *
 * @param {string} unpack how the module imports src/wgsl/unpack.ts
 */
export function shaderModule(unpack) {
  const libs = new Map();
  const shaders = shaderNames()
    .map(reflected)
    .filter(({ error }) => !error)
    .map(({ name, parts, bindings, params, paramsSize, step, overrides, spec }) => {
      for (const { lib, code } of parts.slice(1)) libs.set(lib, code);
      const b = bindings.map((x) => `${x.binding}${x.name}${x.access === 'read' ? '' : '!'}`).join(' ');
      const p = params.map((x) => `${x.type[0]}${x.offset}${x.count === 1 ? '' : `:${x.count}`}${x.name}`).join(' ');
      const list = [b, p, paramsSize, step, overrides.join(' '), spec].map((x) => JSON.stringify(x)).join(', ');
      const text = [JSON.stringify(parts[0].code), ...parts.slice(1).map(({ lib }) => `lib_${lib}`)].join(', ');
      return `export const ${name} = /* @__PURE__ */ unpackShader('${name}', [${text}], ${list});\n`;
    });
  const shared = [...libs].map(([lib, code]) => `const lib_${lib} = ${JSON.stringify(code)};\n`);
  return `import { unpackShader } from ${JSON.stringify(unpack)};\n${shared.join('')}${shaders.join('')}`;
}

/** esbuild plugin: `import shader from '#shaders/NAME.wgsl'` gives the reflected shader. */
export const wgsl = {
  name: 'wgsl',
  setup(build) {
    const pure = { namespace: 'wgsl', sideEffects: false };
    build.onResolve({ filter: /^#shaders\/.*\.wgsl$/ }, ({ path }) => ({
      path: path.slice('#shaders/'.length, -'.wgsl'.length),
      ...pure,
    }));
    build.onResolve({ filter: /^all$/, namespace: 'wgsl' }, () => ({ path: 'all', ...pure }));
    build.onLoad({ filter: /.*/, namespace: 'wgsl' }, ({ path }) => {
      if (path === 'all') return { contents: shaderModule(join(root, 'src', 'wgsl', 'unpack.ts')), resolveDir: root };
      const { error } = reflected(path);
      if (error) return { errors: [{ text: error.message }] };
      return { contents: `export { ${path} as default } from 'all';`, resolveDir: root };
    });
  },
};
