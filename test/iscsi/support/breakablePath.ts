import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** A TCP path to a listen port of loopback that can break as a pulled cable does: for one side. */
export class BreakablePath implements AsyncDisposable {
  listenPort = 0;
  /** How many connections were made to the far end. */
  farEnds = 0;
  readonly #server: Server;
  readonly #near = new Set<Socket>();
  readonly #far = new Set<Socket>();

  constructor(farListenPort: number) {
    this.#server = createServer((near) => {
      const far = createConnection(farListenPort, '127.0.0.1');
      this.farEnds++;
      this.#near.add(near);
      this.#far.add(far);
      near.on('error', () => {}).on('data', (chunk: Buffer) => far.write(chunk));
      far.on('error', () => {}).on('data', (chunk: Buffer) => near.write(chunk));
      far.once('close', () => near.destroy());
    });
  }

  static async start(farListenPort: number): Promise<BreakablePath> {
    const path = new BreakablePath(farListenPort);
    path.#server.listen(0, '127.0.0.1');
    await once(path.#server, 'listening');
    const address = path.#server.address();
    if (address !== null && typeof address !== 'string') path.listenPort = address.port;
    return path;
  }

  /** The near end sees its connections go; the far end sees nothing. */
  breakNearEnd(): void {
    for (const socket of this.#near) socket.destroy();
    this.#near.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.breakNearEnd();
    for (const socket of this.#far) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
