/** CIFAR-10's binary format, in an archive, a folder and a single file. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CIFAR_RECORD, cifarClasses, importCifar, readCifar } from '../../src/data/formats/cifar.ts';
import { detect } from '../../src/data/formats/index.ts';
import { cifar, Folder, fails, gz, records } from './making.ts';

const test = suite<{ folder: Folder }>('data/cifar');
test.before.each((context) => {
  context.folder = new Folder();
});
test.after.each(({ folder }) => folder.remove());

const NAMES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** Batches of 2, 3, 2, 2, 2 images and a test batch of 4, in `cifar-10-batches-bin`. */
function batches(folder: Folder): string {
  for (let i = 1; i <= 5; i++) folder.put(`cifar-10-batches-bin/data_batch_${i}.bin`, cifar(i === 2 ? 3 : 2, i));
  folder.put('cifar-10-batches-bin/test_batch.bin', cifar(4, 7));
  folder.put('cifar-10-batches-bin/batches.meta.txt', `${NAMES.join('\n')}\n\n`);
  folder.put('cifar-10-batches-bin/readme.html', '<html></html>');
  return join(folder.path, 'cifar-10-batches-bin');
}

async function archive(folder: Folder, file = 'cifar-10-binary.tar.gz'): Promise<string> {
  batches(folder);
  const path = join(folder.path, file);
  await create({ cwd: folder.path, file: path, gzip: file.endsWith('gz') }, ['cifar-10-batches-bin']);
  return path;
}

test('planes become channels of a pixel', () => {
  const bytes = new Uint8Array(2 * CIFAR_RECORD);
  bytes[0] = 9;
  for (const [plane, value] of [100, 150, 200].entries()) {
    bytes[1 + 1024 * plane] = value;
    bytes[1 + 1024 * plane + 33] = value + 1;
  }
  bytes[CIFAR_RECORD + 3072] = 77;
  const { data, labels } = readCifar([['f', bytes]]);
  assert.equal(labels, Uint8Array.of(9, 0));
  assert.is(data.length, 2 * 3072);
  assert.equal([...data.subarray(0, 3)], [100, 150, 200]);
  // Position 33 is row 1, column 1.
  assert.equal([...data.subarray((32 + 1) * 3, (32 + 1) * 3 + 3)], [101, 151, 201]);
  assert.is(data[2 * 3072 - 1], 77);
  assert.is(
    data.reduce((a, b) => a + b),
    100 + 150 + 200 + 101 + 151 + 201 + 77,
  );
});

test('wrong sizes and labels name file and record', async () => {
  const read = async (bytes: Uint8Array) =>
    readCifar([
      ['a.bin', cifar(3)],
      ['b.bin', bytes],
    ]);
  await fails(read(cifar(2).subarray(0, -1)), 'DATA', 'b.bin, record 2', /ends within a record: 3072 of 3073 bytes/);
  await fails(read(new Uint8Array(5)), 'DATA', 'b.bin, record 1', /5 of 3073/);
  await fails(read(new Uint8Array(0)), 'DATA', 'b.bin, record 1', /empty/);
  const bad = cifar(4);
  bad[2 * CIFAR_RECORD] = 10;
  await fails(read(bad), 'DATA', 'b.bin, record 3 (byte 6146)', /label 10, where CIFAR-10 has 0 to 9/);
  await fails((async () => cifarClasses('a\nb\n', 'm'))(), 'DATA', 'm', /2 names of classes/);
});

test('archive, folder and the folder above it hold the same set', async ({ folder }) => {
  const path = await archive(folder);
  const plain = await archive(folder, 'copy.tar');
  const sources = [path, plain, join(folder.path, 'cifar-10-batches-bin'), folder.path];
  for (const each of sources) {
    const source = await detect(each);
    assert.equal([source.kind, source.name], ['cifar', 'cifar10'], each);
    const data = await records(source);
    assert.equal([data.rows, data.holdoutRows, data.shape, data.classes], [11, 4, [32, 32, 3], NAMES], each);
    assert.equal([...(data.labels?.train ?? [])], [1, 2, 2, 3, 4, 3, 4, 4, 5, 5, 6], each);
    assert.equal([...(data.labels?.holdout ?? [])], [7, 8, 9, 0], each);
    assert.equal([...data.holdout.subarray(3072, 3078)], [1, 11, 21, 2, 12, 22], each);
  }
  const cut = await importCifar(path, true, { name: 'c', rows: '0:2', holdout: '11:13' });
  assert.equal([...(cut.labels?.train ?? []), ...(cut.labels?.holdout ?? [])], [1, 2, 7, 8]);
});

test('one batch, and a folder in which one is missing', async ({ folder }) => {
  const path = batches(folder);
  const one = await records(await detect(join(path, 'data_batch_2.bin')));
  assert.equal([one.name, one.rows, one.holdoutRows, one.classes?.[9]], ['data_batch_2', 3, 0, '9']);
  fs.rmSync(join(path, 'test_batch.bin'));
  fs.rmSync(join(path, 'batches.meta.txt'));
  const bare = await importCifar(path, false, { name: 'c' });
  assert.equal([bare.rows, bare.holdoutRows, bare.classes?.[0]], [11, 0, '0']);
  fs.rmSync(join(path, 'data_batch_3.bin'));
  await fails(importCifar(path, false, { name: 'c' }), 'DATA', 'cifar-10-batches-bin', /data_batch_3.bin is not in it/);
});

test('archives that are cut off, damaged, or something else', async ({ folder }) => {
  const whole = fs.readFileSync(await archive(folder));
  const read = (name: string, bytes: Uint8Array) => importCifar(folder.put(name, bytes), true, { name: 'c' });
  for (const length of [100, whole.length >> 1, whole.length - 4]) {
    await fails(read('a.tgz', whole.subarray(0, length)), 'DATA', 'a.tgz', /the gzip data end early/);
  }
  const flipped = Uint8Array.from(whole);
  flipped[whole.length - 6] ^= 1;
  await fails(read('b.tgz', flipped), 'DATA', 'b.tgz', /the gzip data are damaged/);
  const tar = fs.readFileSync(await archive(folder, 'plain.tar'));
  await fails(read('c.tar', tar.subarray(0, 10_000)), 'DATA', 'c.tar', /no whole tar archive/);
  const header = Uint8Array.from(tar);
  header[5] ^= 1;
  await fails(read('d.tar', header), 'DATA', 'd.tar', /no whole tar archive/);
  await fails(
    read('e.tgz', gz(new TextEncoder().encode('x,y\n'.repeat(1000)))),
    'DATA',
    'e.tgz',
    /no whole tar|not in it/,
  );
});

test('an entry that claims more than a batch has is not allocated', async ({ folder }) => {
  const tar = Uint8Array.from(fs.readFileSync(await archive(folder, 'plain.tar')));
  const text = new TextDecoder('latin1').decode(tar);
  const at = text.indexOf('cifar-10-batches-bin/data_batch_1.bin');
  tar.set(new TextEncoder().encode('77777777777\0'), at + 124);
  // The checksum of a header: the sum of its bytes, its own eight being blanks.
  tar.set(new TextEncoder().encode('        '), at + 148);
  const sum = tar.subarray(at, at + 512).reduce((a, b) => a + b, 0);
  tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148);
  const path = folder.put('large.tar', tar);
  await fails(importCifar(path, true, { name: 'c' }), 'DATA', 'large.tar', /data_batch_1.bin has 8589934591 bytes/);
});

test.run();
