import { access, readFile } from 'node:fs/promises';
import { IronpxeError } from '../../../errors/error.ts';
import { run } from '../../../process/run.ts';

const TRANSPORT = '/sys/class/iscsi_transport/tcp';
/** Where iscsid, or systemd in its place, listens for iscsiadm. */
const ISCSID_SOCKET = '@ISCSIADM_ABSTRACT_NAMESPACE';

/**
 * Makes sure that this host's kernel can log in to targets.
 * @throws IronpxeError ISCSI_KERNEL_INITIATOR_MISSING with what is missing, COMMAND_NOT_FOUND
 */
export async function requireKernelInitiator(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw missing(`the conductor runs as user ${process.getuid?.()}, expected root`);
  await run('iscsiadm', ['--version'], { package: 'open-iscsi' });
  if (!(await hasTransport()))
    throw missing(`the kernel has no ${TRANSPORT}, and "modprobe iscsi_tcp" did not bring it`);
  if (!(await readFile('/proc/net/unix', 'utf8')).includes(ISCSID_SOCKET))
    throw missing('iscsid does not run ("systemctl enable --now iscsid.socket", or "iscsid")');
}

async function hasTransport(): Promise<boolean> {
  if (await isThere(TRANSPORT)) return true;
  await run('modprobe', ['iscsi_tcp'], { package: 'kmod' }).catch(() => {});
  return isThere(TRANSPORT);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function missing(what: string): IronpxeError {
  const message = `iscsi.writer is "iscsiadm", which needs the kernel's initiator: ${what}.`;
  return new IronpxeError('ISCSI_KERNEL_INITIATOR_MISSING', message);
}
