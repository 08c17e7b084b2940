import { startCompute } from '../nova/compute.ts';
import { Daemons } from './daemons.ts';
import { identityOf } from './identity.ts';
import { OpenStack } from './openstack.ts';

// Runs Keystone and Glance (with the argument "nova", the rest as well) where it is started, such as
// in a network namespace, says on standard output how to reach them, and removes all of it when its
// standard input ends.
const [quotaMib, nova] = process.argv.slice(2);
await using services = await OpenStack.start({ quotaBytes: Number(quotaMib) * 1024 ** 2 });
await using daemons = new Daemons(services.folder);
if (nova === 'nova')
  await startCompute(daemons, services, await identityOf(services)).catch(
    async (error: unknown) => {
      throw new Error(await daemons.logs(), { cause: error });
    },
  );
const { authUrl, password, folder } = services;
process.stdout.write(`${JSON.stringify({ authUrl, password, folder })}\n`);
for await (const _ of process.stdin) continue;
