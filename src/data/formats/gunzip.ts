/** Bytes that may be gzipped, unpacked to the size that their own header claims and no further. Runs in pages too. */
import { VeilganError } from '../../base/errors.ts';
import { allocate } from './images.ts';

/** The highest ratio that deflate reaches, whatever the data (zlib's technical details: 1032 to 1). */
const DEFLATE_MOST = 1032;
const HEAD = 16;

/** Whether bytes begin as a gzip file does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

const grouped = (n: number) => n.toLocaleString('en-US');

function wrongSize(file: string, claimed: number, found: number, what: string): VeilganError {
  const more = found > claimed;
  const message = more
    ? `${what} end at byte ${grouped(claimed)} by the header, but more bytes follow`
    : `the file ends early: its header claims ${grouped(claimed)} bytes, and there are ${grouped(found)}`;
  return new VeilganError('DATA', message, {
    where: `${file}, byte ${Math.min(claimed, found)}`,
    fix: more ? 'Check that this is the file that it is named for.' : 'Get the file again: this copy was cut off.',
  });
}

/** What a decompressor's failure means; its wording differs between engines. */
function damaged(file: string, cause: unknown, at: number): VeilganError {
  const early = /unexpected end|truncat|incomplete/i.test(cause instanceof Error ? cause.message : '');
  const message = early ? 'the gzip data end early' : 'the gzip data are damaged';
  return new VeilganError('DATA', `${message}, ${grouped(at)} bytes into what they hold`, {
    where: file,
    fix: 'Get the file again: this copy was cut off or changed.',
    cause,
  });
}

/**
 * The content of `bytes`, unpacked where they are gzip.
 * @param sizeOf the whole size that the first bytes (16, or all where there are fewer) claim; throws what is wrong there
 * @param what the content in words: `the images`
 * @throws VeilganError DATA when it is shorter or longer than claimed, or the gzip data are cut off or damaged;
 * OVER_LIMIT, OUT_OF_MEMORY. A claim that the bytes cannot hold is refused before anything is allocated.
 */
export async function unpack(
  bytes: Uint8Array,
  file: string,
  what: string,
  sizeOf: (head: Uint8Array) => number,
): Promise<Uint8Array> {
  if (!isGzip(bytes)) {
    const size = sizeOf(bytes.subarray(0, HEAD));
    if (bytes.length !== size) throw wrongSize(file, size, bytes.length, what);
    return bytes;
  }
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const reader = source.getReader();
  let done = 0;
  const next = async () => {
    try {
      return (await reader.read()).value;
    } catch (cause) {
      throw damaged(file, cause, done);
    }
  };
  try {
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < HEAD) {
      const chunk = await next();
      if (!chunk) break;
      const joined = new Uint8Array(head.length + chunk.length);
      joined.set(head);
      joined.set(chunk, head.length);
      head = joined;
      done = head.length;
    }
    const size = sizeOf(head.subarray(0, HEAD));
    if (size > DEFLATE_MOST * bytes.length) {
      const message = `the header claims ${grouped(size)} bytes, more than ${grouped(bytes.length)} bytes of gzip hold`;
      throw new VeilganError('DATA', message, { where: file, fix: 'Get the file again: this copy is damaged.' });
    }
    if (head.length > size) throw wrongSize(file, size, head.length, what);
    const all = allocate(size, file);
    all.set(head);
    for (let chunk = await next(); chunk; chunk = await next()) {
      if (done + chunk.length > size) throw wrongSize(file, size, done + chunk.length, what);
      all.set(chunk, done);
      done += chunk.length;
    }
    if (done < size) throw wrongSize(file, size, done, what);
    return all;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
