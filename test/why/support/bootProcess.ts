// One deploy with a fault, in this process's network namespace: the real conductor, store and netboot
// services, and a machine that is played in another namespace. argv[2] is JSON, {folder, machine,
// scenario}. Prints the recording of the boot as one JSON line.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { storyToRecord } from '../../../conductor/api/nodes/boot.ts';
import { ramdiskRoutes } from '../../../conductor/api/vendorPassthru.ts';
import { parseConfig } from '../../../conductor/config/load.ts';
import { createConductor } from '../../../conductor/deploy/service.ts';
import { createWakeUps } from '../../../conductor/deploy/wakeups.ts';
import type { Driver, PowerState } from '../../../conductor/drivers/types.ts';
import { IronpxeError } from '../../../conductor/errors/error.ts';
import { startNetboot } from '../../../conductor/netboot/start.ts';
import { loadTemplates } from '../../../conductor/netboot/templates/load.ts';
import { Recorder } from '../../../conductor/record/recorder.ts';
import { redact } from '../../../conductor/record/redact.ts';
import { netbootFacts } from '../../../conductor/run/netbootFacts.ts';
import { netbootOptions } from '../../../conductor/run/netbootOptions.ts';
import { openDatabase } from '../../../conductor/store/database.ts';
import { leaseBook } from '../../../conductor/store/leases.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';
import { insertPort } from '../../../conductor/store/ports.ts';
import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { MIB } from '../../../conductor/values/units.ts';
import type { Act, Scenario } from './acts.ts';

const { folder, machine, scenario } = JSON.parse(process.argv[2] ?? '{}') as {
  folder: string;
  machine: string;
  scenario: Scenario;
};
const UUID = '11111111-1111-4111-8111-111111111111';
const MAC = '52:54:00:00:00:01' as Mac;
const OTHER_MAC = '52:54:00:00:00:99' as Mac;
const kernel = join(folder, 'kernel');
const signal = new AbortController().signal;

/** The head of a bzImage, or a text; large enough for a transfer to be cut in the middle. */
async function makeFiles(): Promise<void> {
  const image = Buffer.alloc(MIB / 4);
  image.write(
    scenario.kernel === 'text' ? '<html>404 Not Found</html>' : 'HdrS',
    scenario.kernel === 'text' ? 0 : 0x202,
  );
  await writeFile(kernel, image);
  const magic = scenario.ramdisk === 'text' ? '<html>' : '070701';
  await writeFile(join(folder, 'ramdisk'), Buffer.concat([Buffer.from(magic), image]));
  await writeFile(join(folder, 'root.img'), Buffer.alloc(4 * MIB, 1));
}

/** The machine as it runs now. */
let playing: ChildProcess | undefined;

async function play(acts: readonly Act[]): Promise<void> {
  if (acts.length === 0) return;
  const script = join(import.meta.dirname, 'machine.ts');
  const wish = JSON.stringify({ mac: MAC, uuid: UUID, acts });
  const args = [`--net=/run/netns/${machine}`, process.execPath, script, wish];
  const child = spawn('nsenter', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  playing = child;
  await once(child, 'exit');
}

function driver(): Driver {
  let power: PowerState = 'power off';
  return {
    name: 'played',
    // People switch it, as it were: one way to start it is enough here.
    powerSync: false,
    properties: {},
    supportedBootDevices: ['pxe', 'disk'],
    validate: () => undefined,
    powerState: async () => power,
    async setPower(_node, target) {
      power = target === 'power off' ? 'power off' : 'power on';
      playing?.kill('SIGKILL');
      if (power === 'power off') return;
      if (scenario.power !== undefined)
        throw new IronpxeError(scenario.power, 'The BMC at 192.0.2.77: "power on" had no effect.');
      // Firmware takes its time; the conductor must have noted the start first.
      void sleep(300).then(() => play(scenario.acts));
    },
    bootDevice: async () => ({ device: 'pxe', persistent: true }),
    setBootDevice: async () => undefined,
  };
}

await makeFiles();
const config = parseConfig(
  JSON.stringify({
    state_dir: join(folder, 'state'),
    host: 'conductor',
    boot_http: { url: 'http://192.0.2.1:8088' },
    dhcp: {
      server_address: '192.0.2.1',
      mode: scenario.mode ?? 'server',
      address_probe_ms: 0,
      foreign_search_seconds: scenario.search ? 900 : 0,
      subnets: [{ cidr: '192.0.2.0/24', range_start: '192.0.2.10', range_end: '192.0.2.13' }],
    },
    tftp: { listen_address: '192.0.2.1' },
    pxe: { deploy_kernel: kernel, deploy_ramdisk: join(folder, 'ramdisk') },
    power: { pxe_timeout_seconds: 10, sync_interval_seconds: 0 },
    deploy: { callback_timeout_seconds: 15 },
    images: { file_url_allowed_paths: [folder] },
  }),
  'config',
);
const database = await openDatabase(':memory:');
const logger = pino({ level: 'silent' });
const wakeUps = createWakeUps();
const facts = netbootFacts({ database, wakeUps, logger, ipxeByDefault: false });
const drivers = new Map([['played', driver()]]);
const conductor = createConductor({
  services: { database, config, drivers, glance: undefined },
  wakeUps,
  logger,
});
await insertNode(database, { uuid: UUID, driver: 'played', provisionState: 'available' });
const portMac = scenario.port === 'other' ? OTHER_MAC : MAC;
await insertPort(database, {
  uuid: UUID,
  nodeUuid: UUID,
  address: portMac,
  pxeEnabled: scenario.port !== 'disabled',
});
const file = (name: string) => `file://${join(folder, name)}`;
await updateNode(database, UUID, {
  name: 'rack1-07',
  instanceInfo: {
    image_source: file(scenario.image === 'missing' ? 'none.img' : 'root.img'),
    kernel: file('kernel'),
    ramdisk: file('ramdisk'),
    root_gb: 1,
  },
});
if (scenario.full)
  for (const last of [10, 11, 12, 13])
    await leaseBook(database).put({
      address: `192.0.2.${last}` as Ipv4,
      mac: `52:54:00:00:01:${last}` as Mac,
      subnet: '192.0.2.0/24',
      state: 'bound',
      expiresAtMs: Date.now() + 3_600_000,
    });
const routes = async (app: FastifyInstance) => {
  await app.register(ramdiskRoutes, { database, conductor });
};
const options = netbootOptions(config, routes);
const { clientCheck = 'lease', ipxeRom = 'use' } = options;
const tap = new Recorder({ dhcp: options.dhcp, tree: { clientCheck, ipxeRom } });
const tftp = { listenAddress: '192.0.2.1' as Ipv4, timeoutMs: 200, mostRetries: 3 };
const served = scenario.search ? play(scenario.before ?? []) : undefined;
if (served) await sleep(1000);
await using _netboot = await startNetboot({ ...options, tftp }, facts, await loadTemplates(), {
  tap,
});
await (served ?? play(scenario.before ?? []));
await conductor.provision(await getNode(database, UUID), 'deploy', {});
if (scenario.kernel === 'gone') {
  await sleep(150);
  for (;;) {
    const { provisionState } = await getNode(database, UUID);
    if (provisionState === 'wait call-back') break;
    await sleep(20);
  }
  await rm(kernel);
}
for (;;) {
  const { provisionState } = await getNode(database, UUID);
  if (provisionState === 'deploy failed' || provisionState === 'active') break;
  await sleep(100);
}
const story = await storyToRecord(database, await getNode(database, UUID));
const netboot = tap.recordingOf(UUID);
const recording = { format: 'ironpxe-recording-1', netboot, story: story && redact(story) };
process.stdout.write(`${JSON.stringify(recording)}\n`);
await conductor.stop();
signal.throwIfAborted();
process.exit(0);
