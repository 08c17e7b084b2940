import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetbootOptions } from '../../../conductor/netboot/start.ts';
import { ip } from './dhcp.ts';
import type { TestMachine } from './memoryFacts.ts';
import { TestNamespace, type Running } from './netns.ts';

const SERVER_SCRIPT = join(import.meta.dirname, 'serverProcess.ts');

export const NETBOOT_OPTIONS: NetbootOptions & {
  readonly dhcp: NonNullable<NetbootOptions['dhcp']>;
} = {
  dhcp: {
    listenAddress: ip('0.0.0.0'),
    serverAddress: ip('192.0.2.1'),
    unknownMachines: 'answer',
    subnets: [
      {
        cidr: '192.0.2.0/24',
        rangeStart: ip('192.0.2.10'),
        rangeEnd: ip('192.0.2.13'),
        dns: [],
        leaseSeconds: 600,
      },
    ],
  },
  tftp: { listenAddress: ip('192.0.2.1') },
  http: { listenAddress: ip('192.0.2.1'), listenPort: 8080 },
};

/** A namespace with a bridge at 192.0.2.1 on which the netboot services run, and a folder for files. */
export class Bench implements AsyncDisposable {
  readonly namespace: TestNamespace;
  readonly folder: string;
  readonly #clients: TestNamespace[] = [];

  private constructor(namespace: TestNamespace, folder: string) {
    this.namespace = namespace;
    this.folder = folder;
  }

  static async make(label: string): Promise<Bench> {
    const namespace = await TestNamespace.make(label);
    const bench = new Bench(namespace, await mkdtemp(join(tmpdir(), 'ironpxe-netboot-')));
    for (const command of [
      'link add br0 type bridge',
      'addr add 192.0.2.1/24 dev br0',
      'link set br0 up',
      'tuntap add tap0 mode tap',
      'link set tap0 master br0 up',
    ])
      await namespace.ip(command);
    return bench;
  }

  /** Writes a file into the folder; its path. */
  async file(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  /**
   * Starts the services; resolves when they serve. Their output is a JSON line per event. Leases are in
   * memory, or in the database at a path.
   */
  async serve(
    options: NetbootOptions,
    machines: readonly TestMachine[],
    databasePath?: string,
  ): Promise<Running> {
    const wish = JSON.stringify({ options, machines, databasePath });
    const server = this.namespace.start(process.execPath, [SERVER_SCRIPT, wish], 600_000);
    await server.output.waitFor(/"ready":true/);
    return server;
  }

  /** A namespace whose eth0 is plugged into the bridge. */
  async client(label: string, mac: string): Promise<TestNamespace> {
    const client = await TestNamespace.make(label);
    this.#clients.push(client);
    await this.namespace.ip(`link add v-${label} type veth peer name eth0 netns ${client.name}`);
    await this.namespace.ip(`link set v-${label} master br0 up`);
    await client.ip(`link set eth0 address ${mac} up`);
    return client;
  }

  /**
   * A machine on tap0 that boots from the network, by BIOS unless told otherwise; its output is its
   * serial console. `more` are arguments of QEMU, each an option with its value.
   */
  machine(
    mac: string,
    timeoutMs: number,
    { uefi = false, more = [] }: { uefi?: boolean; more?: readonly string[] } = {},
  ): Running {
    // A card without a ROM of its own: it is UEFI firmware that boots from it then.
    const card = `virtio-net-pci,netdev=net0,mac=${mac},bootindex=1${uefi ? ',romfile=' : ''}`;
    const args = [
      uefi ? '-machine q35 -m 512' : '-machine pc,graphics=off -m 256',
      '-cpu qemu64 -accel tcg,thread=multi -nodefaults -no-reboot',
      '-display none -monitor none -serial stdio',
      '-netdev tap,id=net0,ifname=tap0,script=no,downscript=no',
      `-device ${card}`,
      ...more,
    ].flatMap((line) => line.split(' '));
    return this.namespace.start('qemu-system-x86_64', args, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.namespace[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}
