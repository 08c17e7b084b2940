import { needsAppliance } from '../filesystems/tree.ts';
import { packCpio, type CpioEntry } from './cpio.ts';

const HOME = 'usr/lib/atomic-to-pxe';
const UNITS = 'usr/lib/systemd/system';
const SERVICE = 'atomic-to-pxe-loader.service';

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;
const LINK = 0o120777;

/** Runs once the root is mounted and before ostree moves it: /sysroot is its physical top then. */
const UNIT = `[Unit]
Description=Carry the boot loader's entries into the root
DefaultDependencies=no
Requires=sysroot.mount
After=sysroot.mount
Before=ostree-prepare-root.service initrd-root-fs.target

[Service]
Type=oneshot
ExecStart=/${HOME}/carry-loader
`;

const SCRIPT = `#!/bin/sh
# The entries came with /boot's own partition, which a netbooted host does not have.
[ -e /sysroot/boot/loader ] && exit 0
mount -o remount,rw /sysroot || exit 1
mkdir -p /sysroot/boot
cp -a /${HOME}/boot/. /sysroot/boot/
read -r line < /proc/cmdline
case " $line " in *" rw "*) ;; *) mount -o remount,ro /sysroot ;; esac
exit 0
`;

/** A file below /boot, as text, or a link. */
export type LoaderFile = { readonly path: string } & (
  | { readonly text: string }
  | { readonly target: string }
);

/**
 * An archive to append to a ramdisk: at the first boot it copies `files` into the root's own /boot.
 * For file systems that nobody can add files to in user space.
 */
export function loaderArchive(files: readonly LoaderFile[]): Buffer {
  const parents = new Set(files.flatMap(({ path }) => parentsOf(`${HOME}/boot/${path}`)));
  const wants = `${UNITS}/initrd-root-fs.target.wants`;
  for (const folder of [...parentsOf(`${wants}/x`), ...parentsOf(`${HOME}/x`)]) parents.add(folder);
  return packCpio([
    ...[...parents].sort().map((path) => entry(path, FOLDER, '')),
    entry(`${UNITS}/${SERVICE}`, FILE, UNIT),
    entry(`${wants}/${SERVICE}`, LINK, `../${SERVICE}`),
    entry(`${HOME}/carry-loader`, PROGRAM, SCRIPT),
    ...files.map((file) =>
      'text' in file
        ? entry(`${HOME}/boot/${file.path}`, FILE, file.text)
        : entry(`${HOME}/boot/${file.path}`, LINK, file.target),
    ),
  ]);
}

function entry(path: string, mode: number, text: string): CpioEntry {
  return { path, mode, data: Buffer.from(text) };
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

const NEEDED = ['sh', 'mount', 'mkdir', 'cp'];

const BINS = ['usr/bin', 'bin', 'usr/sbin', 'sbin'];

/** Makes sure that a ramdisk can run {@link loaderArchive}. @throws ImageToolError APPLIANCE_NEEDED */
export function ensureCanCarry(contents: ReadonlySet<string>): void {
  const missing = missingToCarry(contents);
  if (missing.length > 0) throw needsAppliance(`its ramdisk lacks ${missing.join(', ')}`);
}

/** What a ramdisk lacks of what {@link loaderArchive} needs: systemd with ostree, and programs. */
export function missingToCarry(contents: ReadonlySet<string>): string[] {
  const has = (name: string) => BINS.some((bin) => contents.has(`${bin}/${name}`));
  const service = 'ostree-prepare-root.service';
  return [
    ...(contents.has(`${UNITS}/${service}`) ? [] : [service]),
    ...NEEDED.filter((name) => !has(name)),
  ];
}
