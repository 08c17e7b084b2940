import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../conductor/process/run.ts';

/** What a machine shows that started from one of these disks. */
export const DISK_STARTED = 'DISK-STARTED';

const SECTOR = 512;
const SIGNATURE_OFFSET = 440;
/** Real mode, at 0x7c00: writes the text behind it by the BIOS, then halts. */
const PRINT = Buffer.from('31c08ed8be157cac08c07406b40ecd10ebf5f4ebfd', 'hex');

/** A BIOS disk of 1 MiB whose first sector says that it was started. */
export async function biosDisk(path: string, diskIdentifier: number): Promise<string> {
  const disk = Buffer.alloc(2048 * SECTOR);
  PRINT.copy(disk);
  // SeaBIOS keeps the last character of a serial console to itself.
  disk.write(`\r\n${DISK_STARTED} by its first sector\r\n\0`, PRINT.length, 'latin1');
  disk.writeUInt32LE(diskIdentifier, SIGNATURE_OFFSET);
  disk.writeUInt16LE(0xaa55, SECTOR - 2);
  await writeFile(path, disk);
  return path;
}

const GRUB = '/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi';
const GRUB_CONFIG = `terminal_output console\necho ${DISK_STARTED}\nsleep 100\n`;

/** A UEFI disk: one FAT file system with a GRUB where firmware looks for it. */
export async function uefiDisk(folder: string): Promise<string> {
  const disk = join(folder, 'esp.img');
  const tree = join(folder, 'EFI');
  await mkdir(join(tree, 'BOOT'), { recursive: true });
  await mkdir(join(tree, 'debian'), { recursive: true });
  await copyFile(GRUB, join(tree, 'BOOT', 'BOOTX64.EFI'));
  await writeFile(join(tree, 'debian', 'grub.cfg'), GRUB_CONFIG);
  await writeFile(disk, Buffer.alloc(32 * 1024 * 1024));
  await run('mkfs.vfat', [disk]);
  await run('mcopy', ['-i', disk, '-s', tree, '::']);
  return disk;
}
