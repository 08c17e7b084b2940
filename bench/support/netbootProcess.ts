// Runs the netboot services over a store, as the conductor does: arguments are a folder for the
// store and a folder with the boot files of one node, which is named by that node's UUID. Says
// "ready" once it serves, and stops when its standard input ends.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { startNetboot, type NetbootOptions } from '../../conductor/netboot/start.ts';
import { loadTemplates } from '../../conductor/netboot/templates/load.ts';
import { netbootFacts } from '../../conductor/run/netbootFacts.ts';
import { putBootFacts } from '../../conductor/store/bootFacts.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { findNode, insertNode } from '../../conductor/store/nodes.ts';
import type { Ipv4 } from '../../conductor/values/ipv4.ts';
import { NET } from './netbootPeers.ts';

const [folder = '', root = ''] = process.argv.slice(2);
const server = NET.server as Ipv4;

const options: NetbootOptions = {
  dhcp: {
    listenAddress: '0.0.0.0' as Ipv4,
    serverAddress: server,
    unknownMachines: 'answer',
    subnets: [
      {
        cidr: NET.cidr,
        rangeStart: NET.rangeStart as Ipv4,
        rangeEnd: NET.rangeEnd as Ipv4,
        dns: [],
        leaseSeconds: 3600,
      },
    ],
  },
  // Fifty clients of one address: in life each has its own.
  tftp: { listenAddress: server, mostTransfersPerClient: 256 },
  http: { listenAddress: server, listenPort: 8088 },
  clientCheck: 'none',
};

const database = await openDatabase(join(folder, 'ironpxe.sqlite'));
const [uuid = ''] = await readdir(root);
if ((await findNode(database, uuid)) === undefined) {
  await insertNode(database, { uuid, driver: 'fake-hardware', provisionState: 'available' });
  await putBootFacts(database, {
    nodeUuid: uuid,
    label: 'deploy',
    files: {
      deploy_kernel: join(root, uuid, 'deploy_kernel'),
      deploy_ramdisk: join(root, uuid, 'deploy_ramdisk'),
    },
    deployOptions: '',
    bootOptions: '',
    diskIdentifier: undefined,
  });
}
{
  const logger = pino({ level: 'warn' }, process.stderr);
  const about = { database, wakeUps: createWakeUps(), logger, ipxeByDefault: false };
  const onError = (error: unknown): void => logger.warn({ err: error });
  const templates = await loadTemplates();
  await using _ = await startNetboot(options, netbootFacts(about), templates, { onError });
  process.stdout.write('ready\n');
  for await (const _ of process.stdin);
}
await database.destroy();
