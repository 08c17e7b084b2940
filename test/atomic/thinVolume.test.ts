import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { convert } from '../../image-tools/convert/convert.ts';
import { hasImageCode } from '../../image-tools/errors/error.ts';
import { launchAppliance } from '../../image-tools/guestfish/appliance.ts';
import { defaultCacheDir } from '../../image-tools/guestfish/cache.ts';
import { run } from '../../image-tools/process/run.ts';
import { MIB } from '../../image-tools/values/bytes.ts';
import { fedoraBoot, fedoraRoot } from '../image-tools/support/systems.ts';
import { makeFileSystem, scratch } from '../image-tools/support/tinyImage.ts';

const BOOT_MIB = 16;
const VOLUMES_MIB = 256;

/** A raw disk with /boot on ext4 and a root on a thin volume that the real LVM made. */
async function thinImage(folder: string): Promise<string> {
  const image = join(folder, 'thin.raw');
  const boot = await makeFileSystem(join(folder, 'boot'), 'ext4', fedoraBoot('root=/dev/sda2'));
  const root = await makeFileSystem(join(folder, 'root'), 'ext4', fedoraRoot());
  const volumes = join(folder, 'volumes');
  await sparse(volumes, VOLUMES_MIB * MIB);
  await makeThinVolume(folder, volumes, root);
  await sparse(image, (BOOT_MIB + VOLUMES_MIB + 2) * MIB);
  const input = `label: gpt\nstart=1MiB, size=${BOOT_MIB}MiB\nstart=${BOOT_MIB + 1}MiB, size=${VOLUMES_MIB}MiB\n`;
  await run('sfdisk', ['--quiet', image], { input });
  for (const [part, atMib] of [
    [boot, 1],
    [volumes, BOOT_MIB + 1],
  ] as const)
    await run('dd', [
      `if=${part}`,
      `of=${image}`,
      'bs=1M',
      `seek=${atMib}`,
      'conv=notrunc,sparse',
      'status=none',
    ]);
  return image;
}

async function sparse(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'w');
  await file.truncate(sizeBytes);
}

async function makeThinVolume(folder: string, volumes: string, root: string): Promise<void> {
  const workDir = join(folder, 'work');
  await mkdir(workDir);
  await using guest = await launchAppliance({
    disks: [{ path: volumes }, { path: root }],
    workDir,
    cacheDir: defaultCacheDir(),
    logPath: join(folder, 'log'),
  });
  await guest.command('pvcreate', ['/dev/sda']);
  await guest.command('vgcreate', ['vg', '/dev/sda']);
  // A pool without thin_check, which the appliance does not bring.
  await guest.command('debug', [
    'sh',
    'sed -i "s,^global {,global {\\nthin_check_executable = \\"\\"," /etc/lvm/lvm.conf && lvcreate -L 128M --type thin-pool -n pool vg >/tmp/log 2>&1 && lvcreate -V 64M --thinpool pool -n root vg >>/tmp/log 2>&1 || { cat /tmp/log; false; }',
  ]);
  await guest.command('copy-device-to-device', ['/dev/sdb', '/dev/vg/root', `size:${16 * MIB}`]);
  // The pool writes down at once where its blocks are when it is let go, else within a second.
  await guest.command('vg-activate-all', ['false']);
  await guest.close();
}

test('a thin root is read and changed through libguestfs, and refused without it', async (t) => {
  t.timeout(900_000);
  await using folder = await scratch();
  const image = await thinImage(folder.path);
  const options = { image, outputDir: join(folder.path, 'out'), name: 'thin' } as const;
  const error = await t.throwsAsync(convert({ ...options, appliance: false }));
  t.true(hasImageCode(error, 'APPLIANCE_NEEDED'), String(error));
  t.regex(error.message, /vg\/\w+: its segment is of type thin/);
  const { manifest } = await convert(options);
  t.deepEqual(manifest.lvm, { group: 'vg', volume: 'root' });
  t.is(manifest.boot.root, '/dev/mapper/vg-root');
  t.is(manifest.os?.prettyName, 'Fedora Linux 40 (Cloud Edition)');
  t.deepEqual([...new Set(manifest.changes.map(({ path }) => path))], ['/etc/fstab']);
});
