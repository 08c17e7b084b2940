import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createConductor, type RunningConductor } from '../../conductor/deploy/service.ts';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { explain, hasCode, IronpxeError } from '../../conductor/errors/error.ts';
import { createGlance } from '../../conductor/openstack/glance.ts';
import type { Glance } from '../../conductor/openstack/glance.ts';
import { run } from '../../conductor/process/run.ts';
import { netbootFacts } from '../../conductor/run/netbootFacts.ts';
import type { Verb } from '../../conductor/states/index.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { getNode, insertNode, updateNode } from '../../conductor/store/nodes.ts';
import { insertPort } from '../../conductor/store/ports.ts';
import type { Node } from '../../conductor/store/types.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { GIB, MIB } from '../../conductor/values/units.ts';
import { FakeCloud } from '../image-tools/glance/support/fakeCloud.ts';
import { makeSparseFile } from '../iscsi/support/tgtd.ts';
import {
  type MachineOptions,
  type Misbehaviour,
  SimulatedMachine,
} from './support/simulatedMachine.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const MAC = '52:54:00:00:00:01' as Mac;
const IMAGE_BYTES = 96 * MIB;
const DISK_BYTES = GIB + 64 * MIB;

const folder = mkdtempSync(join(tmpdir(), 'ironpxe-deploy-'));
const imagePath = join(folder, 'root.img');

/** Made once: a real ext4 file system with data and holes, and files that pass for a kernel. */
test.before(async () => {
  await writeFile(join(folder, 'kernel'), 'kernel');
  await writeFile(join(folder, 'ramdisk'), 'ramdisk');
  await run('truncate', ['-s', String(IMAGE_BYTES), imagePath]);
  await run('mkfs.ext4', ['-q', '-F', '-d', '/usr/lib/syslinux', imagePath]);
  await run('truncate', ['-s', '3G', join(folder, 'large.img')]);
  await writeFile(join(folder, 'raw-in-fact.qcow2'), Buffer.alloc(4 * MIB, 1));
  const backed = join(folder, 'backed.qcow2');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', imagePath, '-F', 'raw', backed]);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

type Bench = AsyncDisposable & {
  readonly database: Database;
  readonly conductor: RunningConductor;
  readonly machine: SimulatedMachine;
  node(): Promise<Node>;
  provision(verb: Verb): Promise<void>;
  /** The node once it is in one of these states. */
  until(...states: readonly string[]): Promise<Node>;
  untilEvent(kind: string): Promise<boolean>;
  /** Lets the conductor go as a stop does, and makes a new one on the same store. */
  restart(): Promise<void>;
};

type BenchOptions = {
  readonly config?: string;
  readonly instanceInfo?: Readonly<Record<string, unknown>>;
  readonly misbehaviour?: Misbehaviour;
  readonly glance?: Glance | undefined;
  readonly disk?: Pick<MachineOptions, 'makeDisk' | 'diskFolder'>;
};

async function makeBench(t: ExecutionContext, options: BenchOptions = {}): Promise<Bench> {
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
    callBack: async (info) => conductor.passDeployInfo(await getNode(database, UUID), info),
    ...options.disk,
  });
  machine.misbehaviour = options.misbehaviour ?? {};
  const drivers = new Map([['simulated', machine.driver()]]);
  const make = () =>
    createConductor({
      services: { database, config, drivers, glance: options.glance },
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
  const poll = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    database,
    get conductor() {
      return conductor;
    },
    machine,
    node,
    provision: async (verb) => conductor.provision(await node(), verb, {}),
    until: (...states) =>
      poll(async () => {
        const found = await node();
        if (found.provisionState.endsWith('failed') && !states.includes(found.provisionState))
          t.fail(`${found.provisionState}: ${found.lastError}`);
        return states.includes(found.provisionState) ? found : undefined;
      }),
    untilEvent: (kind) =>
      poll(async () => {
        const events = await listEvents(database, { nodeUuid: UUID });
        return events.some((event) => event.kind === kind) ? true : undefined;
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
async function assertRootIsImage(t: ExecutionContext, diskPath: string): Promise<void> {
  const { stdout } = await run('sfdisk', ['--json', diskPath]);
  const { partitions } = JSON.parse(stdout).partitiontable;
  const { start } = partitions.at(-1);
  const found = await sha256(diskPath, start * 512, IMAGE_BYTES);
  t.is(found, await sha256(imagePath, 0, IMAGE_BYTES));
}

/** Whether the first sector has the signature that makes firmware boot from the disk. */
async function looksBootable(diskPath: string): Promise<boolean> {
  await using file = await open(diskPath);
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return buffer.readUInt16LE(510) === 0xaa55;
}

/** After a failed deploy: nothing boots, nothing runs, nothing is left. */
async function assertAbandoned(t: ExecutionContext, bench: Bench): Promise<void> {
  const node = await bench.node();
  t.is(await getBootFacts(bench.database, UUID), undefined, 'boot facts are gone');
  t.is(node.reservation, null, 'the node is unlocked');
  t.is(node.targetProvisionState, 'active');
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  const ended = events.filter(({ kind }) => kind === 'operation.ended');
  t.is(ended.at(-1)?.message ?? null, node.lastError, 'the timeline says why');
}

test.serial(
  'a deploy on a disk of garbage: active, the content is the image, and a redeploy works',
  async (t) => {
    await using bench = await makeBench(t, { instanceInfo: { swap_mb: 16, ephemeral_gb: 0 } });
    await bench.provision('deploy');
    await bench.until('active');
    t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
    await assertRootIsImage(t, bench.machine.diskPath);
    const { stdout: uuid } = await run('blkid', ['-s', 'UUID', '-o', 'value', imagePath]);
    const facts = await getBootFacts(bench.database, UUID);
    t.is(facts?.bootOptions, `root=UUID=${uuid} ro text nofb nomodeset vga=normal`);
    t.is(await readFile(facts?.files.kernel ?? '', 'utf8'), 'kernel');
    t.is((await bench.node()).driverInternalInfo['root_uuid_or_disk_id'], uuid);
    await bench.provision('rebuild');
    await bench.until('deploying', 'wait call-back');
    await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
    await bench.provision('delete');
    const node = await bench.until('available');
    t.deepEqual(node.instanceInfo, {});
    t.is(bench.machine.power, 'power off');
    t.is(await getBootFacts(bench.database, UUID), undefined);
    await t.throwsAsync(stat(facts?.files.kernel ?? ''), { code: 'ENOENT' });
  },
);

test.serial('an image of Glance brings its kernel, its ramdisk and its boot options', async (t) => {
  await using fake = await FakeCloud.start();
  const kernel_id = fake.add({ disk_format: 'aki' }, Buffer.from("Glance's kernel"));
  const ramdisk_id = fake.add({ disk_format: 'ari' }, Buffer.from("Glance's ramdisk"));
  const boot = { root_device: '/dev/mapper/a-root', kernel_append_params: 'ostree=/x %default%' };
  const fields = { disk_format: 'ami', kernel_id, ramdisk_id, ...boot };
  const image_source = fake.add(fields, await readFile(imagePath));
  const keystone = `keystone: {auth_url: "${fake.url}", username: u, password: p}`;
  const config = parseConfig(
    `boot_http: {url: "http://h"}\ndhcp: {enabled: false}\n${keystone}`,
    'c',
  );
  const glance = createGlance(config);
  const instanceInfo = { image_source, kernel: undefined, ramdisk: undefined };
  await using bench = await makeBench(t, { glance, instanceInfo });
  const before = await bench.conductor.kernelLine(await bench.node());
  await bench.provision('deploy');
  // Whoever changes the properties now changes the next deploy, not this one.
  await bench.until('wait call-back', 'active');
  Object.assign(fake.images.get(image_source) ?? {}, { kernel_append_params: 'other' });
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
  const facts = await getBootFacts(bench.database, UUID);
  const expected = 'root=/dev/mapper/a-root ro text ostree=/x nofb nomodeset vga=normal';
  t.is(facts?.bootOptions, expected);
  t.is(before.line, expected);
  t.is((await bench.conductor.kernelLine(await bench.node())).line, expected);
  t.is(await readFile(facts?.files.kernel ?? '', 'utf8'), "Glance's kernel");
  t.is((await bench.conductor.validate(await bench.node()))['deploy']?.result, true);
  await bench.provision('delete');
  t.false('glance_image' in (await bench.until('available')).driverInternalInfo);
});

type Fault = {
  readonly name: string;
  readonly options: BenchOptions;
  readonly reason: RegExp;
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the ramdisk reports an error',
    options: { misbehaviour: { error: 'No disk was found.' } },
    reason: /^RAMDISK_ERROR: No disk was found\./,
  },
  {
    name: 'the ramdisk never calls back',
    options: { misbehaviour: { silent: true }, config: 'deploy: {callback_timeout_seconds: 1}' },
    reason: /^CALLBACK_TIMEOUT: Timeout reached while waiting for callback/,
  },
  {
    name: 'a call-back with a wrong key is not listened to',
    options: {
      misbehaviour: { key: 'X'.repeat(32) },
      config: 'deploy: {callback_timeout_seconds: 2}',
    },
    reason: /^CALLBACK_TIMEOUT/,
  },
  {
    name: 'the written machine never comes for its kernel',
    options: { misbehaviour: { neverBoots: true }, config: 'deploy: {boot_timeout_seconds: 1}' },
    reason: /^BOOT_NOT_SEEN/,
  },
  {
    name: 'the image is larger than root_gb',
    options: { instanceInfo: { image_source: `file://${folder}/large.img` } },
    reason: /^IMAGE_[A-Z_]+: .*root_gb/,
  },
  {
    name: 'root_gb is larger than the disk',
    options: { instanceInfo: { root_gb: 9 } },
    reason: /^DISK_[A-Z_]+: /,
  },
  {
    name: 'the checksum differs',
    options: { instanceInfo: { image_checksum: '0'.repeat(64) } },
    reason: /^IMAGE_CHECKSUM_MISMATCH: .*0{64}/,
  },
  {
    name: 'the image is not what its name says',
    options: { instanceInfo: { image_source: `file://${folder}/raw-in-fact.qcow2` } },
    reason: /^IMAGE_FORMAT_MISMATCH: /,
  },
  {
    name: 'the qcow2 has a backing file',
    options: { instanceInfo: { image_source: `file://${folder}/backed.qcow2` } },
    reason: /^IMAGE_UNSAFE: .*backing file/,
  },
  {
    name: 'the image lies outside of the allowed folders',
    options: { instanceInfo: { image_source: 'file:///etc/shadow' } },
    reason: /^IMAGE_PATH_NOT_ALLOWED: /,
  },
];

for (const { name, options, reason } of FAULTS)
  test.serial(`${name}: deploy failed, with the reason`, async (t) => {
    await using bench = await makeBench(t, options);
    await bench.provision('deploy');
    const node = await bench.until('deploy failed');
    t.regex(node.lastError ?? '', reason);
    t.is(bench.machine.power, 'power off');
    await assertAbandoned(t, bench);
    if (!reason.source.includes('BOOT')) t.false(await looksBootable(bench.machine.diskPath));
  });

test.serial('after a failed deploy, the next one works', async (t) => {
  await using bench = await makeBench(t, { misbehaviour: { error: 'no disk' } });
  await bench.provision('deploy');
  await bench.until('deploy failed');
  bench.machine.misbehaviour = {};
  await bench.provision('deploy');
  await bench.until('deploying', 'wait call-back');
  t.is((await bench.until('active')).lastError, null);
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial(
  'call-backs that nobody waits for are refused, and repeated ones change nothing',
  async (t) => {
    await using bench = await makeBench(t);
    const stranger = await t.throwsAsync(bench.machine.callBack());
    t.true(hasCode(stranger, 'DEPLOY_NOT_WAITING'));
    await bench.provision('deploy');
    await bench.untilEvent('ramdisk.callback');
    await bench.machine.callBack();
    await bench.until('active');
    t.deepEqual(bench.machine.callBackAnswers, ['accepted']);
    const late = await t.throwsAsync(bench.machine.callBack());
    t.true(hasCode(late, 'DEPLOY_NOT_WAITING'));
    await assertRootIsImage(t, bench.machine.diskPath);
  },
);

test.serial('the target vanishes in mid-write and comes back: the content is whole', async (t) => {
  await using bench = await makeBench(t);
  await bench.provision('deploy');
  await bench.untilEvent('write.progress');
  await bench.machine.tgtd.kill();
  await bench.untilEvent('iscsi.lost');
  await bench.machine.tgtd.start();
  await bench.machine.exportDisk();
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial(
  'the target vanishes in mid-write for good: deploy failed, and the disk does not boot',
  async (t) => {
    await using bench = await makeBench(t, { config: 'iscsi: {reconnect_seconds: 1}' });
    await bench.provision('deploy');
    await bench.untilEvent('write.progress');
    await bench.machine.tgtd.kill();
    const node = await bench.until('deploy failed');
    t.regex(node.lastError ?? '', /^ISCSI_TARGET_LOST: /);
    t.false(await looksBootable(bench.machine.diskPath));
    await assertAbandoned(t, bench);
  },
);

test.serial(
  'a write error of the disk: deploy failed, and the reason names the place',
  async (t) => {
    const small = await mkdtemp(join(folder, 'small-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]);
    try {
      await using bench = await makeBench(t, {
        disk: { diskFolder: small, makeDisk: makeSparseFile },
      });
      await bench.provision('deploy');
      const node = await bench.until('deploy failed');
      t.regex(node.lastError ?? '', /^ISCSI_[A-Z_]+: .*(write|space|medium|LBA|block)/i);
      t.false(await looksBootable(bench.machine.diskPath));
      await assertAbandoned(t, bench);
    } finally {
      await run('umount', [small]);
    }
  },
);

test.serial(
  'a machine that cannot be switched: deploy failed with what the driver says',
  async (t) => {
    const powerFails = new IronpxeError('COMMAND_FAILED', 'ssh: connection refused.');
    await using bench = await makeBench(t, { misbehaviour: { powerFails } });
    await bench.provision('deploy');
    t.is((await bench.until('deploy failed')).lastError, explain(powerFails));
  },
);

test.serial(
  'a ramdisk that does not listen on port 10000 is power cycled into its system',
  async (t) => {
    await using bench = await makeBench(t, { misbehaviour: { noRelease: true } });
    await bench.provision('deploy');
    await bench.until('active');
    t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
  },
);

test.serial('a delete while the ramdisk is waited for cancels the deploy', async (t) => {
  await using bench = await makeBench(t, { misbehaviour: { silent: true } });
  await bench.provision('deploy');
  await bench.until('wait call-back');
  await bench.provision('delete');
  await bench.until('available');
  t.is(await getBootFacts(bench.database, UUID), undefined);
  t.is(bench.machine.power, 'power off');
});

test.serial('a verb on a busy node is refused as busy, an illegal one as illegal', async (t) => {
  await using bench = await makeBench(t);
  await bench.provision('deploy');
  await bench.untilEvent('iscsi.connected');
  const busy = await t.throwsAsync(bench.provision('delete'));
  t.true(hasCode(busy, 'NODE_LOCKED'));
  await bench.until('active');
  const illegal = await t.throwsAsync(bench.provision('provide'));
  t.true(hasCode(illegal, 'INVALID_STATE'));
  const unsupported = await t.throwsAsync(bench.provision('rescue'));
  t.true(hasCode(unsupported, 'VERB_UNSUPPORTED'));
});

for (const kind of [
  'step.started',
  'boot_facts.changed',
  'ramdisk.callback',
  'iscsi.connected',
  'write.progress',
  'ramdisk.released',
])
  test.serial(`a conductor that stops at ${kind} goes on after its restart`, async (t) => {
    await using bench = await makeBench(t);
    await bench.provision('deploy');
    await bench.untilEvent(kind);
    await bench.restart();
    await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
  });
