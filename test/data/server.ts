/** A server on the loopback address that serves files well or badly. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request gets; `range` is the byte that it asks to begin at. */
export type Answer = (response: ServerResponse, range: number | undefined, request: IncomingMessage) => void;

export class Mirror {
  readonly #server: Server;
  /** `NAME` or `NAME from BYTE`, in the order of the requests. */
  readonly asked: string[] = [];
  answer: Answer;
  readonly url: string;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files/`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
      const name = (request.url ?? '').replace(/^.*\//, '');
      this.asked.push(range === undefined ? name : `${name} from ${range}`);
      this.answer(response, range === undefined ? undefined : Number(range), request);
    });
  }

  static async start(answer: Answer): Promise<Mirror> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Mirror(server, answer);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Serves `bytes` as it should be, ranges included. */
export const whole =
  (bytes: Uint8Array): Answer =>
  (response, range) => {
    if (range === undefined) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    } else if (range >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    } else {
      const headers = { 'content-range': `bytes ${range}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(206, { ...headers, 'content-length': bytes.length - range }).end(bytes.subarray(range));
    }
  };

/** As `whole`, but the connection breaks after `count` bytes of a body. */
export const cut =
  (bytes: Uint8Array, count: number): Answer =>
  (response, range) => {
    const from = range ?? 0;
    const headers: Record<string, string | number> = { 'content-length': bytes.length - from };
    if (range !== undefined) headers['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(range === undefined ? 200 : 206, headers);
    response.write(bytes.subarray(from, from + count), () => setTimeout(() => response.destroy(), 20));
  };

/** As `whole`, without ranges. */
export const unranged =
  (bytes: Uint8Array): Answer =>
  (response) => {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  };

export const status =
  (code: number): Answer =>
  (response) => {
    response.writeHead(code).end('<html>no</html>');
  };
