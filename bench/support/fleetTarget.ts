import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../conductor/process/run.ts';

export const FLEET_IQN = 'iqn.2026-11.org.ironpxe:fleet';

/** What the deploy ramdisk sets on its target. */
const PARAMETERS: Readonly<Record<string, string>> = {
  MaxRecvDataSegmentLength: '1048576',
  MaxXmitDataSegmentLength: '1048576',
  MaxBurstLength: '1048576',
  FirstBurstLength: '1048576',
  InitialR2T: 'No',
};
const READY_TIMEOUT_MS = 30_000;

/** A real tgtd in a machine's namespace, with a disk that is an empty file. */
export type FleetTarget = AsyncDisposable & { readonly diskPath: string };

/** Starts the daemon and exports the disk to whoever comes. */
export async function startFleetTarget(
  namespace: string,
  folder: string,
  sizeBytes: number,
): Promise<FleetTarget> {
  await mkdir(folder);
  const diskPath = join(folder, 'disk.raw');
  await using file = await open(diskPath, 'w');
  await file.truncate(sizeBytes);
  const env = { TGT_IPC_SOCKET: join(folder, 'ipc') };
  const how = `--pdeathsig KILL nsenter --net=/run/netns/${namespace} tgtd -f --iscsi portal=0.0.0.0:3260`;
  const child = spawn('setpriv', how.split(' '), {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const admin = (...args: string[]) =>
    run('tgtadm', ['--lld', 'iscsi', '--op', ...args], { env, package: 'tgt' });
  await untilReady(env);
  await admin('new', '--mode', 'target', '--tid', '1', '-T', FLEET_IQN);
  for (const [name, value] of Object.entries(PARAMETERS))
    await admin('update', '--mode', 'target', '--tid', '1', '--name', name, '--value', value);
  const disk = ['--lun', '1', '--backing-store', diskPath, '--bstype', 'rdwr'];
  await admin('new', '--mode', 'logicalunit', '--tid', '1', ...disk);
  await admin('bind', '--mode', 'target', '--tid', '1', '-I', 'ALL');
  return {
    diskPath,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    },
  };
}

async function untilReady(env: Record<string, string>): Promise<void> {
  const show = ['--lld', 'iscsi', '--mode', 'sys', '--op', 'show'];
  const okCodes = [0, 1, 2, 22, 107, 111];
  for (const endMs = Date.now() + READY_TIMEOUT_MS; Date.now() < endMs; await sleep(20))
    if ((await run('tgtadm', show, { env, package: 'tgt', okCodes })).exitCode === 0) return;
  throw new Error(`tgtd did not start within ${READY_TIMEOUT_MS / 1000} s`);
}
