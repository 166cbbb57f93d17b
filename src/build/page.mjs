/**
 * The browser page: `npm run page` builds dist/page, a folder that any web server can host, and serves it on this
 * machine. `node src/build/page.mjs [--port N] [--build]`; with --build it is not served.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { root, wgsl, writeShaderTypes } from './shaders.mjs';

const source = (name) => join(root, 'src', 'page', name);

/**
 * The page may load its own files and nothing else, and may connect to nothing at all, not even to where it came from.
 * The worker starts from a blob, which is how it comes under the same policy.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'none'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  minify: true,
  write: false,
  plugins: [wgsl],
  logLevel: 'error',
};

/**
 * The files of the page by name, in memory. All but index.html, sw.js and the icon have names that follow from their
 * bytes.
 * @param {object} [options]
 * @param {esbuild.Plugin[]} [options.plugins] for tests
 * @returns {Promise<Record<string, Uint8Array>>}
 */
export async function buildPage({ plugins = [] } = {}) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const built = await esbuild.build({
    ...common,
    plugins: [...plugins, wgsl],
    entryPoints: { app: source('app.ts'), worker: source('worker/worker.ts'), style: source('style.css') },
    outdir: join(root, 'dist', 'page'),
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    splitting: true,
    define: { VERSION: JSON.stringify(version) },
  });
  const files = {};
  for (const { path, contents } of built.outputFiles) files[path.replace(/^.*[/\\]/, '')] = contents;
  for (const name of ['icon.svg', 'page.webmanifest']) files[name] = readFileSync(source(name));
  const named = (start) => Object.keys(files).find((name) => name.startsWith(`${start}-`));
  const html = readFileSync(source('index.html'), 'utf8')
    .replace('content="CSP"', `content="${POLICY}"`)
    .replace('"style.css"', `"${named('style')}"`)
    .replace('"app.js"', `"${named('app')}"`)
    .replace('"worker.js"', `"${named('worker')}"`);
  files['index.html'] = Buffer.from(html);
  const hash = createHash('sha256');
  for (const name of Object.keys(files).sort()) hash.update(name).update(files[name]);
  const worker = await esbuild.build({
    ...common,
    entryPoints: [source('worker/sw.ts')],
    define: {
      FILES: JSON.stringify(Object.keys(files).filter((name) => name !== 'index.html')),
      BUILD: JSON.stringify(hash.digest('hex').slice(0, 12)),
    },
  });
  files['sw.js'] = worker.outputFiles[0].contents;
  return files;
}

/** Builds dist/page; returns the folder. */
export async function writePage() {
  writeShaderTypes();
  const files = await buildPage();
  const folder = join(root, 'dist', 'page');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const line = (name, bytes) => `${name.padEnd(24)} ${size(bytes.length)}, ${size(gzipSync(bytes).length)} zipped\n`;
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes);
    process.stderr.write(line(name, bytes));
  }
  return { folder, files };
}

const size = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} KB`;

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  webmanifest: 'application/manifest+json',
};

/** Serves the built files, and nothing else, to this machine only. */
export function servePage(files, port) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    if (!['GET', 'HEAD'].includes(request.method)) return response.writeHead(405).end();
    if (!Object.hasOwn(files, path)) {
      return response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is no such file.\n');
    }
    response.writeHead(200, {
      'content-type': TYPES[path.split('.').at(-1)],
      'content-length': files[path].length,
      // Without -hash a name says nothing of what it holds.
      'cache-control': /-[A-Z0-9]{8}\./.test(path) ? 'max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    response.end(request.method === 'HEAD' ? undefined : files[path]);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** The flags. @throws {Error} naming a wrong one */
function flags() {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '8080' }, build: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`--port ${values.port} is no port: give 0 to 65535`);
  return { ...values, port };
}

const USAGE = `npm run page -- [--port N] [--build]

Builds the page into dist/page, a folder that any web server can host, and serves it on 127.0.0.1.
  --port N   where to serve it (default 8080; 0: any free one)
  --build    only build it
`;

async function main() {
  const { port, build, help } = flags();
  if (help) return process.stdout.write(USAGE);
  if (build) return process.stderr.write(`built ${(await writePage()).folder}\n`);
  const files = {};
  // The port first: building takes seconds.
  const server = await servePage(files, port).catch((error) => {
    const other = port === 65_535 ? 8080 : port + 1;
    if (error.code === 'EADDRINUSE') {
      throw new Error(`port ${port} is in use. Choose another one: npm run page -- --port ${other}`);
    }
    if (error.code === 'EACCES') {
      throw new Error(`port ${port} is not allowed to you. Choose one above 1023 with --port`);
    }
    throw error;
  });
  const end = () => {
    server.close();
    server.closeAllConnections();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, end);
  try {
    Object.assign(files, (await writePage()).files);
  } catch (error) {
    end();
    throw error;
  }
  process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`);
  process.stderr.write('Open this address in a browser with WebGPU. Ctrl-C ends the server.\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
