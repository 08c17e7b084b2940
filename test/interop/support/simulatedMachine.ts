import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { BootDevice, Driver, PowerState } from '../../../conductor/drivers/types.ts';
import type { DeployInfo, DeployReply, LoaderInfo } from '../../../conductor/deploy/conductor.ts';
import type { NetbootFacts } from '../../../conductor/netboot/facts.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { makeGarbageDisk } from '../../deploy/support/garbageDisk.ts';
import { Tgtd } from '../../iscsi/support/tgtd.ts';
import { deployInfo, parse } from '../../../conductor/api/schemas.ts';
import { HostRamdisk, type MachinePlace } from './hostRamdisk.ts';

/** What a machine does otherwise than a good one; each is something that a real one may do. */
export type Misbehaviour = {
  /** The ramdisk reports this and exports nothing. */
  readonly error?: string;
  /** It never calls back. */
  readonly silent?: boolean;
  /** It calls with this key. */
  readonly key?: string;
  /** Nothing listens on port 10000. */
  readonly noRelease?: boolean;
  /** Shell text for the real ramdisk's scripts, by file. */
  readonly patches?: Readonly<Record<string, string>>;
  /** Switching it fails. */
  readonly powerFails?: Error;
  /** It never comes for its own kernel. */
  readonly neverBoots?: boolean;
  /** Told to install a boot loader, it says this of it. */
  readonly loaderFails?: string;
  /** Its boot device cannot be set to the disk. */
  readonly keepsBootDevice?: Error;
};

export type MachineOptions = {
  readonly mac: Mac;
  readonly diskBytes: number;
  readonly facts: () => NetbootFacts;
  readonly callBack: (info: DeployInfo) => Promise<DeployReply | undefined>;
  readonly reportLoader?: (info: LoaderInfo) => Promise<void>;
  /** Boots the ramdisk's own scripts in a namespace, in place of a bare tgtd as classic ones. */
  readonly realRamdisk?: boolean;
  /** Makes its disk at this path; full of garbage, in a folder of tgtd's own, by default. */
  readonly makeDisk?: (path: string, sizeBytes: number) => Promise<unknown>;
  readonly diskFolder?: string;
  /** Where the real ramdisk's network is; in one of its own by default. */
  readonly place?: MachinePlace;
};

/**
 * A machine without firmware: its power switch boots what the boot facts say, and its "ramdisk"
 * exports a real disk file, full of garbage, through a real tgtd.
 */
export class SimulatedMachine implements AsyncDisposable {
  misbehaviour: Misbehaviour = {};
  power: PowerState = 'power off';
  boots: string[] = [];
  bootDevice: BootDevice = 'pxe';
  callBackAnswers: string[] = [];
  readonly diskPath: string;
  readonly tgtd: Tgtd;
  readonly #options: MachineOptions;
  ramdisk: HostRamdisk | undefined;
  #release: Server | undefined;
  #booting: Promise<void> = Promise.resolve();

  constructor(options: MachineOptions, tgtd: Tgtd, diskPath: string) {
    this.#options = options;
    this.tgtd = tgtd;
    this.diskPath = diskPath;
  }

  static async make(options: MachineOptions): Promise<SimulatedMachine> {
    await using made = new AsyncDisposableStack();
    const tgtd = made.use(await Tgtd.start());
    const diskPath = join(options.diskFolder ?? tgtd.folder, 'disk');
    await (options.makeDisk ?? makeGarbageDisk)(diskPath, options.diskBytes);
    made.move();
    return new SimulatedMachine(options, tgtd, diskPath);
  }

  /** The driver that switches this machine. */
  driver(): Driver {
    const check = () => {
      if (this.misbehaviour.powerFails) throw this.misbehaviour.powerFails;
    };
    return {
      name: 'simulated',
      properties: {},
      supportedBootDevices: ['pxe', 'disk'],
      validate() {},
      powerState: async () => {
        check();
        return this.power;
      },
      setPower: async (_node, target) => {
        check();
        await this.#switchOff();
        this.power = target === 'power off' ? 'power off' : 'power on';
        if (this.power === 'power on') this.#booting = this.#boot();
      },
      bootDevice: async () => ({ device: this.bootDevice, persistent: true }),
      setBootDevice: async (_node, device) => {
        check();
        if (device === 'disk' && this.misbehaviour.keepsBootDevice)
          throw this.misbehaviour.keepsBootDevice;
        this.bootDevice = device;
      },
    };
  }

  /** Exports the disk again after the target went away. */
  async exportDisk(): Promise<void> {
    const iqn = await this.#iqn();
    await this.tgtd.addTarget({ tid: 1, iqn, backingFile: this.diskPath });
  }

  async callBack(more: Partial<DeployInfo> = {}): Promise<void> {
    const facts = await this.#options.facts().bootFactsByMac(this.#options.mac);
    const { deployOptions = '', nodeUuid = '' } = facts ?? {};
    const [, key = ''] = /deployment_key=(\S+)/.exec(deployOptions) ?? [];
    const iqn = `iqn.2008-10.org.openstack:${nodeUuid}`;
    const { host: address, listenPort } = this.tgtd;
    await this.#options.callBack({ address, key, iqn, listenPort, lun: 1, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#switchOff();
    await this.tgtd[Symbol.asyncDispose]();
  }

  async #iqn(): Promise<string> {
    const facts = await this.#options.facts().bootFactsByMac(this.#options.mac);
    return (
      /iscsi_target_iqn=(\S+)/.exec(facts?.deployOptions ?? '')?.[1] ?? 'iqn.2026-11.test:none'
    );
  }

  async #boot(): Promise<void> {
    const facts = await this.#options.facts().bootFactsByMac(this.#options.mac);
    this.boots.push(facts?.label ?? 'nothing');
    if (facts !== undefined) {
      const { nodeUuid } = facts;
      const data = { vendor_class: 'PXEClient:Arch:00000:UNDI:002001' };
      this.#options.facts().observe({ kind: 'dhcp.discover', message: '', nodeUuid, data });
    }
    if (facts?.label === 'deploy' && this.#options.realRamdisk)
      return this.#bootRealRamdisk(facts.deployOptions);
    if (facts?.label === 'deploy') return this.#bootRamdisk(facts.deployOptions);
    if (facts?.label !== 'boot_partition' || this.misbehaviour.neverBoots) return;
    const data = { file: `/${facts.nodeUuid}/ramdisk` };
    const { nodeUuid } = facts;
    this.#options.facts().observe({ kind: 'http.done', message: 'ramdisk', nodeUuid, data });
  }

  async #bootRamdisk(cmdline: string): Promise<void> {
    const { error, silent, key, noRelease } = this.misbehaviour;
    if (silent) return;
    if (error === undefined) {
      await this.tgtd.kill();
      await this.tgtd.start();
      await this.exportDisk();
    }
    if (!noRelease) await this.#listenForRelease(cmdline);
    await this.callBack({
      ...(error !== undefined && { error }),
      ...(key !== undefined && { key }),
    }).then(
      () => this.callBackAnswers.push('accepted'),
      (refusal: unknown) => this.callBackAnswers.push(String(refusal)),
    );
  }

  async #bootRealRamdisk(cmdline: string): Promise<void> {
    const ramdisk = await HostRamdisk.start({
      diskPath: this.diskPath,
      cmdline,
      patches: this.misbehaviour.patches,
      place: this.#options.place,
      answer: async (callback) => {
        const info = parse(deployInfo, callback, 'pass_deploy_info');
        return { status: 202, body: await this.#options.callBack(info) };
      },
      onLeft: (how) => {
        this.#booting = this.#leave(ramdisk, how);
      },
    });
    this.ramdisk = ramdisk;
  }

  async #leave(ramdisk: HostRamdisk, how: string): Promise<void> {
    await ramdisk[Symbol.asyncDispose]();
    this.ramdisk = undefined;
    if (how === 'reboot') await this.#boot();
    else this.power = 'power off';
  }

  /** Settles once a machine that was told to reboot has done so. */
  async settled(): Promise<void> {
    await this.ramdisk?.left;
    await this.#booting;
  }

  /** Power is cut and stays off; nobody is told. */
  async cutPower(): Promise<void> {
    await this.ramdisk?.[Symbol.asyncDispose]();
    this.ramdisk = undefined;
    this.power = 'power off';
  }

  async #listenForRelease(cmdline: string): Promise<void> {
    let installs = / boot_option=local /.test(cmdline);
    this.#release = createServer((socket) => {
      socket.once('data', (word) => {
        if (word.toString() !== 'done') return;
        socket.end('ok\nflushed\n');
        if (installs) {
          installs = false;
          this.#booting = this.#installLoader(cmdline);
          return;
        }
        this.#release?.close();
        this.#release = undefined;
        this.#booting = this.#boot();
      });
    }).listen(10_000, '127.0.0.1');
    await once(this.#release, 'listening');
  }

  /** As the classic ramdisk: the target goes, GRUB comes, and the conductor is told. */
  async #installLoader(cmdline: string): Promise<void> {
    await this.tgtd.kill();
    const [, key = ''] = /deployment_key=(\S+)/.exec(cmdline) ?? [];
    const error = this.misbehaviour.loaderFails ?? '';
    const status = error === '' ? 'SUCCEEDED' : 'FAILED';
    await this.#options.reportLoader?.({ address: this.tgtd.host, key, status, error });
  }

  async #switchOff(): Promise<void> {
    await this.#booting;
    await this.ramdisk?.[Symbol.asyncDispose]();
    this.ramdisk = undefined;
    this.#release?.close();
    this.#release = undefined;
    await this.tgtd.kill();
  }
}
