import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const KEY = Buffer.from(SECRET.slice('whsec_'.length), 'base64');

/** One post. */
export type Got = {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly type: string;
  readonly message: string;
  readonly eventId: number;
  /** Whether the signature is good. */
  readonly genuine: boolean;
};

/** Answers a post; 204 by default. */
export type Answer = (response: ServerResponse, got: Got) => void;

/** A receiver of webhooks on loopback. */
export class Receiver implements AsyncDisposable {
  readonly all: Got[] = [];
  readonly #emitter = new EventEmitter();
  readonly #server = createServer((request, response) => void this.#take(request, response));
  answer: Answer = (response) => response.writeHead(204).end();

  /** Listens on `listenPort`, or on one that is free. */
  static async start(listenPort = 0): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(listenPort, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get listenPort(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.listenPort}/hook?token=in-the-url`;
  }

  /** Waits until `enough` of what was posted. */
  async until(enough: (all: readonly Got[]) => boolean): Promise<readonly Got[]> {
    const signal = AbortSignal.timeout(90_000);
    const posts = on(this.#emitter, 'post', { signal });
    if (enough(this.all)) return this.all;
    for await (const _ of posts) if (enough(this.all)) break;
    return this.all;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const { type, data } = JSON.parse(body);
    const got: Got = {
      id: String(request.headers['webhook-id']),
      headers: request.headers,
      type,
      message: data.message,
      eventId: data.event_id,
      genuine: isGenuine(request.headers, body),
    };
    this.all.push(got);
    this.answer(response, got);
    this.#emitter.emit('post');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** As a receiver checks it: Standard Webhooks, written apart from what is tested. */
function isGenuine(headers: IncomingHttpHeaders, body: string): boolean {
  const timestamp = String(headers['webhook-timestamp']);
  const mac = createHmac('sha256', KEY).update(`${String(headers['webhook-id'])}.${timestamp}.`);
  const wanted = Buffer.from(`v1,${mac.update(body).digest('base64')}`);
  const found = Buffer.from(String(headers['webhook-signature']));
  const isNew = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
  return isNew && found.length === wanted.length && timingSafeEqual(found, wanted);
}
