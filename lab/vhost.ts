import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { netArgument } from './network.ts';

/** Folders of the host that sshd and libvirtd have as folders of their own, and where those are. */
const OWN_FOLDERS = {
  '/etc/libvirt': 'etc-libvirt',
  '/var/lib/libvirt': 'var-lib-libvirt',
  '/var/log/libvirt': 'var-log-libvirt',
  '/run': 'run',
} as const;

/** Where a lab keeps what stands for `hostFolder` inside its virtual machine host. */
export function ownFolder(stateDir: string, hostFolder: keyof typeof OWN_FOLDERS): string {
  return join(stateDir, 'vhost', OWN_FOLDERS[hostFolder]);
}

/** Makes the folders that {@link vhostCommand} mounts. */
export async function createVhostFolders(stateDir: string, cacheDir: string): Promise<void> {
  const own = Object.values(OWN_FOLDERS).map((folder) => join(stateDir, 'vhost', folder));
  // sshd's empty folder, and where libvirt locks the terminal of a console (/var/lock).
  const run = ['sshd', 'lock'].map((folder) => join(stateDir, 'vhost', 'run', folder));
  const folders = [...own, ...run, cacheDir];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o755 })));
}

const MOUNT_AND_RUN = `set -e
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift
exec "$@"`;

/**
 * The command that runs `command` as on a virtual machine host of its own: in the lab's network
 * namespace, and in a mount namespace where libvirt's folders, /run and /etc/shadow are the lab's.
 * So neither a libvirt of the host nor its socket, settings or accounts are touched, and the mounts
 * vanish with the last process. The process keeps the pid with which it was started.
 */
export function vhostCommand(
  netns: string,
  stateDir: string,
  cacheDir: string,
  command: readonly string[],
): readonly [string, ...string[]] {
  const folders = Object.entries(OWN_FOLDERS).flatMap(([hostFolder, folder]) => [
    join(stateDir, 'vhost', folder),
    hostFolder,
  ]);
  const files = [join(stateDir, 'vhost', 'shadow'), '/etc/shadow'];
  // Shared by all labs: what libvirt found out about QEMU, which takes it four seconds.
  const mounts = [...folders, ...files, cacheDir, '/var/cache/libvirt'];
  const inside = ['sh', '-c', MOUNT_AND_RUN, 'sh', ...mounts, '--', ...command];
  const unshare = ['unshare', '--mount', '--propagation', 'private', '--'];
  return ['nsenter', netArgument(netns), '--', ...unshare, ...inside];
}
