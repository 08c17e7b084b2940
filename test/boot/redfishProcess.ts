// A Redfish service in front of a machine, in this process's network namespace: argv[2] is JSON,
// {folder, script}. Prints the node's driver_info as one JSON line, then serves until it is ended.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../conductor/process/run.ts';
import type { SwitchedMachine } from '../drivers/support/qemuMachine.ts';
import { startRedfish } from '../drivers/support/redfishService.ts';

const { folder, script } = JSON.parse(process.argv[2] ?? '{}') as SwitchedMachine;
const setBoot = (device: string) => writeFile(join(folder, 'boot'), device);
await setBoot('default');
const { driverInfo } = await startRedfish({
  isOn: async () => (await run(script, ['state'])).stdout === '1',
  start: async () => void (await run(script, ['on'], { timeoutMs: 60_000 })),
  stop: async () => void (await run(script, ['off'], { timeoutMs: 60_000 })),
  setBoot: (target) => setBoot(target.toLowerCase()),
});
process.stdout.write(`${JSON.stringify(driverInfo)}\n`);
