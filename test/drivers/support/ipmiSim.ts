import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../conductor/process/run.ts';
import type { SwitchedMachine } from './qemuMachine.ts';

/** A BMC of OpenIPMI's ipmi_sim in front of a machine. */
export type IpmiSim = AsyncDisposable & {
  readonly listenPort: number;
  /** `driver_info` of a node with this BMC. */
  readonly driverInfo: Readonly<Record<string, unknown>>;
  /** Makes it answer chassis commands late, or no command at all. */
  slow(seconds: number): Promise<void>;
  hang(): void;
  goOn(): void;
};

const PASSWORD = 'swordfish-41';

function chassisScript({ folder, script }: SwitchedMachine): string {
  return `#!/bin/sh
cd ${folder}
shift
echo "$@" >> calls
sleep $(cat slow)
verb=$1; shift
if [ $verb = get ]; then
  for key; do case $key in power) echo power:$(${script} state) ;; boot) echo boot:$(cat boot) ;; esac; done
  exit 0
fi
while [ $# -gt 0 ]; do
  case $1-$2 in
    power-1) ${script} on ;;
    power-0|shutdown-*) ${script} off ;;
    boot-*) echo $2 > boot ;;
    reset-*) ${script} off; ${script} on ;;
  esac
  shift 2
done
`;
}

function lanConfig(folder: string, listenPort: number, serial?: string): string {
  return `name "bmc"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 ${listenPort}
  priv_limit admin
  allowed_auths_callback none md2 md5 straight
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
endlan
chassis_control "${folder}/chassis 0x20"
${serial === undefined ? '' : `sol "${serial}" 115200\n`}user 1 true "" "test" user 10 none md2 md5 straight
user 2 true "operator" "${PASSWORD}" admin 10 none md2 md5 straight
`;
}

const COMMANDS = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
`;

/** Where a BMC stands. */
type Place = {
  readonly listenPort: number;
  /** A command that runs another one there. */
  readonly enter: readonly string[];
};

/**
 * Starts a BMC and waits until it answers.
 * @param serial the machine's serial port, such as `tcp:127.0.0.1:4001`; without it no SOL
 */
export async function startIpmiSim(
  machine: SwitchedMachine,
  place?: Place,
  serial?: string,
): Promise<IpmiSim> {
  const { folder } = machine;
  const { listenPort, enter } = place ?? { listenPort: await freeUdpPort(), enter: ['env'] };
  const files = {
    'lan.conf': lanConfig(folder, listenPort, serial),
    commands: COMMANDS,
    slow: '0',
  };
  for (const [name, text] of Object.entries({
    ...files,
    boot: 'default',
    chassis: chassisScript(machine),
  }))
    await writeFile(join(folder, name), text);
  await chmod(join(folder, 'chassis'), 0o700);
  await mkdir(join(folder, 'state'));
  const [program = '', ...before] = enter;
  const args = [...before, 'ipmi_sim', '-n', '-c', 'lan.conf', '-f', 'commands', '-s', 'state'];
  const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
  const sim: IpmiSim = {
    listenPort,
    driverInfo: {
      ipmi_address: '127.0.0.1',
      ipmi_port: listenPort,
      ipmi_username: 'operator',
      ipmi_password: PASSWORD,
      ipmi_cipher_suite: 3,
    },
    slow: (seconds) => writeFile(join(folder, 'slow'), String(seconds)),
    hang: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => end(child),
  };
  try {
    await answers(folder, { listenPort, enter });
    return sim;
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function answers(folder: string, { listenPort, enter }: Place): Promise<void> {
  const [program = '', ...before] = enter;
  const file = join(folder, 'password');
  await writeFile(file, PASSWORD);
  const place = ['-I', 'lanplus', '-H', '127.0.0.1', '-p', String(listenPort), '-C', '3'];
  const login = ['-U', 'operator', '-f', file, '-N', '1', '-R', '1', 'power', 'status'];
  for (let attempt = 1; ; attempt += 1) {
    const args = [...before, 'ipmitool', ...place, ...login];
    const end = await run(program, args, { okCodes: [0, 1], timeoutMs: 30_000 });
    if (end.exitCode === 0) return;
    if (attempt === 5) throw new Error(`ipmi_sim does not answer: ${end.stderr}`);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A UDP port of the loopback that nobody uses now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
