/** One attempt to bring a file over HTTP. Node only; `download.ts` tries again and elsewhere. */
import { open, rm, stat } from 'node:fs/promises';

/** Why a mirror did not give the file; `final` when asking it again is no use. */
export class MirrorError extends Error {
  readonly final: boolean;

  constructor(message: string, final = false) {
    super(message);
    this.final = final;
  }
}

export interface TransferOptions {
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
  stallMs?: number;
}

/** Statuses that may pass: timeouts, too many requests, trouble behind a gateway. */
const passing = (status: number) => status === 408 || status === 429 || status >= 500;

/** Where the body begins in the file. @throws MirrorError where it is not the file that is asked for */
function startOf(response: Response, have: number, bytes: number): number {
  const { status, headers } = response;
  if (status !== 200 && status !== 206) {
    throw new MirrorError(`HTTP ${status} ${response.statusText}`.trim(), !passing(status));
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw new MirrorError(`it sends the file re-encoded (${encoding})`, true);
  if (status === 200) {
    const length = headers.get('content-length');
    if (length !== null && Number(length) !== bytes) {
      throw new MirrorError(`it has a file of ${length} bytes instead of ${bytes}`, true);
    }
    return 0;
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (range?.[2] !== undefined && range[2] !== '*' && Number(range[2]) !== bytes) {
    throw new MirrorError(`it has a file of ${range[2]} bytes instead of ${bytes}`, true);
  }
  if (Number(range?.[1]) !== have) throw new MirrorError('it sends another part than it was asked for', true);
  return have;
}

/** What went wrong on the way, in few words. */
function networkError(error: unknown, stalled: boolean, stallMs: number): unknown {
  if (error instanceof MirrorError) return error;
  if (stalled) return new MirrorError(`nothing came for ${stallMs / 1000} s`);
  // The disk's errors are not the mirror's.
  if (['open', 'write', 'ftruncate', 'fsync'].includes(String((error as NodeJS.ErrnoException).syscall))) return error;
  const cause = (error as { cause?: unknown }).cause;
  const why = cause instanceof Error ? cause : error;
  const code = (why as NodeJS.ErrnoException).code;
  const message = (why instanceof Error && why.message) || String(error);
  return new MirrorError(code && !message.includes(code) ? `${message} (${code})` : message);
}

/**
 * Brings what is missing of a file of `bytes` bytes into `part`: from where it ends, or anew where the server does not
 * continue files.
 * @throws MirrorError; what the disk throws; whatever an aborted `signal` leads to
 */
export async function transfer(url: URL, part: string, bytes: number, options: TransferOptions): Promise<void> {
  const { stallMs = 30_000, onProgress } = options;
  let have = (await stat(part).catch(() => undefined))?.size ?? 0;
  if (have > bytes) {
    await rm(part);
    have = 0;
  }
  const stall = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(), stallMs);
  };
  try {
    alive();
    const response = await fetch(url, {
      // Not compressed on the way: ranges count bytes of what is sent.
      headers: { 'accept-encoding': 'identity', ...(have > 0 ? { range: `bytes=${have}-` } : {}) },
      signal: options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal,
    });
    let at: number;
    try {
      at = startOf(response, have, bytes);
      if (!response.body) throw new MirrorError('it sends nothing');
    } catch (error) {
      await response.body?.cancel();
      if (response.status !== 416) throw error;
      // What is there cannot be continued.
      await rm(part, { force: true });
      throw new MirrorError('it could not continue the file');
    }
    const file = await open(part, at > 0 ? 'a' : 'w');
    try {
      onProgress?.(at);
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        if (at + chunk.length > bytes) {
          await file.truncate(0);
          throw new MirrorError(`it sends more than the ${bytes} bytes of the file`, true);
        }
        await file.appendFile(chunk);
        at += chunk.length;
        onProgress?.(at);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (at < bytes) throw new MirrorError(`the connection ended after ${at} of ${bytes} bytes`);
  } catch (error) {
    throw networkError(error, stall.signal.aborted, stallMs);
  } finally {
    clearTimeout(timer);
  }
}
