// Calls the pxe_ssh driver from inside a lab's network namespace, where its sshd can be reached.
// argv: a JSON list of calls; standard output: a JSON list of answers, one for each call.
import { IronpxeError } from '../../conductor/errors/error.ts';
import { createDrivers, driverByName } from '../../conductor/drivers/registry.ts';
import type { BootDevice, Driver, DriverNode, PowerTarget } from '../../conductor/drivers/types.ts';

export type DriverCall = {
  readonly node: DriverNode;
  readonly call: 'powerState' | 'setPower' | 'bootDevice' | 'setBootDevice';
  readonly target?: PowerTarget;
  readonly device?: BootDevice;
  readonly persistent?: boolean;
  readonly knownHostsFile?: string;
};

export type DriverAnswer = {
  readonly value?: unknown;
  readonly code?: string;
  readonly message?: string;
};

async function answer(call: DriverCall): Promise<DriverAnswer> {
  const ssh = call.knownHostsFile === undefined ? {} : { knownHostsFile: call.knownHostsFile };
  const driver = driverByName(createDrivers({ ssh }), 'pxe_ssh');
  try {
    driver.validate(call.node);
    return { value: await perform(driver, call) };
  } catch (error) {
    if (!(error instanceof IronpxeError)) throw error;
    return { code: error.code, message: error.message };
  }
}

function perform(driver: Driver, call: DriverCall): Promise<unknown> {
  const { node, target = 'power on', device = 'pxe', persistent = true } = call;
  const signal = AbortSignal.timeout(60_000);
  switch (call.call) {
    case 'powerState':
      return driver.powerState(node, { signal });
    case 'setPower':
      return driver.setPower(node, target, { signal });
    case 'bootDevice':
      return driver.bootDevice(node, { signal });
    case 'setBootDevice':
      return driver.setBootDevice(node, device, { signal, persistent });
    default:
      throw new Error(`Unknown call: ${JSON.stringify(call)}`);
  }
}

const answers: DriverAnswer[] = [];
for (const call of JSON.parse(process.argv[2] ?? '[]') as readonly DriverCall[])
  answers.push(await answer(call));
console.log(JSON.stringify(answers));
