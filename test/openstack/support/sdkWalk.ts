import { join } from 'node:path';
import { execa } from 'execa';
import { SYSTEM_ENV } from './daemons.ts';

/** The machine that `sdkWalk.py` enrolls, deploys and deletes; `timeout` of each wait in seconds. */
export type SdkMachine = {
  readonly node: Readonly<Record<string, unknown>>;
  readonly address: string;
  readonly instance_info: Readonly<Record<string, unknown>>;
  readonly timeout: number;
};

/** What it tells when all went well. */
export const SEEN = {
  enrolled: 'enroll',
  validated: true,
  deployed: 'active',
  power: 'power on',
  undeployed: 'available',
  allocated: true,
  gone: true,
};

const PROGRAM = join(import.meta.dirname, 'sdkWalk.py');

/** Runs the walk of the distribution's openstacksdk; `prefix`: a command that runs it elsewhere. */
export async function sdkWalk(
  env: Readonly<Record<string, string>>,
  machine: SdkMachine,
  prefix: readonly string[] = [],
): Promise<unknown> {
  const command = [...prefix, '/usr/bin/python3', PROGRAM, JSON.stringify(machine)];
  const { stdout } = await execa(command[0] ?? '', command.slice(1), {
    env: { ...SYSTEM_ENV, ...env },
    extendEnv: false,
  });
  return JSON.parse(stdout);
}
