import dgram from 'node:dgram';
import { once } from 'node:events';

/** A bare TFTP client for tests: it says what it is told to, and waits for what comes. */
export class RawTftpClient implements AsyncDisposable {
  readonly socket = dgram.createSocket('udp4');
  /** The server's port for this transfer, known after the first answer. */
  transferPort = 0;
  readonly #inbox: Buffer[] = [];
  readonly #server: number;
  #wake = Promise.withResolvers<void>();

  constructor(serverPort: number) {
    this.#server = serverPort;
    this.socket.on('message', (bytes, from) => {
      this.transferPort = from.port;
      this.#inbox.push(bytes);
      this.#wake.resolve();
    });
  }

  async request(fileName: string, options: Readonly<Record<string, string>> = {}): Promise<void> {
    const words = [fileName, 'octet', ...Object.entries(options).flat()];
    await this.say(
      Buffer.from(`\0\x01${words.map((word) => `${word}\0`).join('')}`, 'latin1'),
      this.#server,
    );
  }

  async ack(block: number): Promise<void> {
    await this.say(Buffer.of(0, 4, (block >> 8) & 255, block & 255), this.transferPort);
  }

  async say(bytes: Buffer, toPort: number): Promise<void> {
    await new Promise<void>((resolve) =>
      this.socket.send(bytes, toPort, '127.0.0.1', () => resolve()),
    );
  }

  /** The next datagram. */
  async next(): Promise<Buffer> {
    for (;;) {
      const bytes = this.#inbox.shift();
      if (bytes !== undefined) return bytes;
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }
}
