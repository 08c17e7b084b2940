import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Cloud } from '../../../../image-tools/glance/cloud.ts';

type Fields = Record<string, unknown> & { id: string };

/** What happens to a request in place of the right answer; `undefined`: the right answer. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  /** Answers before the content was read, as a quota does. */
  | { readonly earlyStatus: number }
  /** Breaks the connection once so many bytes of the content arrived or were sent. */
  | { readonly breakAtBytes: number }
  /** Takes no notice at all. */
  | 'silent';

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly range: string;
};

/** A scripted Keystone and Glance in one, on loopback, for faults that the real ones do not have. */
export class FakeCloud implements AsyncDisposable {
  readonly images = new Map<string, Fields>();
  readonly content = new Map<string, Buffer>();
  readonly seen: Seen[] = [];
  /** The bodies of log-ins. */
  readonly logIns: unknown[] = [];
  fault: (request: Seen) => Fault | undefined = () => undefined;
  /** Stored in place of the true SHA-512. */
  wrongHash: string | undefined;
  tokenLifeMs = 3_600_000;
  hasImageEndpoint = true;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #tokens = 0;

  static async start(): Promise<FakeCloud> {
    const cloud = new FakeCloud();
    cloud.#server.listen(0, '127.0.0.1');
    await once(cloud.#server, 'listening');
    return cloud;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get cloud(): Cloud {
    const demo = { name: 'demo', domain: { name: 'Default' } };
    const credentials = { kind: 'password', user: demo, password: 'pw', project: demo } as const;
    return { authUrl: this.url, credentials, stallTimeoutMs: 2_000 };
  }

  /** Adds an image with content, as if it had been uploaded. */
  add(fields: Readonly<Record<string, unknown>>, content: Buffer): string {
    const id = randomUUID();
    this.images.set(id, {
      id,
      ...this.#described(content),
      disk_format: 'raw',
      container_format: 'bare',
      ...fields,
    });
    this.content.set(id, content);
    return id;
  }

  count(method: string, path: RegExp): number {
    return this.seen.filter((one) => one.method === method && path.test(one.path)).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const token = String(headers['x-auth-token'] ?? '');
    const seen = { method, path, token, range: headers.range ?? '' };
    this.seen.push(seen);
    request.on('error', () => {});
    const fault = this.fault(seen);
    if (fault === 'silent') return;
    if (fault && 'earlyStatus' in fault) {
      send(response, fault.earlyStatus, { message: 'over quota' });
      return;
    }
    if (fault && 'breakAtBytes' in fault && method === 'PUT') {
      await breakAt(request, fault.breakAtBytes);
      return;
    }
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return;
    if (fault && 'status' in fault) {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
      return;
    }
    const breakAtBytes = fault?.breakAtBytes;
    if (path === '/v3/auth/tokens') this.#logIn(body, response);
    else if (token !== `token-${this.#tokens}`) send(response, 401, { message: 'no such token' });
    else this.#glance(seen, body, response, breakAtBytes);
  }

  #logIn(body: Buffer, response: ServerResponse): void {
    this.logIns.push(JSON.parse(body.toString()));
    this.#tokens += 1;
    const endpoints = [{ interface: 'public', region_id: 'one', url: `${this.url}/image/` }];
    const catalog = this.hasImageEndpoint ? [{ type: 'image', endpoints }] : [];
    const expiresAt = new Date(Date.now() + this.tokenLifeMs).toISOString();
    response.setHeader('x-subject-token', `token-${this.#tokens}`);
    send(response, 201, { token: { expires_at: expiresAt, project: { id: 'p1' }, catalog } });
  }

  #glance(
    { method, path, range }: Seen,
    body: Buffer,
    response: ServerResponse,
    breakAtBytes?: number,
  ): void {
    const url = new URL(path, this.url);
    const id = /^\/image\/v2\/images\/([^/]+)/.exec(url.pathname)?.[1];
    if (method === 'POST') this.#create(JSON.parse(body.toString()), response);
    else if (id === undefined) send(response, 200, { images: this.#list(url.searchParams) });
    else if (!this.images.has(id)) send(response, 404, { message: `no image ${id}` });
    else if (method === 'PUT') this.#store(id, body, response);
    else if (method === 'PATCH') this.#patch(id, JSON.parse(body.toString()), response);
    else if (method === 'DELETE') {
      this.images.delete(id);
      response.writeHead(204).end();
    } else if (url.pathname.endsWith('/file')) this.#download(id, range, response, breakAtBytes);
    else send(response, 200, this.images.get(id));
  }

  #create(fields: Fields, response: ServerResponse): void {
    const image = { ...fields, id: fields.id ?? randomUUID(), status: 'queued' };
    this.images.set(image.id, image);
    send(response, 201, image);
  }

  #list(wanted: URLSearchParams): Fields[] {
    const conditions = [...wanted].filter(([key]) => key !== 'limit' && key !== 'owner');
    return [...this.images.values()].filter((image) =>
      conditions.every(([key, value]) => image[key] === value),
    );
  }

  #store(id: string, body: Buffer, response: ServerResponse): void {
    this.content.set(id, body);
    Object.assign(this.images.get(id) ?? {}, this.#described(body));
    response.writeHead(204).end();
  }

  #described(body: Buffer) {
    const digest = (algorithm: string) => createHash(algorithm).update(body).digest('hex');
    return {
      status: 'active',
      size: body.length,
      checksum: digest('md5'),
      os_hash_algo: 'sha512',
      os_hash_value: this.wrongHash ?? digest('sha512'),
    };
  }

  #patch(
    id: string,
    changes: readonly { path: string; value: string }[],
    response: ServerResponse,
  ): void {
    const image = this.images.get(id);
    for (const { path, value } of changes) Object.assign(image ?? {}, { [path.slice(1)]: value });
    send(response, 200, image);
  }

  #download(id: string, range: string, response: ServerResponse, breakAtBytes?: number): void {
    const whole = this.content.get(id) ?? Buffer.alloc(0);
    const start = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    const part = whole.subarray(start);
    response.writeHead(range === '' ? 200 : 206, {
      'content-length': part.length,
      ...(range !== '' && {
        'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}`,
      }),
    });
    if (breakAtBytes === undefined) response.end(part);
    else
      response.write(part.subarray(0, breakAtBytes), () => setImmediate(() => response.destroy()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function breakAt(request: IncomingMessage, bytes: number): Promise<void> {
  let arrived = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    arrived += chunk.length;
    if (arrived >= bytes) break;
  }
  request.destroy();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
