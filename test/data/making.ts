/** Small files and folders for the tests of data sets, and their failures. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { PhiloxStream } from '../../src/base/philox.ts';
import { type Dataset, isTable } from '../../src/data/dataset.ts';
import { CIFAR_RECORD } from '../../src/data/formats/cifar.ts';
import { type Found, type ImportOptions, importSource } from '../../src/data/formats/index.ts';
import { rejection } from '../support/failure.ts';

/** An IDX file of the given sizes: seeded bytes, or those given. */
export function idx(sizes: readonly number[], values?: readonly number[] | Uint8Array, type = 8): Uint8Array {
  const count = sizes.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(4 + 4 * sizes.length + count);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (type << 8) | sizes.length);
  sizes.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(values ?? random(count), 4 + 4 * sizes.length);
  return bytes;
}

/** Seeded bytes that do not compress. */
export function random(count: number, seed = 1): Uint8Array {
  const stream = new PhiloxStream(seed, 'test/data');
  return Uint8Array.from({ length: count }, () => stream.below(256));
}

/** CIFAR-10 records: image `i` has label (first + i) % 10 and in every plane position + 10 * plane + i. */
export function cifar(count: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(count * CIFAR_RECORD);
  for (let i = 0; i < count; i++) {
    bytes[i * CIFAR_RECORD] = (first + i) % 10;
    for (let k = 0; k < CIFAR_RECORD - 1; k++) bytes[i * CIFAR_RECORD + 1 + k] = (k % 1024) + 10 * (k >> 10) + i;
  }
  return bytes;
}

export const gz = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

/** A folder for one test. */
export class Folder {
  readonly path = fs.mkdtempSync(join(tmpdir(), 'veilgan-test-data-'));

  /** Writes a file and returns its path. */
  put(name: string, content: Uint8Array | string): string {
    const path = join(this.path, name);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, content);
    return path;
  }

  files(): string[] {
    return (fs.readdirSync(this.path, { recursive: true, withFileTypes: true }) as fs.Dirent[])
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  }

  remove(): void {
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}

/** Code, place and message of a failure. */
export async function fails(
  promise: Promise<unknown>,
  code: string,
  where: string | RegExp,
  message: RegExp,
): Promise<void> {
  const error = await rejection(promise);
  assert.is(error.code, code, error.line());
  if (typeof where === 'string') assert.is(error.where, where, error.line());
  else assert.match(error.where, where);
  assert.match(error.message, message);
}

/** What a source holds, where that is no table of mixed types. */
export async function records(source: Found, options: ImportOptions = {}): Promise<Dataset> {
  const data = await importSource(source, options);
  if (isTable(data)) throw new Error(`${source.path} was read as a table`);
  return data;
}
