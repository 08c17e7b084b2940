import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../../conductor/config/load.ts';
import type { Admission } from '../../../conductor/deploy/admission/admission.ts';
import { createConductor, type RunningConductor } from '../../../conductor/deploy/service.ts';
import { createWakeUps } from '../../../conductor/deploy/wakeups.ts';
import type { Glance } from '../../../conductor/openstack/glance.ts';
import { run } from '../../../conductor/process/run.ts';
import { netbootFacts } from '../../../conductor/run/netbootFacts.ts';
import type { Verb } from '../../../conductor/states/index.ts';
import { getBootFacts } from '../../../conductor/store/bootFacts.ts';
import { type Database, openDatabase } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';
import { insertPort } from '../../../conductor/store/ports.ts';
import type { Node } from '../../../conductor/store/types.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { GIB, MIB } from '../../../conductor/values/units.ts';
import { poll } from './poll.ts';
import { type MachineOptions, type Misbehaviour, SimulatedMachine } from './simulatedMachine.ts';

export const UUID = '11111111-1111-4111-8111-111111111111';
const MAC = '52:54:00:00:00:01' as Mac;
export const IMAGE_BYTES = 96 * MIB;
const DISK_BYTES = GIB + 64 * MIB;

export const folder = mkdtempSync(join(tmpdir(), 'ironpxe-deploy-'));
export const imagePath = join(folder, 'root.img');

/** Shell text: the disk is a loop device under another name here; a machine has but one name for it. */
export const ONE_NAME = `command_inventory() {
  echo "= cpu $(cpu_json)"
  echo "= memory $(memory_json)"
  echo "= disk $(disk_json sda | sed 's,"/dev/loop[0-9]*","/dev/sda",')"
  echo "= system $(system_json)"
}`;

/** Made once: a real ext4 file system with data and holes, and files that pass for a kernel. */
export async function makeFiles(): Promise<void> {
  await writeFile(join(folder, 'kernel'), 'kernel');
  await writeFile(join(folder, 'ramdisk'), 'ramdisk');
  await run('truncate', ['-s', String(IMAGE_BYTES), imagePath]);
  await run('mkfs.ext4', ['-q', '-F', '-d', '/usr/lib/syslinux', imagePath]);
  await run('truncate', ['-s', '3G', join(folder, 'large.img')]);
  await writeFile(join(folder, 'raw-in-fact.qcow2'), Buffer.alloc(4 * MIB, 1));
  const backed = join(folder, 'backed.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', imagePath, '-F', 'raw', backed]);
}

/** A node with a simulated machine, and the real conductor that deploys it. */
export type Bench = AsyncDisposable & {
  readonly database: Database;
  readonly conductor: RunningConductor;
  readonly machine: SimulatedMachine;
  node(): Promise<Node>;
  provision(verb: Verb): Promise<void>;
  /** The node once it is in one of these states. */
  until(...states: readonly string[]): Promise<Node>;
  /** Returns once there are that many events of a kind. */
  untilEvent(kind: string, times?: number): Promise<boolean>;
  /** Lets the conductor go as a stop does, and makes a new one on the same store. */
  restart(): Promise<void>;
};

/** What a bench has otherwise than a plain one. */
export type BenchOptions = {
  readonly config?: string;
  readonly instanceInfo?: Readonly<Record<string, unknown>>;
  readonly misbehaviour?: Misbehaviour;
  readonly glance?: Glance | undefined;
  readonly admission?: Admission;
  readonly disk?: Pick<MachineOptions, 'makeDisk' | 'diskFolder' | 'realRamdisk'>;
};

/** Makes a bench with an available node; disposing it ends all that it started. */
export async function makeBench(t: ExecutionContext, options: BenchOptions = {}): Promise<Bench> {
  const config = parseConfig(
    `state_dir: ${await mkdtemp(join(folder, 'state-'))}
boot_http: {url: "http://127.0.0.1:8088"}
dhcp: {enabled: false}
host: me
pxe: {deploy_kernel: ${folder}/kernel, deploy_ramdisk: ${folder}/ramdisk}
images: {file_url_allowed_paths: [${folder}]}
${options.config ?? ''}`,
    'c',
  );
  const database = await openDatabase(':memory:');
  const logger = pino({ level: 'silent' });
  const wakeUps = createWakeUps();
  const facts = netbootFacts({ database, wakeUps, logger, ipxeByDefault: false });
  const machine = await SimulatedMachine.make({
    mac: MAC,
    diskBytes: DISK_BYTES,
    facts: () => facts,
    reportLoader: async (info) => conductor.passLoaderInfo(await getNode(database, UUID), info),
    callBack: async (info) => conductor.passDeployInfo(await getNode(database, UUID), info),
    ...options.disk,
  });
  machine.misbehaviour = options.misbehaviour ?? {};
  const drivers = new Map([['simulated', machine.driver()]]);
  const make = () =>
    createConductor({
      services: {
        database,
        config,
        drivers,
        glance: options.glance,
        ...(options.admission && { admission: options.admission }),
      },
      wakeUps,
      logger,
    });
  let conductor = make();
  await insertNode(database, { uuid: UUID, driver: 'simulated', provisionState: 'available' });
  await insertPort(database, { uuid: UUID, nodeUuid: UUID, address: MAC });
  const instanceInfo = {
    image_source: `file://${imagePath}`,
    kernel: `file://${folder}/kernel`,
    ramdisk: `file://${folder}/ramdisk`,
    root_gb: 1,
    ...options.instanceInfo,
  };
  await updateNode(database, UUID, { instanceInfo });
  const node = () => getNode(database, UUID);
  return {
    database,
    get conductor() {
      return conductor;
    },
    machine,
    node,
    provision: async (verb) => conductor.provision(await node(), verb, {}),
    until: (...states) =>
      poll(database, UUID, async () => {
        const found = await node();
        if (found.provisionState.endsWith('failed') && !states.includes(found.provisionState))
          t.fail(`${found.provisionState}: ${found.lastError}`);
        return states.includes(found.provisionState) ? found : undefined;
      }),
    untilEvent: (kind, times = 1) =>
      poll(database, UUID, async () => {
        const events = await listEvents(database, { nodeUuid: UUID });
        return events.filter((event) => event.kind === kind).length >= times || undefined;
      }),
    async restart() {
      await conductor.stop();
      conductor = make();
      await conductor.resume();
    },
    async [Symbol.asyncDispose]() {
      await conductor.stop();
      await machine[Symbol.asyncDispose]();
      await database.destroy();
    },
  };
}

async function sha256(path: string, offsetBytes: number, lengthBytes: number): Promise<string> {
  await using file = await open(path);
  const hash = createHash('sha256');
  const stream = file.createReadStream({
    start: offsetBytes,
    end: offsetBytes + lengthBytes - 1,
    autoClose: false,
  });
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

/** The root partition's content equals the image, byte for byte, holes as zeros. */
export async function assertRootIsImage(t: ExecutionContext, diskPath: string): Promise<void> {
  const { stdout } = await run('sfdisk', ['--json', diskPath]);
  const { partitions } = JSON.parse(stdout).partitiontable;
  const { start } = partitions.at(-1);
  const found = await sha256(diskPath, start * 512, IMAGE_BYTES);
  t.is(found, await sha256(imagePath, 0, IMAGE_BYTES));
}

/** Whether the first sector has the signature that makes firmware boot from the disk. */
export async function looksBootable(diskPath: string): Promise<boolean> {
  await using file = await open(diskPath);
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return buffer.readUInt16LE(510) === 0xaa55;
}

/** After a failed deploy: nothing boots, nothing runs, nothing is left. */
export async function assertAbandoned(t: ExecutionContext, bench: Bench): Promise<void> {
  const node = await bench.node();
  t.is(await getBootFacts(bench.database, UUID), undefined, 'boot facts are gone');
  t.is(node.reservation, null, 'the node is unlocked');
  t.is(node.targetProvisionState, 'active');
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const ended = events.filter(({ kind }) => kind === 'operation.ended');
  t.is(ended.at(-1)?.message ?? null, node.lastError, 'the timeline says why');
}
