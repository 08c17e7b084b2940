import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '../..');
export const NODE_UUID = '1be26c0b-03f2-4d2e-ae87-c02d7f33c123';
export const IQN = `iqn.2008-10.org.openstack:${NODE_UUID}`;
export const MAC = '52:54:00:c0:ff:ee';
export const KEY = 'A1B2C3D4E5F6G7H8';

/** Builds the ramdisk (nothing to do when it is current) and returns its folder. */
export async function buildRamdisk(): Promise<string> {
  await execa(process.execPath, [join(ROOT, 'deploy-ramdisk/build.ts'), '--profile', 'full']);
  return join(ROOT, '.cache/ramdisk-full');
}

/** One answer of the fake conductor; 'drop' closes the connection without a word. */
export type Answer =
  | 'drop'
  | { readonly status: number; readonly fault?: string; readonly nonce?: string };
export type Callback = { readonly path: string; readonly body: Readonly<Record<string, string>> };

/** A conductor that answers from a list (the last one again and again) and keeps what it was told. */
export class FakeConductor implements AsyncDisposable {
  readonly callbacks: Callback[] = [];
  readonly #server: Server;
  readonly #answers: Answer[];

  constructor(answers: readonly Answer[]) {
    this.#answers = [...answers];
    this.#server = createServer((request, response) => {
      void this.#keep(request).then(() => {
        const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
        if (answer === undefined || answer === 'drop') return request.socket.destroy();
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        if (answer.nonce !== undefined)
          return response.end(JSON.stringify({ nonce: answer.nonce }));
        return response.end(answer.fault === undefined ? '' : faultBody(answer.fault));
      });
    });
  }

  async #keep(request: IncomingMessage): Promise<void> {
    const body = await new Response(request as never).text();
    this.callbacks.push({ path: request.url ?? '', body: JSON.parse(body) });
  }

  /** Listens on a free port of the loopback; returns the URL as the guest sees it. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://10.0.2.2:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Ironic's error body: JSON inside a string of JSON. */
function faultBody(faultstring: string): string {
  const inner = JSON.stringify({ debuginfo: null, faultcode: 'Client', faultstring });
  return JSON.stringify({ error_message: inner });
}

export type MachineOptions = {
  readonly ramdisk: string;
  readonly apiUrl: string;
  /** QEMU arguments for disks and their controllers. */
  readonly disks: readonly string[];
  readonly nic?: string;
  readonly bootif?: string;
  /** More kernel parameters. */
  readonly append?: string;
};

/** A machine under software emulation whose ports 3260 and 10000 are reached on the loopback. */
export class Machine implements AsyncDisposable {
  readonly #process: ReturnType<typeof startQemu>;
  #isEnded = false;
  readonly #waiting = new Set<() => void>();
  #console = '';
  readonly iscsiPort: number;
  readonly releasePort: number;

  private constructor(options: MachineOptions, iscsiPort: number, releasePort: number) {
    this.iscsiPort = iscsiPort;
    this.releasePort = releasePort;
    this.#process = startQemu(machineArgs(options, iscsiPort, releasePort));
    this.#process.all.on('data', (chunk: Buffer) => {
      this.#console += chunk.toString('latin1');
      for (const wake of this.#waiting) wake();
    });
    void this.#noteEnd();
  }

  static async start(options: MachineOptions): Promise<Machine> {
    return new Machine(options, await freePort(), await freePort());
  }

  get console(): string {
    return this.#console;
  }

  /** Waits for a line on the console. Rejects with the console's end when it does not come. */
  async sees(pattern: RegExp, timeoutMs = 90_000): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const found = pattern.exec(this.#console);
      if (found) return found;
      if (signal.aborted || this.#isEnded)
        throw new Error(`The console never showed ${pattern}:\n${this.#console.slice(-3000)}`);
      await this.#news(signal);
    }
  }

  async #noteEnd(): Promise<void> {
    await this.#process;
    this.#isEnded = true;
    for (const wake of this.#waiting) wake();
  }

  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiting.delete(resolve);
  }

  /** Runs qemu-io commands on the exported LUN; returns what it printed. */
  async onTarget(...commands: readonly string[]): Promise<string> {
    const url = `iscsi://127.0.0.1:${this.iscsiPort}/${IQN}/1`;
    const args = commands.flatMap((command) => ['-c', command]);
    const { all } = await execa('qemu-io', ['-f', 'raw', ...args, url], { all: true });
    return all;
  }

  /** Sends text to port 10000 and returns what came back until the machine closed. */
  async tellRelease(text: string): Promise<string> {
    const socket = connect(this.releasePort, '127.0.0.1');
    socket.write(text);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'close');
    return answer;
  }

  /** Resolves when the machine has reset (QEMU runs with -no-reboot). */
  async ended(): Promise<void> {
    await this.#process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process;
  }
}

function startQemu(args: readonly string[]) {
  return execa('qemu-system-x86_64', args, { reject: false, stdin: 'ignore', all: true });
}

function machineArgs(options: MachineOptions, iscsiPort: number, releasePort: number): string[] {
  const { ramdisk, disks, nic = 'virtio-net-pci', apiUrl } = options;
  const forward = (host: number, guest: number) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`;
  const netdev = `user,id=net,${forward(iscsiPort, 3260)},${forward(releasePort, 10_000)}`;
  const append = [
    'console=ttyS0 selinux=0 disk=cciss/c0d0,sda,hda,vda',
    `iscsi_target_iqn=${IQN} deployment_id=${NODE_UUID} deployment_key=${KEY}`,
    `ironic_api_url=${apiUrl} troubleshoot=0 text nofb nomodeset vga=normal`,
    `BOOTIF=${options.bootif ?? `01-${MAC.replaceAll(':', '-')}`}`,
    options.append ?? '',
  ];
  const plain = '-machine pc,graphics=off,accel=tcg -cpu qemu64 -m 512 -no-reboot -nodefaults';
  return [
    ...`${plain} -nographic -serial stdio`.split(' '),
    ...`-kernel ${join(ramdisk, 'kernel')} -initrd ${join(ramdisk, 'initramfs')}`.split(' '),
    '-append',
    append.join(' ').trim(),
    ...`-netdev ${netdev} -device ${nic},netdev=net,mac=${MAC}`.split(' '),
    ...disks,
  ];
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
