import { createHash } from 'node:crypto';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { buildConfigDrive } from '../../conductor/deploy/configDrive/build.ts';
import { run } from '../../conductor/process/run.ts';
import { getInventory } from '../../conductor/store/inventories.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import { folder, makeAgentBench, UUID } from '../interop/support/agentBench.ts';
import { RealAgent } from './support/realAgent.ts';

const sources = process.env['IPA_SOURCE'] ?? '';
const IMAGE_BYTES = 24 * MIB;
const wholeDisk = join(folder, 'disk.qcow2');
const raw = join(folder, 'disk.raw');

test.before(async () => {
  await writeFile(join(folder, 'kernel'), 'kernel');
  await writeFile(join(folder, 'ramdisk'), 'ramdisk');
  await run('truncate', ['-s', String(IMAGE_BYTES), raw]);
  const table = 'label: dos\nlabel-id: 0x12345678\n1MiB,16MiB,L\n';
  await run('sfdisk', ['--no-reread', '--no-tell-kernel', raw], { input: table });
  await using file = await open(raw, 'r+');
  await file.write(Buffer.alloc(MIB, 7), 0, MIB, 4 * MIB);
  await run('qemu-img', ['convert', '-O', 'qcow2', raw, wholeDisk]);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function sha256(path: string, startBytes: number, endBytes: number): Promise<string> {
  await using file = await open(path);
  const lengthBytes = endBytes - startBytes;
  const { buffer } = await file.read(Buffer.alloc(lengthBytes), 0, lengthBytes, startBytes);
  return createHash('sha256').update(buffer).digest('hex');
}

test.serial("Ironic's own agent: inspected, cleaned, and deployed to", async (t) => {
  const configdrive = await buildConfigDrive({ uuid: UUID, name: 'n', networkData: {} }, {});
  await using it = await makeAgentBench({
    state: 'manageable',
    config: 'clean: {automated: true}',
    instanceInfo: { image_source: `file://${wholeDisk}`, configdrive },
    makeDisk: (path) => makeGarbageDisk(path, 256 * MIB),
    makeAgent: (options) => new RealAgent(options, sources),
  });
  await it.provision('inspect');
  await it.poll(async () => ((await it.node()).inspectionFinishedAt ? true : undefined));
  const node = await it.until('manageable');
  t.like(node.properties, { cpus: 2, memory_mb: 4096, local_gb: 19 });
  const { inventory } = await getInventory(it.database, UUID);
  t.like(inventory, { system_vendor: { manufacturer: 'nobody' } });
  await it.provision('provide');
  await it.until('available');
  t.is(
    await sha256(it.diskPath, 0, MIB),
    createHash('sha256').update(Buffer.alloc(MIB)).digest('hex'),
  );
  await it.provision('deploy');
  const deployed = await it.until('active');
  t.is(await sha256(it.diskPath, MIB, IMAGE_BYTES), await sha256(raw, MIB, IMAGE_BYTES));
  const { stdout } = await run('sfdisk', ['--json', it.diskPath]);
  t.is(JSON.parse(stdout).partitiontable.partitions.length, 2, 'one is the config drive');
  t.is(deployed.driverInternalInfo['root_uuid_or_disk_id'], '0x12345678');
  t.deepEqual(it.boots, ['deploy', 'deploy', 'deploy', 'boot_whole_disk']);
});
