import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { receiptOf, type Receipt } from '../../conductor/deploy/receipt.ts';
import { run } from '../../conductor/process/run.ts';
import type { Node as StoredNode } from '../../conductor/store/types.ts';
import { GIB, MIB } from '../../conductor/values/units.ts';
import { ConductorProcess } from '../../test/faults/conductorProcess.ts';
import { FaultMachine } from '../../test/faults/machine.ts';
import { enroll, timelineOf, untilState } from '../../test/faults/node.ts';
import { makeFleetNetwork } from './fleetNetwork.ts';
import { peakMib, treeOf, usageOf } from './processes.ts';

/** The root partition is as large as the conductor is asked to make it, whatever the image's size. */
const ROOT_GIB = 1;
const DISK_BYTES = ROOT_GIB * GIB + 64 * MIB;
const DEPLOY_TIMEOUT_MS = 3_600_000;

export type DeployFleetOptions = {
  readonly machines: number;
  /** The rate of every link, the conductor's among them; no limit by default. */
  readonly mbit?: number | undefined;
  /** Where disks and the conductor's state go. */
  readonly parent: string;
  /** Holds `root.img`, `kernel` and `ramdisk`. */
  readonly images: string;
  /** Sections of the conductor's configuration. */
  readonly config: Readonly<Record<string, unknown>>;
};

/** What the conductor used for some deploys, and how long they took. */
export type DeployCost = {
  /** From the request of the first to the last one that is active. */
  readonly tookMs: number;
  /** Processor time of the conductor with the programs that it runs. */
  readonly processorMs: number;
  readonly peakMib: number;
  /** What left the conductor's only NIC, headers included. */
  readonly sentBytes: number;
};

/**
 * A conductor as operators run it, and machines that run the deploy ramdisk's own scripts, each in a
 * network namespace, at one switch.
 */
export class DeployFleet implements AsyncDisposable {
  readonly uuids: readonly string[];
  readonly diskPaths: readonly string[];
  readonly #conductor: ConductorProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    conductor: ConductorProcess,
    members: readonly { readonly uuid: string; readonly diskPath: string }[],
    stack: AsyncDisposableStack,
  ) {
    this.#conductor = conductor;
    this.uuids = members.map(({ uuid }) => uuid);
    this.diskPaths = members.map(({ diskPath }) => diskPath);
    this.#stack = stack;
  }

  /** Makes all of it; the nodes are available then. */
  static async make(options: DeployFleetOptions): Promise<DeployFleet> {
    await using stack = new AsyncDisposableStack();
    const { images, config } = options;
    const folder = await mkdtemp(join(options.parent, 'deploys-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const network = stack.use(await makeFleetNetwork(options.machines, options.mbit));
    const { conductor: namespace, conductorAddress: address, host } = network;
    const place = { network: { namespace, address }, config };
    const conductor = stack.use(await ConductorProcess.start(folder, images, place));
    const members = [];
    for (const [index, own] of network.machines.entries()) {
      const diskPath = await makeEmptyDisk(join(folder, `disk-${index}`));
      const machine = await FaultMachine.make({
        diskPath,
        bootUrl: conductor.bootUrl,
        mac: macOf(index),
        place: { ...own, host },
        onUserBoot: async () => {},
      });
      stack.use(machine);
      const uuid = await enroll(conductor, machine, images, timeout());
      members.push({ uuid, diskPath });
    }
    return new DeployFleet(conductor, members, stack.move());
  }

  /** Has all machines deployed at once, by this verb, with these wishes for the instance. */
  async deploy(
    target: 'active' | 'rebuild',
    wishes: Readonly<Record<string, string>> = {},
  ): Promise<DeployCost> {
    const { api, pid } = this.#conductor;
    for (const uuid of this.uuids) await this.#wish(uuid, wishes);
    const before = await this.#usage();
    const beganAtMs = performance.now();
    for (const uuid of this.uuids) await api.put(`/v1/nodes/${uuid}/states/provision`, { target });
    await Promise.all(this.uuids.map((uuid) => this.#untilActive(uuid)));
    const after = await this.#usage();
    return {
      tookMs: performance.now() - beganAtMs,
      processorMs: after.processorMs - before.processorMs,
      sentBytes: after.sentBytes - before.sentBytes,
      peakMib: await peakMib(pid),
    };
  }

  /** Takes all machines back, so that they can be deployed anew. */
  async tearDown(): Promise<void> {
    for (const uuid of this.uuids) {
      await this.#conductor.api.put(`/v1/nodes/${uuid}/states/provision`, { target: 'deleted' });
      await untilState(this.#conductor, uuid, ['available'], timeout());
    }
  }

  /** How long steps of a node's last operation took, by their names, in milliseconds. */
  async stepTimes(uuid: string): Promise<ReadonlyMap<string, number>> {
    const times = new Map<string, number>();
    for (const { kind, data } of await timelineOf(this.#conductor, uuid))
      if (kind === 'step.done') times.set(String(data['step']), Number(data['duration_ms']));
    return times;
  }

  /** What each machine's disk was found to hold. */
  async receipts(): Promise<readonly Receipt[]> {
    const nodes = this.uuids.map(async (uuid) => {
      const { driver_internal_info: driverInternalInfo } = await this.#conductor.api.get<{
        driver_internal_info: StoredNode['driverInternalInfo'];
      }>(`/v1/nodes/${uuid}`);
      const receipt = receiptOf({ driverInternalInfo });
      if (receipt === undefined) throw new Error(`Node ${uuid} has no receipt.`);
      return receipt;
    });
    return Promise.all(nodes);
  }

  /** Compares the root of every disk with the image. @throws IronpxeError COMMAND_FAILED */
  async compareWith(image: string): Promise<void> {
    const { size } = await stat(image);
    for (const disk of this.diskPaths) {
      const { stdout } = await run('sfdisk', ['--json', disk]);
      const table = JSON.parse(stdout) as { partitiontable: { partitions: { start: number }[] } };
      const start = (table.partitiontable.partitions.at(-1)?.start ?? NaN) * 512;
      await run('cmp', [`--bytes=${size}`, `--ignore-initial=0:${start}`, image, disk]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #wish(uuid: string, wishes: Readonly<Record<string, string>>): Promise<void> {
    const patch = Object.entries(wishes).map(([name, value]) => ({
      op: 'add',
      path: `/instance_info/${name}`,
      value,
    }));
    if (patch.length > 0) await this.#conductor.api.patch(`/v1/nodes/${uuid}`, patch);
  }

  async #untilActive(uuid: string): Promise<void> {
    const node = await untilState(this.#conductor, uuid, ['active', 'deploy failed'], timeout());
    if (node.provision_state !== 'active')
      throw new Error(`Node ${uuid} is ${node.provision_state}: ${node.last_error}`);
  }

  async #usage() {
    const { pid } = this.#conductor;
    const { processorMs } = await usageOf(await treeOf(pid));
    return { processorMs, sentBytes: await sentBy(pid) };
  }
}

function timeout(): AbortSignal {
  return AbortSignal.timeout(DEPLOY_TIMEOUT_MS);
}

function macOf(index: number): string {
  return `52:54:00:00:02:${index.toString(16).padStart(2, '0')}`;
}

async function makeEmptyDisk(path: string): Promise<string> {
  await using file = await open(path, 'w');
  await file.truncate(DISK_BYTES);
  return path;
}

/** What left the NIC in the namespace of a process. */
async function sentBy(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/net/dev`, 'utf8');
  return Number(/^\s*eth0:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/)[8]);
}
