/** `npm run page`: what it serves, and what it says where it cannot. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../house/sources.ts';

/** Starts the server; `address` is what it prints, `ended` its end. */
function serve(...flags: string[]) {
  const child = spawn(process.execPath, [join(root, 'src', 'build', 'page.mjs'), ...flags], { cwd: root });
  const text = { out: '', err: '' };
  child.stderr.on('data', (data) => (text.err += data));
  const address = new Promise<string>((done) => {
    child.stdout.on('data', (data) => {
      text.out += data;
      if (text.out.includes('\n')) done(text.out.trim());
    });
  });
  const ended = new Promise<{ code: number | null; err: string }>((done) => {
    child.on('close', (code) => done({ code, err: text.err }));
  });
  return { child, address, ended };
}

test('the built files are served to this machine, nothing else is, and Ctrl-C ends it', async () => {
  const { child, address, ended } = serve('--port', '0');
  const url = await Promise.race([address, ended.then(({ err }) => Promise.reject(new Error(err)))]);
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await fetch(url);
  const html = await page.text();
  assert.match(page.headers.get('content-type') ?? '', /text\/html/);
  assert.match(html, /default-src 'none'.*connect-src 'none'/);
  const [, script] = /<script type="module" src="([^"]+)"/.exec(html) ?? [];
  const loaded = await fetch(url + script);
  assert.is(loaded.status, 200);
  assert.match(loaded.headers.get('content-type') ?? '', /javascript/);
  await loaded.text();
  for (const path of ['package.json', '%2e%2e/package.json', 'constructor']) {
    assert.is((await fetch(url + path)).status, 404, path);
  }
  const taken = await serve('--port', new URL(url).port).ended;
  assert.is(taken.code, 1);
  assert.match(taken.err, /port \d+ is in use\. Choose another one: npm run page -- --port \d+/);
  child.kill('SIGINT');
  assert.is((await ended).code, 0);
});

test('a port that is none is refused', async () => {
  const { code, err } = await serve('--port', '70000').ended;
  assert.is(code, 1);
  assert.match(err, /--port 70000 is no port/);
});

test.run();
