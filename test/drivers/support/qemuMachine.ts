import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../conductor/process/run.ts';

/** What a BMC is put in front of: `SCRIPT on|off|state` switches it; `folder` is the BMC's own. */
export type SwitchedMachine = { readonly folder: string; readonly script: string };

/**
 * A machine to switch: a QEMU that is running when its power is on. It is started with its CPU
 * stopped, for only its power matters. `script` does what a BMC does to it: `SCRIPT on|off|state`.
 */
export type QemuMachine = SwitchedMachine &
  AsyncDisposable & {
    /** Whether its process runs. */
    isOn(): Promise<boolean>;
    start(): Promise<void>;
    stop(): Promise<void>;
    /** What was asked of it, one line each. */
    calls(): Promise<readonly string[]>;
  };

const QEMU = 'qemu-system-x86_64 -nodefaults -display none -m 16 -machine pc,accel=tcg -S';

function machineScript(folder: string): string {
  return `#!/bin/sh
cd ${folder}
pid() { p=$(cat pid 2>/dev/null) && [ -d /proc/$p ] && echo $p; }
case "$1" in
  on) pid >/dev/null || ${QEMU} -daemonize -pidfile ${folder}/pid </dev/null >/dev/null 2>&1 ;;
  off) p=$(pid) && kill -9 $p && while [ -d /proc/$p ]; do sleep 0.05; done; rm -f pid; : ;;
  state) pid >/dev/null && echo 1 || echo 0 ;;
esac
`;
}

/** Makes a machine that is off; disposing it switches it off and removes its folder. */
export async function makeQemuMachine(): Promise<QemuMachine> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-machine-'));
  const script = join(folder, 'machine');
  await writeFile(script, machineScript(folder));
  await chmod(script, 0o700);
  const machine: QemuMachine = {
    folder,
    script,
    isOn: async () => (await run(script, ['state'])).stdout === '1',
    start: async () => void (await run(script, ['on'])),
    stop: async () => void (await run(script, ['off'])),
    async calls() {
      const text = await readFile(join(folder, 'calls'), 'utf8').catch(() => '');
      return text.split('\n').filter(Boolean);
    },
    async [Symbol.asyncDispose]() {
      await machine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return machine;
}
