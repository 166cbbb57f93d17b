/**
 * The package as others import it: every module of src that an entry reaches as one of JavaScript, with its types beside
 * it, so that a bundler takes no more than what is used.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { root, shaderModule, wgsl } from './shaders.mjs';

/** What can be imported, as package.json says: `veilgan` and `veilgan/NAME`, from src/api/NAME.ts. */
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const ENTRIES = Object.values(exports).flatMap(({ types }) =>
  types ? [types.replace('./dist/lib/', 'src/').replace('.d.ts', '.ts')] : [],
);
const SHADERS = 'shaders.js';
const WEBGPU = 'webgpu.d.ts';

/** The files of src that the entries need at run time. */
async function reached() {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    entryPoints: ENTRIES,
    outdir: 'dist',
    platform: 'node',
    packages: 'external',
    plugins: [wgsl],
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs).filter((path) => path.startsWith('src/'));
}

/** How a module of the library at `path` names the one at `target`, both from the library's root. */
function specifier(path, target) {
  const found = posix.relative(posix.dirname(path), target);
  return found.startsWith('.') ? found : `./${found}`;
}

/** A module's text as esbuild prints it, its imports turned to those of the library. */
function linked(path, text) {
  return text
    .replace(/^import (\w+) from "#shaders\/(\w+)\.wgsl";$/gm, (_, name, shader) => {
      const from = specifier(path, SHADERS);
      return `import { ${shader} as ${name} } from "${from}";`;
    })
    .replace(/^((?:(?:import|export)\b[^"]*?\bfrom|import) ")(\.[^"]*)\.ts(";)$/gm, '$1$2.js$3');
}

/** Modules of JavaScript into `out`. */
async function writeModules(out) {
  const files = await reached();
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: files,
    outbase: 'src',
    outdir: out,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  for (const { path, text } of outputFiles) {
    const from = relative(join(root, out), path).split(sep).join('/');
    const code = linked(from, text);
    if (/["']#shaders\/|\.ts["']/.test(code)) throw new Error(`${from} still imports what the package does not have`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
  writeFileSync(join(root, out, SHADERS), shaderModule('./wgsl/unpack.js'));
}

/** WebGPU's names, empty: they merge with the real interfaces where a program has them (TypeScript's DOM, or @webgpu/types). */
const webgpuNames = (names) =>
  `export {};\ndeclare global {\n${names.map((name) => `  interface ${name} {}\n`).join('')}}\n`;

/**
 * Types into `out`. Their imports end in .js as those beside them do.
 * @throws Error with what the compiler says
 */
function writeTypes(out) {
  const folder = join(root, '.build', 'types');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: '../../src',
      outDir: 'out',
    },
    include: [],
    files: [...ENTRIES.map((entry) => `../../${entry}`), '../shaders.d.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the types do not compile:\n${stdout}`);
  const made = join(folder, 'out');
  const names = new Set();
  for (const path of readdirSync(made, { recursive: true }).filter((file) => file.endsWith('.d.ts'))) {
    const module = path.split(sep).join('/');
    const entry = ENTRIES.includes(`src/${module.replace(/\.d\.ts$/, '.ts')}`);
    const text = readFileSync(join(made, path), 'utf8');
    for (const [name] of text.matchAll(/\bGPU[A-Z]?\w*/g)) names.add(name);
    const code = text.replace(/((?:\bfrom|\bimport|\bmodule|\bimport\() ?['"]\.[^'"\n]*)\.ts(?=['"])/g, '$1.js');
    writeFileSync(join(made, path), entry ? `/// <reference path="${specifier(module, WEBGPU)}" />\n${code}` : code);
  }
  writeFileSync(join(made, WEBGPU), webgpuNames([...names].sort()));
  cpSync(made, join(root, out), { recursive: true });
}

/**
 * The library, into a folder of the project that is emptied first.
 * @param {boolean} [options.types] whether to write types
 */
export async function buildLibrary(out, { types = true } = {}) {
  rmSync(join(root, out), { recursive: true, force: true });
  await writeModules(out);
  if (types) writeTypes(out);
}
