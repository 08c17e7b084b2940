import { pino } from 'pino';
import { parseConfig } from '../../../conductor/config/load.ts';
import type { ProvisionOptions } from '../../../conductor/deploy/conductor.ts';
import { createConductor, type RunningConductor } from '../../../conductor/deploy/service.ts';
import { createWakeUps } from '../../../conductor/deploy/wakeups.ts';
import { createDrivers } from '../../../conductor/drivers/registry.ts';
import type { ProvisionState, Verb } from '../../../conductor/states/index.ts';
import { type Database, openDatabase } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { releaseLocksOf } from '../../../conductor/store/locks.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';
import type { JsonObject, Node, NodePatch } from '../../../conductor/store/types.ts';

export const UUID = '11111111-1111-4111-8111-111111111111';

/** A conductor with a node of fake-hardware, whose parts never end where `slow` names them. */
export type FakeBench = AsyncDisposable & {
  readonly database: Database;
  readonly conductor: RunningConductor;
  node(): Promise<Node>;
  patch(patch: NodePatch): Promise<Node>;
  /** From now on these parts take an hour, and all others no time. */
  slow(...parts: readonly string[]): Promise<void>;
  provision(verb: Verb, options?: ProvisionOptions): Promise<void>;
  /** The node once it is in one of these states. */
  until(...states: readonly ProvisionState[]): Promise<Node>;
  /** Settles once a step of this name was started after the event `afterId`. */
  untilStep(name: string, afterId?: number): Promise<void>;
  /** Lets the conductor go as a kill does, and makes a new one on the same store. */
  restart(): Promise<void>;
};

const CONFIG = 'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\nhost: me\n';

/** Makes a bench whose node is in `provisionState`. */
export async function openFakeBench(
  provisionState: ProvisionState = 'enroll',
  config = '',
): Promise<FakeBench> {
  const parsed = parseConfig(CONFIG + config, 'c');
  const database = await openDatabase(':memory:');
  const drivers = createDrivers();
  await insertNode(database, { uuid: UUID, driver: 'fake-hardware', provisionState });
  const make = () =>
    createConductor({
      services: { database, config: parsed, drivers },
      wakeUps: createWakeUps(),
      logger: pino({ level: 'silent' }),
    });
  let conductor = make();
  const node = () => getNode(database, UUID);
  return {
    database,
    get conductor() {
      return conductor;
    },
    node,
    patch: (patch) => updateNode(database, UUID, patch),
    async slow(...parts) {
      const driverInfo: JsonObject = Object.fromEntries(
        parts.map((part) => [`fake_${part}_delay`, '3600']),
      );
      await updateNode(database, UUID, { driverInfo });
    },
    provision: async (verb, options = {}) => conductor.provision(await node(), verb, options),
    until: (...states) =>
      poll(async () => {
        const found = await node();
        const isThere = states.includes(found.provisionState) && found.reservation === null;
        return isThere || isWaiting(found, states) ? found : undefined;
      }),
    untilStep: async (name, afterId = 0) =>
      void (await poll(async () => {
        const events = await listEvents(database, { nodeUuid: UUID, afterId });
        return events.find(({ kind, data }) => kind === 'step.started' && data['step'] === name);
      })),
    async restart() {
      await conductor.stop();
      await releaseLocksOf(database, 'me');
      conductor = make();
      await conductor.resume();
    },
    async [Symbol.asyncDispose]() {
      await conductor.stop();
      await database.destroy();
    },
  };
}

/** A node that works in one of the states is locked, and there all the same. */
function isWaiting({ provisionState }: Node, states: readonly string[]): boolean {
  return provisionState.endsWith('ing') && states.includes(provisionState);
}

async function poll<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
