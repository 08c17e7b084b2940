import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, HostRamdisk, type MachinePlace } from '../interop/support/hostRamdisk.ts';

export const MAC = '52:54:00:00:00:01';
const RETRY_MS = 200;

export type FaultMachineOptions = {
  readonly diskPath: string;
  readonly bootUrl: string;
  /** Shell text before each command of the ramdisk. */
  readonly hook?: string;
  /** {@link MAC} by default. */
  readonly mac?: string;
  /** The network that it is plugged into; in one of its own by default. */
  readonly place?: MachinePlace;
  /** Called before the user's system would start. */
  readonly onUserBoot: () => Promise<void>;
};

/**
 * A machine without firmware. Its power is switched through the web hook of the driver `manual`, it
 * asks for its boot files over HTTP as pxelinux names them, and it runs the ramdisk's own scripts.
 */
export class FaultMachine implements AsyncDisposable {
  /** Labels of what it booted. */
  readonly boots: string[] = [];
  /** Bytes that the host sent to it, by boot of the ramdisk; where the network is its own. */
  readonly wireBytes: number[] = [];
  ramdisk: HostRamdisk | undefined;
  /** What went wrong in it, if anything. */
  error: unknown;
  readonly mac: string;
  readonly #options: FaultMachineOptions;
  readonly #server: Server;
  /** Aborted when the power goes. */
  #power: AbortController | undefined;
  #booting: Promise<void> = Promise.resolve();

  private constructor(options: FaultMachineOptions) {
    this.#options = options;
    this.mac = options.mac ?? MAC;
    this.#server = createServer((request, response) => {
      void (async () => {
        const { target } = (await new Response(request as never).json()) as { target: string };
        await this.#switchTo(target);
        response.writeHead(204).end();
      })();
    });
  }

  static async make(options: FaultMachineOptions): Promise<FaultMachine> {
    const machine = new FaultMachine(options);
    machine.#server.listen(0, machine.#hookHost);
    await once(machine.#server, 'listening');
    return machine;
  }

  get #hookHost(): string {
    return this.#options.place?.host ?? '127.0.0.1';
  }

  get driverInfo(): Readonly<Record<string, string>> {
    const address = this.#server.address();
    const listenPort = typeof address === 'object' ? address?.port : '';
    return { manual_webhook_url: `http://${this.#hookHost}:${listenPort}/` };
  }

  /** The power goes: no connection ends, there is only silence. Nobody is told. */
  async cutPower(): Promise<void> {
    await this.ramdisk?.unplug();
    await this.#off();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#off();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #switchTo(target: string): Promise<void> {
    await this.#off();
    if (target !== 'power off') this.#on();
  }

  #on(): void {
    const power = new AbortController();
    this.#power = power;
    this.#booting = this.#boot(power.signal).catch((error: unknown) => {
      if (!power.signal.aborted) this.error = error;
    });
  }

  async #off(): Promise<void> {
    this.#power?.abort();
    await this.#booting;
    await this.#endRamdisk();
  }

  async #endRamdisk(): Promise<void> {
    const { ramdisk } = this;
    this.ramdisk = undefined;
    if (ramdisk === undefined) return;
    if (!this.#options.place) this.wireBytes.push(await sentTo(ramdisk.network));
    await ramdisk[Symbol.asyncDispose]();
  }

  async #boot(signal: AbortSignal): Promise<void> {
    const config = await this.#fetch(`pxelinux.cfg/01-${this.mac.replaceAll(':', '-')}`, signal);
    const [, label = ''] = /^default (\S+)$/m.exec(config) ?? [];
    const [, kernel = '', ramdisk = '', options = ''] =
      new RegExp(`^label ${label}\nkernel (\\S+)\nappend initrd=(\\S+) ?(.*)$`, 'm').exec(config) ??
      [];
    this.boots.push(label);
    if (label === 'boot_partition') await this.#options.onUserBoot();
    await this.#fetch(kernel, signal);
    await this.#fetch(ramdisk, signal);
    if (label === 'deploy') await this.#startRamdisk(options, signal);
  }

  async #startRamdisk(cmdline: string, signal: AbortSignal): Promise<void> {
    const { diskPath, hook, place } = this.#options;
    const [, uuid = ''] = /deployment_id=(\S+)/.exec(cmdline) ?? [];
    const ramdisk = await HostRamdisk.start({
      diskPath,
      cmdline: cmdline.replace(/ironic_api_url=\S+ ?/, ''),
      ...(hook !== undefined && { beforeCommand: hook }),
      place,
      answer: (body) => this.#callBack(uuid, body),
      onLeft: (how) => void this.#leave(ramdisk, how),
    });
    if (signal.aborted) return ramdisk[Symbol.asyncDispose]();
    this.ramdisk = ramdisk;
    return undefined;
  }

  /** The provisioning network leads to the conductor, as long as one is there. */
  async #callBack(uuid: string, body: object): Promise<Answer> {
    const path = `/v1/nodes/${uuid}/vendor_passthru/pass_deploy_info`;
    const answer = await fetch(this.#options.bootUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined);
    if (answer === undefined) return { status: 503 };
    return { status: answer.status, body: await answer.json().catch(() => undefined) };
  }

  async #leave(ramdisk: HostRamdisk, how: string): Promise<void> {
    if (this.ramdisk !== ramdisk) return;
    await this.#endRamdisk();
    if (how === 'reboot') this.#on();
  }

  /** Firmware asks again while nobody answers. */
  async #fetch(name: string, signal: AbortSignal): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      const answer = await fetch(`${this.#options.bootUrl}/${name}`).catch(() => undefined);
      if (answer?.ok) return answer.text();
      await sleep(RETRY_MS, undefined, { signal });
    }
  }
}

async function sentTo(network: string): Promise<number> {
  return Number(await readFile(`/sys/class/net/${network}/statistics/tx_bytes`, 'utf8'));
}
