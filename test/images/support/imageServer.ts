import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with the n-th request (counted from 0). */
export type Behaviour = {
  /** Breaks the connection after so many bytes of the body. */
  readonly breakAfterBytes?: number;
  readonly status?: number;
  /** Ends the body early although the length said more. */
  readonly stall?: boolean;
};

export type Seen = { readonly method: string; readonly headers: IncomingMessage['headers'] };

/** An HTTP server on loopback with one image and faults to order. */
export class ImageServer implements AsyncDisposable {
  content: Buffer;
  etag: string | undefined = '"v1"';
  ranges = true;
  tellsLength = true;
  /** What it says instead of the true length. */
  claimedLength: number | undefined;
  readonly seen: Seen[] = [];
  behave: (request: number) => Behaviour = () => ({});
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(content: Buffer) {
    this.content = content;
  }

  static async start(content: Buffer): Promise<ImageServer> {
    const server = new ImageServer(content);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  url(path = '/image'): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const behaviour = this.behave(this.seen.length);
    const { headers, method = '' } = request;
    this.seen.push({ method, headers });
    if (behaviour.status !== undefined) {
      response.writeHead(behaviour.status).end('no');
      return;
    }
    if (this.etag !== undefined && headers['if-none-match'] === this.etag) {
      response.writeHead(304).end();
      return;
    }
    this.#send(headers, response, behaviour);
  }

  #send(headers: IncomingMessage['headers'], response: ServerResponse, behaviour: Behaviour): void {
    const total = this.content.length;
    const wanted = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    const partial = this.ranges && wanted !== undefined && headers['if-range'] === this.etag;
    const start = partial ? Number(wanted) : 0;
    const body = this.content.subarray(start);
    response.writeHead(partial ? 206 : 200, {
      ...(this.etag !== undefined && { etag: this.etag }),
      ...(this.tellsLength && { 'content-length': this.claimedLength ?? body.length }),
      ...(partial && { 'content-range': `bytes ${start}-${total - 1}/${total}` }),
    });
    const { breakAfterBytes, stall } = behaviour;
    if (breakAfterBytes === undefined) response.end(body);
    else
      response.write(body.subarray(0, breakAfterBytes), () => {
        if (!stall) setImmediate(() => response.destroy());
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
