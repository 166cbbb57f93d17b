/** The other side of launch.ts: process.stderr on the descriptor that is the user's stderr, leaving 2 to native code. */
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { isatty, WriteStream } from 'node:tty';

/** Names the descriptor, in the environment of the process that launch.ts starts. */
export const OWN_STDERR = 'VEILGAN_STDERR_FD';

/** A stream on an open descriptor, as Node makes one for its own stderr. @throws Error where it is not open */
function streamOn(fd: number): Writable {
  if (isatty(fd)) {
    const terminal = new WriteStream(fd) as WriteStream & { _refreshSize?(): void };
    // Node does this for its own streams only.
    process.on('SIGWINCH', () => terminal._refreshSize?.());
    return terminal;
  }
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd, readable: false, writable: true });
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      writeSync(fd, chunk);
      done();
    },
  });
}

/** Puts process.stderr where launch.ts says; without it, stderr stays what it is. */
export function useOwnStderr(): void {
  const fd = process.env[OWN_STDERR];
  delete process.env[OWN_STDERR];
  if (fd !== '3') return;
  try {
    const stream = Object.assign(streamOn(3), { fd: 3 });
    Object.defineProperty(process, 'stderr', { configurable: true, enumerable: true, get: () => stream });
  } catch {
    // Whoever set the variable did not pass the descriptor.
  }
}
