import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { contradiction } from './conform.ts';
import { buildApi } from '../../conductor/api/build.ts';
import type { ApiContext } from '../../conductor/api/resource.ts';
import { inspectedNode, takeInInspection } from '../../conductor/deploy/agent/inspection.ts';
import { issueAgentToken, takeInHeartbeat } from '../../conductor/deploy/agentReports.ts';
import { parseConfig } from '../../conductor/config/load.ts';
import { createConsoleDesk } from '../../conductor/deploy/consoleDesk.ts';
import { createAllocator } from '../../conductor/deploy/allocator.ts';
import type { Conductor, DeployInfo } from '../../conductor/deploy/conductor.ts';
import { createBootModes } from '../../conductor/deploy/bootMode.ts';
import { createMediaDesk, type MediaDesk } from '../../conductor/deploy/virtualMedia/desk.ts';
import { createVifDesk } from '../../conductor/deploy/vifDesk.ts';
import type { StepServices } from '../../conductor/deploy/steps/types.ts';
import type { BootDevice, Driver, PowerState } from '../../conductor/drivers/types.ts';
import { createFakeDriver } from '../../conductor/drivers/fake/driver.ts';
import { IronpxeError } from '../../conductor/errors/error.ts';
import { nextPlace } from '../../conductor/states/index.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { lockNode } from '../../conductor/store/locks.ts';
import { invalidState, transition, updateNode } from '../../conductor/store/nodes.ts';
import { insertOperation } from '../../conductor/store/operations.ts';
import type { JsonObject } from '../../conductor/store/types.ts';

/** A driver whose machine is a variable. */
function memoryDriver(name: string): Driver {
  let power: PowerState = 'power off';
  let boot: { device: BootDevice | undefined; persistent: boolean | undefined } = {
    device: undefined,
    persistent: undefined,
  };
  return {
    name,
    properties: { ssh_address: 'IP address of the host. Required.' },
    supportedBootDevices: ['pxe', 'disk'],
    validate: () => undefined,
    powerState: async () => power,
    setPower: async (_node, target) => {
      power = target === 'power off' ? 'power off' : 'power on';
    },
    bootDevice: async () => boot,
    setBootDevice: async (_node, device, { persistent }) => {
      boot = { device, persistent };
    },
  };
}

const CONFIG = `
state_dir: /nowhere
boot_http: {url: "http://192.0.2.1:8088"}
dhcp: {enabled: false}
`;

/** What the API asked of the conductor in a test. */
export type Asked = { readonly what: string; readonly value: unknown };

/** A conductor over the real store, whose machine is in memory and whose deploys wait for ever. */
export function smallConductor(
  database: Database,
  asked: Asked[],
): Conductor & Pick<MediaDesk, 'settled'> {
  const drivers = new Map(
    [memoryDriver('pxe_ssh'), createFakeDriver()].map((driver) => [driver.name, driver] as const),
  );
  const { signal } = new AbortController();
  const driverOf = (name: string) => {
    const driver = drivers.get(name);
    if (driver === undefined) throw new Error(`no driver ${name}`);
    return driver;
  };
  const lock = (node: { uuid: string }) =>
    lockNode(database, node.uuid, { owner: 'test-conductor', waitMs: 400, signal });
  const logger = pino({ level: 'silent' });
  const allocator = createAllocator({ database, logger, lock, signal });
  const machine = (node: { uuid: string }) => ({ uuid: node.uuid, driverInfo: {}, macs: [] });
  return {
    name: 'test-conductor',
    drivers,
    async provision(node, verb, options) {
      const place = { state: node.provisionState, targetState: node.targetProvisionState };
      if (nextPlace(place, verb) === undefined) throw invalidState(node, verb);
      if (verb === 'service' && options.serviceSteps === undefined)
        throw new IronpxeError('VERB_UNSUPPORTED', `The driver does not support ${verb}.`);
      asked.push({ what: verb, value: options });
      await transition(database, node.uuid, verb);
      if (verb === 'deploy' || verb === 'rebuild')
        await insertOperation(database, { nodeUuid: node.uuid, verb, steps: ['write_disk'] });
      else await endAtOnce(database, node.uuid, verb);
    },
    async power(node, target) {
      asked.push({ what: 'power', value: target });
      if (target === 'soft power off' || target === 'soft rebooting') return;
      await driverOf(node.driver).setPower(machine(node), target, { signal });
      const powerState = target === 'power off' ? 'power off' : 'power on';
      await updateNode(database, node.uuid, { powerState });
    },
    bootDevice: (node) => driverOf(node.driver).bootDevice(machine(node), { signal }),
    setBootDevice: (node, device, persistent) =>
      driverOf(node.driver).setBootDevice(machine(node), device, { persistent, signal }),
    kernelLine: async () => ({
      line: 'root=x',
      parts: [{ text: 'root=x', from: 'image' }],
      reason: null,
    }),
    validate: async () => ({
      network: { result: true },
      power: { result: true },
      management: { result: true },
      boot: { result: true },
      deploy: { result: false, reason: 'image_source is missing' },
    }),
    checkImage: async (image) => void asked.push({ what: 'checkImage', value: image }),
    async passDeployInfo(node, info: DeployInfo) {
      if (info.key !== node.instanceInfo.deploy_key)
        throw new IronpxeError('DEPLOY_KEY_MISMATCH', 'Deploy key does not match.');
      asked.push({ what: 'passDeployInfo', value: info });
    },
    passLoaderInfo: async (_node, info) => void asked.push({ what: 'passLoaderInfo', value: info }),
    agentToken: (node) => issueAgentToken(database, node.uuid),
    inspectedNode: (agent) => inspectedNode(database, agent),
    continueInspection: (uuid, report) => takeInInspection(database, uuid, report),
    passHeartbeat: (node, heartbeat) => takeInHeartbeat(database, node, heartbeat),
    consoles: createConsoleDesk({
      services: { database, drivers, config: parseConfig(CONFIG, 'test') },
      logger,
      signal,
    }),
    enroll: async () => Promise.reject(new Error('no machine enrolls itself here')),
    allocate: allocator.begin,
    backfill: (uuid, node) => allocator.backfill(uuid, node),
    ...createBootModes({
      services: { database, drivers } as unknown as StepServices,
      lock,
      withDeadline: (_what, work) => work(signal),
    }),
    ...createMediaDesk({
      services: { database, drivers, config: parseConfig(CONFIG, 'test') },
      logger,
      lock,
      signal,
    }),
    ...createVifDesk({ networking: undefined, lock, signal }),
    async whileLocked(node, change) {
      await using _lock = await lock(node);
      return change();
    },
  };
}

async function endAtOnce(database: Database, uuid: string, verb: string): Promise<void> {
  if (verb === 'delete') await transition(database, uuid, 'clean');
  await transition(database, uuid, verb === 'clean' ? 'manage' : 'done').catch(() => undefined);
}

/** An API over an empty database. */
export type Harness = {
  readonly app: FastifyInstance;
  readonly database: Database;
  readonly asked: Asked[];
  /** The conductor's. */
  readonly drivers: ReadonlyMap<string, Driver>;
  /** Sends a request at microversion `1.minor`, or at none. */
  readonly send: (request: string, options?: SendOptions) => Promise<Reply>;
  readonly close: () => Promise<void>;
};

export type SendOptions = {
  readonly body?: unknown;
  readonly minor?: number | 'latest';
  readonly headers?: Record<string, string>;
};

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: JsonObject;
  /** The inner object of a double-encoded error. */
  readonly error: JsonObject;
};

/** The API over a conductor and its store, not yet listening. */
export function apiOver(
  context: Pick<ApiContext, 'database' | 'conductor' | 'publicUrl'>,
): FastifyInstance {
  const { database, conductor, publicUrl } = context;
  return buildApi({
    database,
    conductor,
    version: '0.0.0-test',
    configDigest: 'sha256:0',
    startedAt: new Date(),
    ...(publicUrl !== undefined && { publicUrl }),
  });
}

/** The `n`th of a test's UUIDs; `n` has one digit. */
export function uuidOf(n: number): string {
  return `${String(n).repeat(8)}-1111-4111-8111-111111111111`;
}

/** Opens a database in memory and an API over it. */
export async function openHarness(publicUrl?: string): Promise<Harness> {
  const database = await openDatabase(':memory:');
  const asked: Asked[] = [];
  const conductor = smallConductor(database, asked);
  const app = apiOver({ database, conductor, ...(publicUrl !== undefined && { publicUrl }) });
  return {
    app,
    database,
    asked,
    drivers: conductor.drivers,
    send: (request, options = {}) => send(app, request, options),
    close: async () => {
      await app.close();
      await conductor.settled();
      await database.destroy();
    },
  };
}

async function send(app: FastifyInstance, request: string, options: SendOptions): Promise<Reply> {
  const [method = 'GET', url = '/'] = request.split(' ');
  const { body, minor = 'latest', headers } = options;
  const version = minor === 'latest' ? minor : `1.${minor}`;
  const reply = await app.inject({
    method: method as 'GET',
    url,
    headers: {
      'x-openstack-ironic-api-version': version,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const json = reply.body.startsWith('{') ? (JSON.parse(reply.body) as JsonObject) : {};
  const wrong = contradiction(
    { method, url, body },
    { status: reply.statusCode, text: reply.body },
  );
  if (wrong !== undefined) throw new Error(`${request} contradicts /openapi.json: ${wrong}`);
  const inner = json.error_message;
  return {
    status: reply.statusCode,
    headers: reply.headers,
    text: reply.body,
    json,
    error: typeof inner === 'string' ? (JSON.parse(inner) as JsonObject) : {},
  };
}
