import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeFileSystem } from '../../conductor/deploy/plan/fileSystems.ts';
import type { DiskRequest, EphemeralFormat } from '../../conductor/deploy/plan/request.ts';
import type { DiskPlan } from '../../conductor/deploy/plan/types.ts';
import { openFileDisk } from '../../conductor/deploy/writers/fileDisk.ts';
import { writePlan } from '../../conductor/deploy/writers/inProcess.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-mkfs-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const SIZE = 320 * MIB;
const CHECKS: readonly [format: EphemeralFormat, block: 512 | 4096, check: readonly string[]][] = [
  ['ext2', 512, ['e2fsck', '-fn']],
  ['ext3', 512, ['e2fsck', '-fn']],
  ['ext4', 512, ['e2fsck', '-fn']],
  ['ext4', 4096, ['e2fsck', '-fn']],
  ['xfs', 512, ['xfs_repair', '-n']],
  ['xfs', 4096, ['xfs_repair', '-n']],
  ['vfat', 512, ['fsck.vfat', '-n']],
  ['vfat', 4096, ['fsck.vfat', '-n']],
];

for (const [ephemeralFormat, blockSizeBytes, [program = '', ...args]] of CHECKS) {
  test.serial(
    `${ephemeralFormat} (sectors of ${blockSizeBytes}) is sound among old bytes`,
    async (t) => {
      const name = `${ephemeralFormat}-${blockSizeBytes}`;
      const disk = join(FOLDER, `${name}.disk`);
      await makeGarbageDisk(disk, SIZE);
      const request = { ephemeralFormat, blockSizeBytes } as DiskRequest;
      const partition = {
        number: 1,
        role: 'ephemeral',
        offsetBytes: 0,
        lengthBytes: SIZE,
      } as const;
      const workDir = await mkdtemp(join(FOLDER, name));
      const extents = await makeFileSystem(request, partition, { workDir });
      const facts = { partitions: [], rootDevice: undefined, diskIdentifier: undefined };
      const plan: DiskPlan = { diskSizeBytes: SIZE, extents, commit: [], ...facts };
      {
        await using target = await openFileDisk(disk, blockSizeBytes);
        await Array.fromAsync(writePlan(plan, target));
      }
      const { stdout } = await run('blkid', ['-p', '-o', 'udev', disk]);
      t.regex(stdout, new RegExp(`ID_FS_TYPE=${ephemeralFormat}$`, 'm'));
      t.regex(stdout, /ID_FS_LABEL=(ephemeral0)$/m);
      t.is((await run(program, [...args, disk])).exitCode, 0);
      const sent = extents.filter((extent) => extent.source.kind === 'file');
      const sentBytes = sent.reduce((sum, extent) => sum + extent.lengthBytes, 0);
      t.true(sentBytes < 4 * MIB, `${sentBytes} bytes are sent`);
      await rm(disk);
    },
  );
}
