import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import { makeFleetNetwork } from '../../../bench/support/fleetNetwork.ts';
import { parseConfig } from '../../../conductor/config/load.ts';
import { createAdmission } from '../../../conductor/deploy/admission/admission.ts';
import { createConductor } from '../../../conductor/deploy/service.ts';
import { createWakeUps } from '../../../conductor/deploy/wakeups.ts';
import { netbootFacts } from '../../../conductor/run/netbootFacts.ts';
import { type Database, openDatabase } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';
import { insertPort } from '../../../conductor/store/ports.ts';
import type { Node } from '../../../conductor/store/types.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { GIB, MIB } from '../../../conductor/values/units.ts';
import { folder, imagePath } from './deployBench.ts';
import { poll } from './poll.ts';
import { type Misbehaviour, SimulatedMachine } from './simulatedMachine.ts';

const MBIT = 2000;

/** A machine of a fleet with its node. */
export type Member = { readonly uuid: string; readonly machine: SimulatedMachine };

/** One conductor and several machines with the ramdisk's own scripts, at one switch. */
export type FleetBench = AsyncDisposable & {
  readonly database: Database;
  readonly members: readonly Member[];
  /** Begins to deploy all; the first one writes once the last one waits. */
  deployAll(): Promise<void>;
  /** The node once it is active. */
  untilActive(member: Member): Promise<Node>;
  untilEvent(member: Member, kind: string): Promise<void>;
};

/** Makes a fleet; each machine misbehaves as the list says for its place. */
export async function makeFleet(
  t: ExecutionContext,
  configText: string,
  misbehaviours: readonly Misbehaviour[],
): Promise<FleetBench> {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await makeFleetNetwork(misbehaviours.length, MBIT));
  const database = await openDatabase(':memory:');
  stack.defer(() => database.destroy());
  const logger = pino({ level: 'silent' });
  const wakeUps = createWakeUps();
  const facts = netbootFacts({ database, wakeUps, logger, ipxeByDefault: false });
  const members: Member[] = [];
  for (const [index, { namespace, address }] of network.machines.entries()) {
    const mac = `52:54:00:00:01:0${index}` as Mac;
    const machine = await SimulatedMachine.make({
      mac,
      diskBytes: GIB + 64 * MIB,
      facts: () => facts,
      callBack: async (info) => conductor.passDeployInfo(await getNode(database, uuid), info),
      realRamdisk: true,
      makeDisk,
      place: { namespace, address, host: network.host },
    });
    stack.use(machine);
    machine.misbehaviour = misbehaviours[index] ?? {};
    const uuid = `11111111-1111-4111-8111-11111111111${index}`;
    members.push({ uuid, machine });
    await insertNode(database, { uuid, driver: `machine${index}`, provisionState: 'available' });
    await insertPort(database, { uuid, nodeUuid: uuid, address: mac });
    await updateNode(database, uuid, { instanceInfo: instance() });
  }
  // Nobody is written before all wait, so that none comes too late to be fed.
  const admission = createAdmission({ maxConcurrentWrites: members.length, links: [] });
  const turns = members.map(() => admission.tryEnter());
  const conductor = createConductor({
    services: {
      admission,
      database,
      config: parseConfig(configFor(stateName(), configText), 'c'),
      drivers: new Map(members.map(({ machine }, index) => [`machine${index}`, machine.driver()])),
    },
    wakeUps,
    logger,
  });
  stack.defer(() => conductor.stop());
  const made = stack.move();
  const untilEvent = async ({ uuid }: Member, kind: string): Promise<void> => {
    await poll(database, uuid, async () => {
      const events = await listEvents(database, { nodeUuid: uuid });
      return events.some((event) => event.kind === kind) ? ('seen' as const) : undefined;
    });
  };
  return {
    database,
    members,
    async deployAll() {
      for (const { uuid } of members)
        await conductor.provision(await getNode(database, uuid), 'deploy', {});
      for (const member of members) await untilEvent(member, 'write.queued');
      for (const turn of turns) turn?.[Symbol.dispose]();
    },
    untilActive: ({ uuid }) =>
      poll(database, uuid, async () => {
        const node = await getNode(database, uuid);
        if (node.provisionState === 'deploy failed') t.fail(`${uuid}: ${node.lastError}`);
        return ['active', 'deploy failed'].includes(node.provisionState) ? node : undefined;
      }),
    untilEvent,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}

let made = 0;

function stateName(): string {
  return join(folder, `fleet-${made++}`);
}

function configFor(stateDir: string, more: string): string {
  return `state_dir: ${stateDir}
boot_http: {url: "http://127.0.0.1:8088"}
dhcp: {enabled: false}
host: me
pxe: {deploy_kernel: ${folder}/kernel, deploy_ramdisk: ${folder}/ramdisk}
images: {file_url_allowed_paths: [${folder}]}
${more}`;
}

function instance() {
  return {
    image_source: `file://${imagePath}`,
    kernel: `file://${folder}/kernel`,
    ramdisk: `file://${folder}/ramdisk`,
    root_gb: 1,
  };
}

async function makeDisk(path: string, sizeBytes: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, sizeBytes);
}
