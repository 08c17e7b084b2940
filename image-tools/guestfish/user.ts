import { chown, stat } from 'node:fs/promises';
import { run } from '../process/run.ts';

export type ApplianceUser = { readonly uid: number; readonly gid: number };

const NOBODY = 65_534;

/**
 * Whom libguestfs runs as: nobody when this process is root and nobody can reach `workDir`, else
 * the present user. A hostile image that broke out of the appliance would find little there.
 * The group is that of /dev/kvm, so that a usable KVM stays usable.
 */
export async function chooseUser(workDir: string): Promise<ApplianceUser> {
  const [uid, gid] = [process.getuid?.() ?? NOBODY, process.getgid?.() ?? NOBODY];
  if (uid !== 0) return { uid, gid };
  const nobody = { uid: NOBODY, gid: await kvmGroup() };
  await chown(workDir, nobody.uid, nobody.gid);
  if (await canWrite(nobody, workDir)) return nobody;
  await chown(workDir, uid, gid);
  return { uid, gid };
}

async function kvmGroup(): Promise<number> {
  const device = await stat('/dev/kvm').catch(() => undefined);
  return device && device.gid !== 0 ? device.gid : NOBODY;
}

async function canWrite({ uid, gid }: ApplianceUser, folder: string): Promise<boolean> {
  const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const { exitStatus } = await run('setpriv', [...as, 'test', '-w', folder], {
    okStatuses: [0, 1, 126, 127],
  });
  return exitStatus === 0;
}
