import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { agentRoutes } from '../../../conductor/api/agentRoutes.ts';
import { parseConfig } from '../../../conductor/config/load.ts';
import type { ProvisionOptions } from '../../../conductor/deploy/conductor.ts';
import { createConductor, type RunningConductor } from '../../../conductor/deploy/service.ts';
import { createWakeUps } from '../../../conductor/deploy/wakeups.ts';
import type { Driver, PowerState } from '../../../conductor/drivers/types.ts';
import { buildBootHttp } from '../../../conductor/netboot/http/plugin.ts';
import { agentImages } from '../../../conductor/run/agentImages.ts';
import { netbootFacts } from '../../../conductor/run/netbootFacts.ts';
import type { Verb } from '../../../conductor/states/index.ts';
import { getBootFacts } from '../../../conductor/store/bootFacts.ts';
import { type Database, openDatabase } from '../../../conductor/store/database.ts';
import { listEvents } from '../../../conductor/store/events.ts';
import { getNode, insertNode, updateNode } from '../../../conductor/store/nodes.ts';
import { insertPort } from '../../../conductor/store/ports.ts';
import type { JsonObject, Node } from '../../../conductor/store/types.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { poll } from './poll.ts';
import { type AgentFaults, type AgentOptions, TestAgent } from './testAgent.ts';

export const UUID = '11111111-1111-4111-8111-111111111111';
const MAC = '52:54:00:00:00:01' as Mac;

/** What takes longer does not come any more. */

export const folder = mkdtempSync(join(tmpdir(), 'ironpxe-agent-'));

/** A certificate in the name of nobody, as agents make one at their start. */
export function makeCertificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', key, '-out', cert, '-subj', `/CN=${name}`];
  execFileSync('openssl', ['req', ...kind, ...files], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

export type AgentBenchOptions = {
  readonly config?: string;
  readonly state?: 'available' | 'manageable';
  readonly instanceInfo?: JsonObject;
  readonly properties?: JsonObject;
  readonly makeDisk: (path: string) => Promise<unknown>;
  readonly faults?: AgentFaults;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly steps?: readonly JsonObject[];
  /** What boots in place of the test's own agent. */
  readonly makeAgent?: (options: AgentOptions) => AsyncDisposable & { boot(): Promise<void> };
};

/** A machine whose ramdisk is an agent, the boot HTTP server, and the real conductor behind both. */
export type AgentBench = AsyncDisposable & {
  readonly database: Database;
  readonly conductor: RunningConductor;
  readonly diskPath: string;
  readonly url: string;
  /** Of each start, what it booted: a label of the boot facts, or `disk`. */
  readonly boots: readonly string[];
  readonly power: PowerState;
  readonly bootDevice: string;
  faults: AgentFaults;
  /** The agents of all starts; the last one runs. */
  readonly agents: readonly TestAgent[];
  node(): Promise<Node>;
  provision(verb: Verb, options?: ProvisionOptions): Promise<void>;
  until(...states: readonly string[]): Promise<Node>;
  /** Settles once `look` finds something. */
  poll<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T>;
  /** Kinds of the timeline's events, with their messages. */
  events(kind: string): Promise<readonly string[]>;
  restart(): Promise<void>;
};

/** Makes a bench with an available node; disposing it ends all that it started. */
export async function makeAgentBench(options: AgentBenchOptions): Promise<AgentBench> {
  await using made = new AsyncDisposableStack();
  const database = made.adopt(await openDatabase(':memory:'), (db) => db.destroy());
  const logger = pino({ level: 'silent' });
  const wakeUps = createWakeUps();
  const facts = netbootFacts({ database, wakeUps, logger, ipxeByDefault: false });
  const tree = {
    resolve: async () => ({ nodeUuid: undefined, refused: 'absent', why: '' }) as const,
  };
  const http = made.adopt(await buildBootHttp({ tree, observe() {} }), (app) => app.close());
  const stateDir = made.adopt(await mkdtemp(join(folder, 'state-')), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const diskPath = join(stateDir, 'disk');
  await options.makeDisk(diskPath);

  const machine = { power: 'power off' as PowerState, device: 'disk', boots: [] as string[] };
  const agents: TestAgent[] = [];
  let running: AsyncDisposable | undefined;
  let faults = options.faults ?? {};
  const stop = async () => {
    machine.power = 'power off';
    await running?.[Symbol.asyncDispose]();
  };
  const boot = async () => {
    machine.power = 'power on';
    const boots = await getBootFacts(database, UUID);
    machine.boots.push(boots?.label ?? 'disk');
    if (boots === undefined || machine.device !== 'pxe') return;
    const data = { vendor_class: 'PXEClient:Arch:00000:UNDI:002001' };
    facts.observe({ kind: 'dhcp.discover', message: '', nodeUuid: UUID, data });
    if (boots.label === 'boot_partition') {
      const file = `/${UUID}/ramdisk`;
      facts.observe({ kind: 'http.done', message: file, nodeUuid: UUID, data: { file } });
    }
    if (boots.label !== 'deploy') return;
    const agentOptions = {
      kernelLine: boots.deployOptions,
      mac: MAC,
      diskPath,
      tls: options.tls,
      faults,
      steps: options.steps ?? [],
      onPowerOff: () => void stop(),
    };
    const own = new TestAgent(agentOptions);
    agents.push(own);
    const agent = options.makeAgent?.(agentOptions) ?? own;
    running = agent;
    await agent.boot();
  };
  made.defer(stop);

  const driver: Driver = {
    name: 'simulated',
    properties: {},
    supportedBootDevices: ['pxe', 'disk'],
    validate() {},
    powerState: async () => machine.power,
    async setPower(_node, target) {
      if (target !== 'power on') await stop();
      if (target !== 'power off' && machine.power === 'power off') await boot();
    },
    bootDevice: async () => ({ device: 'pxe', persistent: true }),
    async setBootDevice(_node, device) {
      machine.device = device;
    },
  };

  let conductor: RunningConductor;
  const late = new Proxy({} as RunningConductor, {
    get: (_, name) => Reflect.get(conductor, name) as unknown,
  });
  await http.register(agentRoutes, { database, conductor: late });
  await http.register(agentImages, { database });
  await http.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
  const config = parseConfig(
    `state_dir: ${stateDir}
boot_http: {url: "${url}"}
dhcp: {enabled: false}
host: me
pxe: {deploy_kernel: ${folder}/kernel, deploy_ramdisk: ${folder}/ramdisk}
images: {file_url_allowed_paths: [${folder}]}
${options.config ?? ''}`,
    'c',
  );
  const services = { database, config, drivers: new Map([['simulated', driver]]) };
  const make = () => createConductor({ services, wakeUps, logger });
  conductor = make();
  made.defer(() => conductor.stop());
  const provisionState = options.state ?? 'available';
  await insertNode(database, { uuid: UUID, driver: 'simulated', provisionState });
  await insertPort(database, { uuid: UUID, nodeUuid: UUID, address: MAC });
  const { instanceInfo = {}, properties = {} } = options;
  await updateNode(database, UUID, {
    instanceInfo,
    properties,
    interfaces: { deploy: 'direct' },
  });
  const node = () => getNode(database, UUID);
  const look: AgentBench['poll'] = (question) => poll(database, UUID, question);
  const all = made.move();
  return {
    database,
    get conductor() {
      return conductor;
    },
    diskPath,
    url,
    boots: machine.boots,
    get power() {
      return machine.power;
    },
    get bootDevice() {
      return machine.device;
    },
    get faults() {
      return faults;
    },
    set faults(wanted) {
      faults = wanted;
    },
    agents,
    node,
    poll: look,
    provision: async (verb, more = {}) => conductor.provision(await node(), verb, more),
    until: (...states) =>
      look(async () => {
        const found = await node();
        const { provisionState: state } = found;
        if (state.endsWith('failed') && !states.includes(state))
          throw new Error(`${state}: ${found.lastError}`);
        return states.includes(state) ? found : undefined;
      }),
    async events(kind) {
      const events = await listEvents(database, { nodeUuid: UUID });
      return events.filter((event) => event.kind === kind).map(({ message }) => message);
    },
    async restart() {
      await conductor.stop();
      conductor = make();
      await conductor.resume();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
