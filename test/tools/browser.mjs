/** A page in headless Chromium with WebGPU on SwiftShader, for tests: served from memory, cut off from the network. */
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { findChromium } from '../../src/build/chromium.mjs';
import { vulkanFolder } from '../../src/build/vulkan.mjs';

const FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Whatever a page or Chromium itself tries, no name but this machine's resolves.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];
const TYPES = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
  css: 'text/css',
};
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>VeilGAN</title><script type="module" src="/script.js"></script>';
const TIMEOUT_MS = 300_000;
const CLOSE_MS = 10_000;

/**
 * Opens a page in a browser of its own and hands it to `fn`; closes everything afterwards, whatever happens.
 *
 * @param {(page: import('playwright-core').Page) => unknown} fn what to do with the loaded page; its result is returned
 * @param {object} [options]
 * @param {string} [options.script] text of the module the default page loads, served as /script.js
 * @param {string} [options.html] a page of your own instead of the default one
 * @param {Record<string, string | Uint8Array>} [options.files] more to serve, by path (`/data.csv`)
 * @param {number} [options.timeout] milliseconds after which it fails; 5 minutes by default
 * @param {(text: string, type: string) => void} [options.console] takes what the page prints; stderr by default
 * @param {(page: import('playwright-core').Page) => Promise<string>} [options.stand] where a page stands that did not
 *   finish, for the message
 * @throws {Error} when there is no Chromium, when the page throws, crashes, asks any other host for anything or
 *   this one for a file that is not there, and when `fn` throws
 */
export async function withPage(fn, options) {
  const browser = await openBrowser();
  try {
    return await inTab(browser, fn, options);
  } finally {
    await browser.close();
  }
}

/**
 * A browser for many pages, one after another or at once; `close` it.
 * @throws {Error} when there is no Chromium
 */
export async function openBrowser() {
  const path = findChromium();
  if (!path)
    throw new Error('There is no Chromium. Run `npm run setup -- --browser`, or set CHROMIUM to the path of one.');
  return launch(path);
}

/** Opens a page that shares nothing with others of this browser but the processes; otherwise like `withPage`. */
export async function inTab(browser, fn, { script = '', html = PAGE, files = {}, timeout = TIMEOUT_MS, ...more } = {}) {
  const server = await serve({ '/': html, '/script.js': script, ...files });
  const origin = `http://127.0.0.1:${server.address().port}`;
  let context;
  try {
    // Of its own, so that `fn` can open a second tab beside this one.
    context = await browser.newContext();
    const page = await context.newPage();
    // One clock for all: that of a single wait would end at about the same time, without a word of where the page stands.
    page.setDefaultTimeout(0);
    page.on('console', (message) => (more.console ?? printed)(message.text(), message.type()));
    const failure = watch(page, origin, { timeout, stand: more.stand });
    const work = async () => {
      await page.goto(origin, { waitUntil: 'load' });
      return fn(page);
    };
    return await Promise.race([work(), failure.promise]).finally(failure.stop);
  } finally {
    // A page whose browser is gone, or that hangs, must not hide the reason.
    await Promise.race([context?.close().catch(() => {}), new Promise((done) => setTimeout(done, CLOSE_MS).unref())]);
    server.closeAllConnections();
    server.close();
  }
}

const printed = (text) => console.error(`page: ${text}`);

/** Chromium as root needs --no-sandbox, as a user of a container without name spaces too. */
async function launch(executablePath) {
  const options = { executablePath, args: FLAGS, env: environment() };
  if (process.getuid?.() === 0) return chromium.launch({ ...options, chromiumSandbox: false });
  try {
    return await chromium.launch({ ...options, chromiumSandbox: true });
  } catch (error) {
    if (!/sandbox/i.test(error.message)) throw error;
    return chromium.launch({ ...options, chromiumSandbox: false });
  }
}

/** Chromium brings its own Vulkan loader and SwiftShader: an unpacked driver's libraries are none of its business. */
function environment() {
  const env = { ...process.env };
  if (!env.VK_DRIVER_FILES?.startsWith(vulkanFolder())) return env;
  for (const name of ['LD_LIBRARY_PATH', 'VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) delete env[name];
  return env;
}

/** A promise that only ever rejects: with the first thing that goes wrong in the page. */
function watch(page, origin, { timeout, stand = async () => '' }) {
  let timer;
  const promise = new Promise((_, reject) => {
    timer = setTimeout(async () => {
      // A page that hangs does not answer either.
      const silence = new Promise((done) => setTimeout(done, CLOSE_MS, 'it does not answer').unref());
      const stood = await Promise.race([stand(page), silence]).catch((error) => error.message);
      reject(new Error(`the page did not finish within ${timeout / 1000} s${stood && `: ${stood}`}`));
    }, timeout);
    page.on('pageerror', (error) => reject(new Error(`the page failed: ${error.stack || error.message}`)));
    page.on('crash', () => reject(new Error('the page crashed')));
    page.on('request', (request) => {
      const url = request.url();
      if (/^(data|blob|about):/.test(url) || url.startsWith(`${origin}/`)) return;
      reject(new Error(`the page asked another host: ${request.method()} ${url}`));
    });
    page.on('response', (response) => {
      if (response.status() >= 400) reject(new Error(`the page asked for ${response.url()}, which is not served`));
    });
    page.on('websocket', (socket) => reject(new Error(`the page opened a socket: ${socket.url()}`)));
  });
  // The race may be over when the next thing goes wrong.
  promise.catch(() => {});
  return { promise, stop: () => clearTimeout(timer) };
}

function serve(files) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/favicon.ico') return response.writeHead(204).end();
    if (!Object.hasOwn(files, path)) return response.writeHead(404).end();
    const extension = path === '/' ? 'html' : path.split('.').at(-1);
    const type = TYPES[extension] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(files[path]);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
