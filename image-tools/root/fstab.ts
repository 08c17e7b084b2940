/** Mount points that a netbooted root does not have: their partition stays on the old disk. */
const GONE = new Set(['/boot', '/boot/efi', '/efi']);

/** The fields of one line of /etc/fstab that names a mount. */
export type FstabMount = { readonly device: string; readonly mountPoint: string };

/** The mount that a line of fstab(5) names; undefined for comments and empty lines. */
export function parseFstabLine(line: string): FstabMount | undefined {
  const [device, mountPoint] = line.trim().split(/\s+/);
  if (!device || device.startsWith('#') || mountPoint === undefined) return undefined;
  return { device, mountPoint: normalise(mountPoint) };
}

function normalise(mountPoint: string): string {
  return mountPoint.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

/** Whether a line mounts what does not come along. */
export function mountsBoot(line: string): boolean {
  const mount = parseFstabLine(line);
  return mount !== undefined && GONE.has(mount.mountPoint);
}

/** An fstab without the lines of /boot, /boot/efi and /efi; every other byte stays. */
export function withoutBoot(text: string): { text: string; removed: string[] } {
  const lines = text.split(/(?<=\n)/);
  const removed = lines.filter(mountsBoot);
  return {
    text: lines.filter((line) => !mountsBoot(line)).join(''),
    removed: removed.map((line) => line.trimEnd()),
  };
}
