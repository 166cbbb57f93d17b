/** Downloads from servers that cut, stall, lie and refuse. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VeilganError } from '../../src/base/errors.ts';
import type { RemoteFile } from '../../src/data/catalogue.ts';
import { type DownloadOptions, download } from '../../src/data/store/download.ts';
import { rejection } from '../support/failure.ts';
import { Folder, fails, gz, random } from './making.ts';
import { type Answer, cut, Mirror, status, unranged, whole } from './server.ts';

interface Context {
  folder: Folder;
  /** Started servers. */
  mirrors: Mirror[];
}
const test = suite<Context>('data/download');
test.before.each((context) => {
  context.folder = new Folder();
  context.mirrors = [];
});
test.after.each(async ({ folder, mirrors }) => {
  for (const mirror of mirrors) await mirror.stop();
  folder.remove();
});

const bytes = random(300_000, 5);
const remote = (name: string, content: Uint8Array): RemoteFile => ({
  ...{ name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
});
const file = remote('data.gz', bytes);

async function serve({ mirrors }: Context, answer: Answer): Promise<Mirror> {
  mirrors.push(await Mirror.start(answer));
  return mirrors[mirrors.length - 1];
}

const get = ({ folder }: Context, mirrors: readonly Mirror[], options: DownloadOptions = {}) =>
  download(
    file,
    mirrors.map(({ url }) => url),
    folder.path,
    { pauseMs: 1, ...options },
  );

function arrived({ folder }: Context): void {
  assert.equal(folder.files(), ['data.gz']);
  assert.ok(fs.readFileSync(join(folder.path, 'data.gz')).equals(bytes), 'the bytes');
}

test('a whole file, with progress; the second time nothing is asked', async (context) => {
  const mirror = await serve(context, whole(bytes));
  const seen: number[] = [];
  const path = await get(context, [mirror], { onProgress: (count) => seen.push(count) });
  assert.is(path, join(context.folder.path, 'data.gz'));
  arrived(context);
  assert.equal([seen[0], seen[seen.length - 1]], [0, bytes.length]);
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz']);
});

test('a connection that breaks is continued from where it ended, as often as it brings something', async (context) => {
  const mirror = await serve(context, cut(bytes, 50_000));
  await get(context, [mirror], { attempts: 2 });
  arrived(context);
  const starts = mirror.asked.map((line) => Number(line.split(' from ')[1] ?? 0));
  assert.ok(starts.length >= 6, mirror.asked.join());
  // A connection that was reset may have lost what it brought, and is then asked for the same again.
  assert.equal(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  assert.ok(new Set(starts).size >= 6, mirror.asked.join());
});

test('a .part file of an earlier start is continued', async (context) => {
  const mirror = await serve(context, whole(bytes));
  context.folder.put('data.gz.part', bytes.subarray(0, 1234));
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz from 1234']);
  arrived(context);
});

test('a server without ranges sends all, which starts over', async (context) => {
  const mirror = await serve(context, unranged(bytes));
  context.folder.put('data.gz.part', bytes.subarray(0, 1234));
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz from 1234']);
  arrived(context);
});

test('a .part file of something else is found out and fetched anew', async (context) => {
  const mirror = await serve(context, whole(bytes));
  context.folder.put('data.gz.part', random(5000, 6));
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz from 5000', 'data.gz']);
  arrived(context);
});

test('a .part file that is whole, too long, or as long and wrong', async (context) => {
  const mirror = await serve(context, whole(bytes));
  context.folder.put('data.gz.part', bytes);
  await get(context, [mirror]);
  assert.equal(mirror.asked, []);
  arrived(context);
  for (const length of [bytes.length, bytes.length + 7]) {
    fs.rmSync(join(context.folder.path, 'data.gz'));
    context.folder.put('data.gz.part', random(length, 7));
    mirror.asked.length = 0;
    await get(context, [mirror]);
    assert.equal(mirror.asked, ['data.gz']);
    arrived(context);
  }
});

test('416 and a range that was not asked for start over or elsewhere', async (context) => {
  const mirror = await serve(context, (response, range, request) =>
    range === undefined ? whole(bytes)(response, range, request) : status(416)(response, range, request),
  );
  context.folder.put('data.gz.part', bytes.subarray(0, 99));
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz from 99', 'data.gz']);
  arrived(context);
  fs.rmSync(join(context.folder.path, 'data.gz'));
  const shifted = await serve(context, (response) => {
    response.writeHead(206, { 'content-range': `bytes 0-299999/300000` }).end(bytes);
  });
  context.folder.put('data.gz.part', bytes.subarray(0, 99));
  mirror.answer = whole(bytes);
  await get(context, [shifted, mirror]);
  assert.is(mirror.asked.at(-1), 'data.gz from 99');
  arrived(context);
});

test('a file with the right name and wrong content is replaced', async (context) => {
  const mirror = await serve(context, whole(bytes));
  context.folder.put('data.gz', random(300_000, 9));
  await get(context, [mirror]);
  assert.equal(mirror.asked, ['data.gz']);
  arrived(context);
});

test('mirrors are tried in turn: gone, wrong content, other size, too much, re-encoded, then the good one', async (context) => {
  const endless: Answer = (response) => {
    response.writeHead(200);
    const more = () => response.write(bytes, () => !response.destroyed && setImmediate(more));
    more();
  };
  const encoded: Answer = (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gz(bytes));
  };
  const bad = [status(404), status(403), whole(random(300_000, 8)), whole(random(10)), endless, encoded];
  const list: Mirror[] = [];
  for (const answer of bad) list.push(await serve(context, answer));
  list.push(await serve(context, whole(bytes)));
  await get(context, list);
  assert.equal(
    list.map(({ asked }) => asked.length),
    [1, 1, 1, 1, 1, 1, 1],
  );
  arrived(context);
});

test('when no mirror has it, the error says what each said, and nothing passes for the file', async (context) => {
  const { folder } = context;
  const list = [
    await serve(context, status(404)),
    await serve(context, whole(random(300_000, 8))),
    await serve(context, whole(random(10))),
  ];
  const error = await rejection(get(context, list));
  assert.equal([error.code, error.where], ['FILE', folder.path]);
  const found = createHash('sha256').update(random(300_000, 8)).digest('hex');
  assert.match(error.message, /^cannot download data\.gz \(127\.0\.0\.1:\d+: HTTP 404 Not Found; /);
  assert.ok(error.message.includes(`other content: SHA-256 ${found}, expected ${file.sha256}`), error.message);
  assert.match(error.message, /a file of 10 bytes instead of 300000/);
  assert.match(error.fix, /`from`/);
  assert.equal(folder.files(), []);

  const broken = await serve(context, status(503));
  await fails(get(context, [broken], { attempts: 3 }), 'FILE', folder.path, /HTTP 503 Service Unavailable/);
  assert.is(broken.asked.length, 3);
  const partly = await serve(context, (response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000), () => setTimeout(() => response.destroy(), 10));
  });
  await fails(get(context, [partly], { attempts: 2 }), 'FILE', folder.path, /cannot download data\.gz/);
  assert.equal(folder.files(), ['data.gz.part']);
  await partly.stop();
  await fails(get(context, [partly], { attempts: 2 }), 'FILE', folder.path, /ECONNREFUSED/);
  assert.equal(folder.files(), ['data.gz.part']);
});

test('a connection that goes silent is cut and continued', async (context) => {
  const mirror = await serve(context, (response, range, request) => {
    if (range !== undefined) return whole(bytes)(response, range, request);
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 1000));
  });
  await get(context, [mirror], { stallMs: 200 });
  assert.equal(mirror.asked, ['data.gz', 'data.gz from 1000']);
  arrived(context);
  const silent = await serve(context, () => undefined);
  fs.rmSync(join(context.folder.path, 'data.gz'));
  const promise = get(context, [silent], { stallMs: 50, attempts: 2 });
  await fails(promise, 'FILE', context.folder.path, /nothing came for 0\.05 s/);
});

test('stopping leaves the .part file only, which the next start continues', async (context) => {
  const { folder } = context;
  const stop = new AbortController();
  const mirror = await serve(context, (response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 70_000));
  });
  const onProgress = (count: number) => count === 70_000 && stop.abort(new VeilganError('INTERRUPTED', 'stopped by X'));
  const error = await rejection(get(context, [mirror], { signal: stop.signal, onProgress }));
  assert.equal([error.code, error.message], ['INTERRUPTED', 'stopped by X']);
  assert.match(error.fix, /same command/);
  assert.equal(folder.files(), ['data.gz.part']);
  mirror.answer = whole(bytes);
  await get(context, [mirror]);
  assert.is(mirror.asked.at(-1), 'data.gz from 70000');
  arrived(context);
});

test('a redirect is followed, and a disk that refuses is not the mirror', async (context) => {
  const mirror = await serve(context, whole(bytes));
  const front = await serve(context, (response) => {
    response.writeHead(302, { location: `${mirror.url}data.gz` }).end();
  });
  await get(context, [front]);
  arrived(context);
  const inFile = { ...context, folder: { path: join(context.folder.path, 'data.gz') } as Folder };
  await fails(get(inFile, [mirror]), 'FILE', inFile.folder.path, /cannot download data\.gz: E(EXIST|NOTDIR)/);
});

test.run();
