/**
 * `npm run docs` writes the parts of the READMEs that rows, measurements and tests can write, each between markers:
 *
 *     <!-- table: NAME -->  ...  <!-- /table -->     the table NAME of docs-tables.mjs
 *     <!-- quote: FILE -->  ...  <!-- /quote -->     a test of test/examples
 *
 * With `--check` nothing is written, and a part that is stale ends it with exit code 1.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleForNode } from '../../src/build/build.mjs';
import { root, writeShaderTypes } from '../../src/build/shaders.mjs';
import { ROWS, tables } from './docs-tables.mjs';

const PART = /<!-- (table|quote): (\S+) -->\n.*?<!-- \/\1 -->/gs;

/** The READMEs of the repository, and the contributor's pages. */
export function pages() {
  const found = ['src', 'shaders', 'bench', 'test', '.github'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => `${folder}/${file.split(sep).join('/')}`),
  );
  return ['README.md', ...found.filter((file) => file.endsWith('.md') && !file.includes('node_modules/')).sort()];
}

/** What the rows' files export, bundled: they are TypeScript. */
async function loadRows() {
  const folder = join(root, '.build', `docs-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    writeShaderTypes();
    const lines = Object.entries(ROWS).map(([file, names]) => `export { ${names} } from '../../${file}';\n`);
    writeFileSync(join(folder, 'entry.ts'), lines.join(''));
    await bundleForNode({ rows: join(folder, 'entry.ts') }, folder);
    return await import(pathToFileURL(join(folder, 'rows.js')).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A test of test/examples: its comment as a paragraph, the rest as code (test/house/examples.test.ts keeps them so). */
export function quoted(text) {
  const [, comment, code] = /^\/\*\*\n(.*?)\n \*\/\n(.*?)\n+test\.run\(\);\n$/s.exec(text) ?? [];
  if (!comment) throw new Error('an example is a comment, code and test.run()');
  return `${comment.replace(/^ \* ?/gm, '')}\n\n\`\`\`ts\n${code}\n\`\`\``;
}

/**
 * A page with its parts written anew.
 * @param {string} text
 * @param {(kind: string, name: string) => string} part
 */
export const filled = (text, part) =>
  text.replace(PART, (_, kind, name) => `<!-- ${kind}: ${name} -->\n${part(kind, name).trim()}\n<!-- /${kind} -->`);

/** The pages whose parts are stale, as `[path, text as it should be]`. */
export async function stalePages() {
  const rows = await loadRows();
  const made = (kind, name) => {
    if (kind === 'quote') return quoted(readFileSync(join(root, name), 'utf8'));
    if (!tables[name])
      throw new Error(`there is no table ${name}; docs-tables.mjs has ${Object.keys(tables).join(', ')}`);
    return tables[name](rows);
  };
  return pages()
    .map((path) => [path, readFileSync(join(root, path), 'utf8')])
    .map(([path, text]) => [path, filled(text, made), text])
    .filter(([, should, is]) => should !== is);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const check = process.argv.includes('--check');
  for (const [path, text] of await stalePages()) {
    if (!check) writeFileSync(join(root, path), text);
    process.stderr.write(`${check ? 'stale, run `npm run docs`' : 'written'}: ${path}\n`);
    if (check) process.exitCode = 1;
  }
}
