import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { IronpxeError } from '../../conductor/errors/error.ts';
import { run } from '../../conductor/process/run.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { updateNode } from '../../conductor/store/nodes.ts';
import { GIB, MIB } from '../../conductor/values/units.ts';
import { makeSparseFile } from '../iscsi/support/tgtd.ts';
import {
  assertRootIsImage,
  type Bench,
  type BenchOptions,
  folder,
  makeBench,
  makeFiles,
  UUID,
} from './support/deployBench.ts';

const WHOLE = join(folder, 'whole.qcow2');
const DRIVE = Buffer.alloc(400 * 1024, 'drive');
DRIVE.write('CD001', 32_769, 'latin1');
const PACKED = gzipSync(DRIVE).toString('base64');

test.before(async () => {
  await makeFiles();
  const raw = join(folder, 'whole.raw');
  await makeSparseFile(raw, 64 * MIB);
  const input = 'label: gpt\nstart=2048, size=16384\n';
  await run('sfdisk', ['--quiet', raw], { input });
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, WHOLE]);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

const BARE = { kernel: undefined, ramdisk: undefined, root_gb: undefined };
const WHOLE_DISK = { image_source: `file://${WHOLE}`, ...BARE };

async function partitionsOf(disk: string): Promise<{ start: number; size: number }[]> {
  const { stdout } = await run('sfdisk', ['--json', disk]);
  return JSON.parse(stdout).partitiontable.partitions;
}

async function bytesAt(disk: string, offset: number, length: number): Promise<Buffer> {
  await using file = await open(disk);
  return (await file.read(Buffer.alloc(length), 0, length, offset)).buffer;
}

async function said(bench: Bench, kind: string): Promise<string[]> {
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  return events.filter((event) => event.kind === kind).map(({ message }) => message);
}

test.serial(
  'a whole-disk image: its config drive by URL, and it boots from its disk',
  async (t) => {
    const server = createServer((_, response) => response.end(PACKED)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const address = server.address();
    const listenPort = typeof address === 'object' ? address?.port : undefined;
    const configdrive = `http://127.0.0.1:${listenPort}/drive?secret=1`;
    await using bench = await makeBench(t, { instanceInfo: { ...WHOLE_DISK, configdrive } });
    await bench.provision('deploy');
    await bench.until('active');
    const disk = bench.machine.diskPath;
    const [, drive] = await partitionsOf(disk);
    t.is(drive?.size, (64 * MIB) / 512);
    t.deepEqual(await bytesAt(disk, (drive?.start ?? 0) * 512, DRIVE.length), DRIVE);
    t.regex((await run('sgdisk', ['-v', disk])).stdout, /No problems found/);
    t.is((await getBootFacts(bench.database, UUID))?.label, 'boot_whole_disk');
    t.is(bench.machine.bootDevice, 'disk');
    await bench.provision('rebuild');
    await bench.until('deploying', 'wait call-back');
    await bench.until('active');
    t.deepEqual(
      bench.machine.boots.filter((label) => label === 'deploy'),
      ['deploy', 'deploy'],
    );
  },
);

test.serial(
  'boot_option netboot, or a BMC that refuses: the network leads to the disk',
  async (t) => {
    const capabilities = '{"boot_option": "netboot"}';
    await using bench = await makeBench(t, { instanceInfo: { ...WHOLE_DISK, capabilities } });
    await bench.provision('deploy');
    await bench.until('active');
    t.is(bench.machine.bootDevice, 'pxe');
    const refusal = new IronpxeError('DRIVER_BOOT_DEVICE', 'No disk here.');
    bench.machine.misbehaviour = { keepsBootDevice: refusal };
    await updateNode(bench.database, UUID, { instanceInfo: WHOLE_DISK });
    await bench.provision('rebuild');
    await bench.until('deploying', 'wait call-back');
    await bench.until('active');
    t.is(bench.machine.bootDevice, 'pxe');
    t.is((await getBootFacts(bench.database, UUID))?.label, 'boot_whole_disk');
    t.regex(
      (await said(bench, 'boot_device.changed')).at(-1) ?? '',
      /leads to the disk.*No disk here/,
    );
  },
);

const LOCAL = {
  ...BARE,
  root_gb: 1,
  image_type: 'partition',
  capabilities: { boot_option: 'local' },
};

test.serial('a classic ramdisk installs the boot loader and is released after it', async (t) => {
  await using bench = await makeBench(t, { instanceInfo: LOCAL });
  await bench.provision('deploy');
  await bench.until('active');
  t.deepEqual(bench.machine.boots, ['deploy', 'boot_whole_disk']);
  await assertRootIsImage(t, bench.machine.diskPath);
  const facts = await getBootFacts(bench.database, UUID);
  const identifier = (await bytesAt(bench.machine.diskPath, 440, 4)).readUInt32LE().toString(16);
  t.is(facts?.diskIdentifier, `0x${identifier.padStart(8, '0')}`);
  const dump = (await run('sfdisk', ['--dump', bench.machine.diskPath])).stdout;
  t.regex(dump, /type=83, bootable/);
});

const REFUSED: readonly (readonly [name: string, options: BenchOptions, says: RegExp])[] = [
  [
    'the boot loader cannot be installed',
    { instanceInfo: LOCAL, misbehaviour: { loaderFails: 'no grub' } },
    /^BOOT_LOADER_FAILED: .*no grub/,
  ],
  [
    'the config drive is no drive',
    { instanceInfo: { configdrive: Buffer.from('hello').toString('base64') } },
    /^CONFIG_DRIVE_INVALID: .*expected an ISO 9660 or FAT image/,
  ],
  [
    'the config drive is not where the URL says',
    { instanceInfo: { configdrive: 'http://127.0.0.1:1/drive?secret=1' } },
    /^IMAGE_DOWNLOAD_FAILED: The config drive at "http:\/\/127\.0\.0\.1:1\/drive\?…" cannot/,
  ],
];

for (const [name, options, says] of REFUSED)
  test.serial(`deploy failed: ${name}`, async (t) => {
    await using bench = await makeBench(t, options);
    await bench.provision('deploy');
    const node = await bench.until('deploy failed');
    t.regex(node.lastError ?? '', says);
    t.false((node.lastError ?? '').includes('secret'));
  });

test.serial(
  'preserve_ephemeral: what stands there stays, and another size is refused',
  async (t) => {
    const makeDisk = (path: string) => makeSparseFile(path, 4 * GIB);
    const sizes = { swap_mb: 16, ephemeral_gb: 1 };
    await using bench = await makeBench(t, { instanceInfo: sizes, disk: { makeDisk } });
    await bench.provision('deploy');
    await bench.until('active');
    const disk = bench.machine.diskPath;
    const mark = Buffer.from('what the user left');
    {
      await using file = await open(disk, 'r+');
      await file.write(mark, 0, mark.length, 600 * MIB);
    }
    const rebuild = async (change: object) => {
      const { instanceInfo } = await bench.node();
      const preserved = { ...instanceInfo, preserve_ephemeral: 'True', ...change };
      await updateNode(bench.database, UUID, { instanceInfo: preserved });
      await bench.provision('rebuild');
      await bench.until('deploying', 'wait call-back');
    };
    await rebuild({});
    await bench.until('active');
    t.deepEqual(await bytesAt(disk, 600 * MIB, mark.length), mark);
    await assertRootIsImage(t, disk);
    await rebuild({ ephemeral_gb: 2 });
    const failed = await bench.until('deploy failed');
    t.regex(
      failed.lastError ?? '',
      /^EPHEMERAL_NOT_FOUND: .*the disk has the partitions 1048576 to/,
    );
    t.deepEqual(await bytesAt(disk, 600 * MIB, mark.length), mark);
  },
);

for (const [atPowerOn, expected] of [
  [false, ['power.changed', 'ramdisk.released']],
  [true, ['power.changed', 'ramdisk.released', 'power.changed']],
] as const)
  test.serial(
    `a boot device that counts from the next ${atPowerOn ? 'power-on: off and on' : 'reset: no switch'}`,
    async (t) => {
      await using bench = await makeBench(t, { instanceInfo: WHOLE_DISK });
      const driver = bench.conductor.drivers.get('simulated');
      if (atPowerOn) Object.assign(driver ?? {}, { bootDeviceAtPowerOn: true });
      await bench.provision('deploy');
      await bench.until('active');
      const events = await listEvents(bench.database, { nodeUuid: UUID });
      const kinds = events.map(({ kind }) => kind);
      t.deepEqual(
        kinds.filter((kind) => (expected as readonly string[]).includes(kind)),
        [...expected],
      );
      t.is(bench.machine.power, 'power on');
    },
  );
