import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type DriveTraits, virtualDrives } from './redfishDrives.ts';

/**
 * A small Redfish service in front of a machine, after the shapes that DMTF publishes (DSP0266,
 * DSP2046): no package of the distribution has one. Its traits are those in which BMCs differ.
 */
export type RedfishTraits = {
  readonly sessions?: boolean;
  readonly weakEtag?: boolean;
  readonly systems?: readonly string[];
  readonly manufacturer?: string;
  /** Answers 503 to so many requests first. */
  readonly busyFor?: number;
  readonly resetTypes?: readonly string[];
  readonly enabledValues?: readonly string[];
  /** Of the system; it has none without. */
  readonly biosVersion?: string;
  /** Of the manager; there is no manager without. */
  readonly managerVersion?: string;
  /** Answers 500 for the manager. */
  readonly brokenManager?: true;
  /** The virtual drives; none without. */
  readonly drives?: readonly DriveTraits[];
  /** Whose drives they are; the manager's without. */
  readonly drivesOf?: 'system' | 'manager';
};

/** The machine behind the service. */
export type ServedMachine = {
  isOn(): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Told of every change of `BootSourceOverrideTarget`. */
  setBoot?(target: string): Promise<void>;
};

/** The service while it runs. */
export type RedfishService = AsyncDisposable & {
  readonly driverInfo: Readonly<Record<string, unknown>>;
  /** Method and path of every request, with the body of changes. */
  readonly requests: readonly string[];
  readonly boot: Record<string, unknown>;
  /** The image in each virtual drive, by its Id. */
  readonly images: Readonly<Record<string, string | null>>;
  openSessions(): number;
  /** Forgets all sessions, as a BMC does that was reset. */
  forgetSessions(): void;
};

/** What a request is answered with. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> };

const SYSTEMS = '/redfish/v1/Systems';
const MANAGER = '/redfish/v1/Managers/bmc';
const USER = { name: 'admin', password: 'swordfish-42' };
const RESET_TYPES = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];

/** Starts a service on the loopback. */
export async function startRedfish(
  machine: ServedMachine,
  traits: RedfishTraits = {},
): Promise<RedfishService> {
  const requests: string[] = [];
  const sessions = new Map<string, string>();
  const boot: Record<string, unknown> = {
    BootSourceOverrideTarget: 'None',
    BootSourceOverrideEnabled: 'Disabled',
    BootSourceOverrideMode: 'Legacy',
    'BootSourceOverrideTarget@Redfish.AllowableValues': ['None', 'Pxe', 'Hdd', 'Cd'],
    ...(traits.enabledValues && {
      'BootSourceOverrideEnabled@Redfish.AllowableValues': traits.enabledValues,
    }),
  };
  let version = 1;
  let busy = traits.busyFor ?? 0;
  let secureBoot = false;
  const { systems = ['1'] } = traits;
  const drivesOwner =
    traits.drivesOf === 'system' ? '/redfish/v1/Systems/1' : '/redfish/v1/Managers/bmc';
  const drives = virtualDrives(`${drivesOwner}/VirtualMedia`, traits.drives ?? []);
  const drivesAt = (path: string) =>
    traits.drives && path === drivesOwner && { VirtualMedia: { '@odata.id': drives.path } };
  const etag = () => `${traits.weakEtag ? 'W/' : ''}"${version}"`;

  function logIn(body: Record<string, unknown>): Answer {
    if (traits.sessions === false) return { status: 404, body: {} };
    if (body['UserName'] !== USER.name || body['Password'] !== USER.password)
      return { status: 401, body: {} };
    const id = String(sessions.size + 1);
    sessions.set(id, `token-${id}-${Math.random()}`);
    const location = `/redfish/v1/SessionService/Sessions/${id}`;
    return {
      status: 201,
      body: { '@odata.id': location, Id: id, Name: 'Session', UserName: USER.name },
      headers: { 'x-auth-token': sessions.get(id) ?? '', location },
    };
  }

  function isLoggedIn({ headers }: IncomingMessage): boolean {
    const token = headers['x-auth-token'];
    if (typeof token === 'string') return [...sessions.values()].includes(token);
    const basic = Buffer.from(`${USER.name}:${USER.password}`).toString('base64');
    return headers.authorization === `Basic ${basic}`;
  }

  async function system(id: string): Promise<Answer> {
    const path = `/redfish/v1/Systems/${id}`;
    const body = {
      '@odata.id': path,
      '@odata.type': '#ComputerSystem.v1_13_0.ComputerSystem',
      Id: id,
      Name: 'System',
      Manufacturer: traits.manufacturer ?? 'QEMU',
      Model: 'Standard PC',
      PowerState: (await machine.isOn()) ? 'On' : 'Off',
      Boot: boot,
      ...(traits.biosVersion && { BiosVersion: traits.biosVersion }),
      ...drivesAt(path),
      Links: {
        Chassis: [],
        ...(traits.managerVersion && { ManagedBy: [{ '@odata.id': MANAGER }] }),
      },
      SecureBoot: { '@odata.id': `${path}/SecureBoot` },
      Actions: {
        '#ComputerSystem.Reset': {
          target: `${path}/Actions/ComputerSystem.Reset`,
          'ResetType@Redfish.AllowableValues': traits.resetTypes ?? RESET_TYPES,
        },
      },
    };
    return { status: 200, body, headers: { etag: etag() } };
  }

  function manager(): Answer {
    const body = {
      '@odata.id': MANAGER,
      '@odata.type': '#Manager.v1_12_0.Manager',
      Id: 'bmc',
      Name: 'Manager',
      ManagerType: 'BMC',
      FirmwareVersion: traits.managerVersion,
      ...drivesAt(MANAGER),
      Links: { ManagerForServers: systems.map((id) => ({ '@odata.id': `${SYSTEMS}/${id}` })) },
    };
    return { status: 200, body };
  }

  async function reset({ ResetType: type }: Record<string, unknown>): Promise<Answer> {
    if (!(traits.resetTypes ?? RESET_TYPES).includes(String(type)))
      return { status: 400, body: {} };
    const isOn = await machine.isOn();
    if (type === 'On' && isOn) return { status: 409, body: {} };
    if (type !== 'On') await machine.stop();
    if (type === 'On' || /Restart/.test(String(type))) await machine.start();
    return { status: 204 };
  }

  async function patch(request: IncomingMessage, body: Record<string, unknown>): Promise<Answer> {
    const given = request.headers['if-match'];
    if (given !== undefined && given !== `"${version}"`) return { status: 412, body: {} };
    if (given === undefined) return { status: 428, body: {} };
    Object.assign(boot, body['Boot']);
    await machine.setBoot?.(String(boot['BootSourceOverrideTarget']));
    version += 1;
    return { status: 200, body: {} };
  }

  async function answer(request: IncomingMessage, text: string): Promise<Answer> {
    const { method = 'GET', url = '/' } = request;
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    requests.push(`${method} ${url}${text === '' || url.endsWith('/Sessions') ? '' : ` ${text}`}`);
    if (busy > 0) {
      busy -= 1;
      return { status: 503, body: {}, headers: { 'retry-after': '1' } };
    }
    if (method === 'POST' && url === '/redfish/v1/SessionService/Sessions') return logIn(body);
    if (url === '/redfish/v1/')
      return {
        status: 200,
        body: {
          '@odata.id': url,
          '@odata.type': '#ServiceRoot.v1_9_0.ServiceRoot',
          Id: 'RootService',
          Name: 'Root',
          RedfishVersion: '1.11.0',
          Systems: { '@odata.id': '/redfish/v1/Systems' },
          SessionService: { '@odata.id': '/redfish/v1/SessionService' },
          Links: { Sessions: { '@odata.id': '/redfish/v1/SessionService/Sessions' } },
        },
      };
    if (!isLoggedIn(request)) return { status: 401, body: {} };
    if (url === '/redfish/v1/SessionService')
      return {
        status: 200,
        body: {
          '@odata.id': url,
          Id: 'SessionService',
          Name: 'Session Service',
          ServiceEnabled: true,
          SessionTimeout: 1800,
          Sessions: { '@odata.id': `${url}/Sessions` },
        },
      };
    const [, session] = /\/Sessions\/(\d+)$/.exec(url) ?? [];
    if (method === 'DELETE' && session !== undefined)
      return { status: sessions.delete(session) ? 204 : 404 };
    if (url === '/redfish/v1/Systems')
      return {
        status: 200,
        body: {
          '@odata.id': url,
          Name: 'Systems',
          'Members@odata.count': systems.length,
          Members: systems.map((id) => ({ '@odata.id': `${url}/${id}` })),
        },
      };
    if (url === MANAGER && traits.brokenManager) return { status: 500, body: {} };
    if (url === MANAGER && traits.managerVersion !== undefined) return manager();
    const ofDrives = await drives.answer(method, url, body);
    if (ofDrives !== undefined) return ofDrives;
    const [, id = '', rest = ''] = /^\/redfish\/v1\/Systems\/([^/]+)(\/.*)?$/.exec(url) ?? [];
    if (!systems.includes(id)) return { status: 404, body: {} };
    if (rest === '' && method === 'GET') return system(id);
    if (rest === '' && method === 'PATCH') return patch(request, body);
    if (rest === '/Actions/ComputerSystem.Reset') return reset(body);
    if (rest === '/SecureBoot' && method === 'PATCH')
      secureBoot = body['SecureBootEnable'] === true;
    return rest === '/SecureBoot'
      ? { status: 200, body: { Id: 'SecureBoot', SecureBootEnable: secureBoot } }
      : { status: 404, body: {} };
  }

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (text += part));
    request.on('end', () => void answer(request, text).then((ready) => send(response, ready)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const listenPort = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    driverInfo: {
      redfish_address: `http://127.0.0.1:${listenPort}`,
      redfish_username: USER.name,
      redfish_password: USER.password,
    },
    requests,
    boot,
    images: drives.images,
    openSessions: () => sessions.size,
    forgetSessions: () => sessions.clear(),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
}
