/** Known sets: from a mirror, and from a folder with their files. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KNOWN, type KnownSet, readPairs } from '../../src/data/catalogue.ts';
import { fetchDataset, knownSet } from '../../src/data/store/fetch.ts';
import { rejection } from '../support/failure.ts';
import { Folder, fails, gz, idx } from './making.ts';
import { Mirror, whole } from './server.ts';

const test = suite<{ folder: Folder }>('data/fetch');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

const remote = (name: string, content: Uint8Array) => ({
  ...{ name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') },
});

/** A set of small IDX files, as a server and a folder have them. */
function small(): { set: KnownSet; contents: Map<string, Uint8Array> } {
  const contents = new Map([
    ['train-images-idx3-ubyte.gz', gz(idx([4, 2, 2]))],
    ['train-labels-idx1-ubyte.gz', gz(idx([4], [0, 1, 2, 1]))],
    ['t10k-images-idx3-ubyte.gz', gz(idx([2, 2, 2]))],
    ['t10k-labels-idx1-ubyte.gz', gz(idx([2], [2, 0]))],
  ]);
  const files = [...contents].map(([name, content]) => remote(name, content));
  return {
    set: { name: 'small', title: 'Small', read: readPairs, mirrors: [], files, classes: ['a', 'b', 'c'] },
    contents,
  };
}

test('a known set is downloaded, checked and read; its files are used again', async ({ folder }) => {
  const { set, contents } = small();
  const mirror = await Mirror.start((response, range, request) =>
    whole(contents.get((request.url ?? '').slice(7)) ?? new Uint8Array(0))(response, range, request),
  );
  const home = folder.path;
  const seen: [string, number][] = [];
  const options = { home, mirror: mirror.url.slice(0, -1), onProgress: (...at: [string, number]) => seen.push(at) };
  const data = await fetchDataset(set, options);
  assert.equal([data.name, data.rows, data.holdoutRows, data.classes], ['small', 4, 2, ['a', 'b', 'c']]);
  assert.equal(data.labels?.holdout, Uint32Array.of(2, 0));
  assert.match(data.meta.origin, /^Small: train-images/);
  const total = set.files.reduce((sum, each) => sum + each.bytes, 0);
  assert.equal(seen.at(-1), ['t10k-labels-idx1-ubyte.gz', total]);
  assert.equal(fs.readdirSync(join(home, 'downloads', 'small')).sort(), [...contents.keys()].sort());
  await fetchDataset(set, { ...options, mirror: 'http://127.0.0.1:1/' });
  assert.is(mirror.asked.length, 4);
  await mirror.stop();
  await fails(fetchDataset(set, { home, mirror: 'ftp://x/' }), 'USAGE', 'mirror', /is no address/);
});

test('--from takes files that are there, whole and right', async ({ folder }) => {
  const { set, contents } = small();
  const read = () => fetchDataset(set, { from: folder.path });
  for (const [name, content] of contents) folder.put(name, content);
  // Beside a verified .gz an unpacked file, which nothing vouches for, does not count.
  folder.put('train-labels-idx1-ubyte', idx([4], [2, 2, 2, 2]));
  assert.equal((await read()).labels?.train, Uint32Array.of(0, 1, 2, 1));
  const name = 't10k-labels-idx1-ubyte.gz';
  const path = join(folder.path, name);
  const wrong = Uint8Array.from(contents.get(name) as Uint8Array);
  wrong[wrong.length - 10] ^= 1;
  folder.put(name, wrong);
  const error = await rejection(read());
  const found = createHash('sha256').update(wrong).digest('hex');
  assert.equal([error.code, error.where], ['DATA', path]);
  assert.is(error.message, `the file's SHA-256 is ${found}, expected ${set.files[3].sha256}`);
  assert.match(error.fix, /data import/);
  folder.put(name, 'short');
  await fails(read(), 'DATA', path, /the file has 5 bytes, expected \d+/);
  fs.rmSync(path);
  await fails(read(), 'FILE', path, /there is no such file/);
});

test('the known sets', async () => {
  assert.equal([...KNOWN.keys()], ['mnist', 'fashion-mnist', 'cifar10']);
  for (const { classes, files, mirrors } of KNOWN.values()) {
    assert.is(classes.length, 10);
    for (const { bytes: size, sha256, name } of files) assert.ok(size > 4000 && /^[0-9a-f]{64}$/.test(sha256), name);
    for (const mirror of mirrors) assert.match(mirror, /^https?:.*\/$/);
  }
  await fails((async () => knownSet('constructor'))(), 'USAGE', 'data fetch', /"constructor" is no data set with/);
});

test.run();
