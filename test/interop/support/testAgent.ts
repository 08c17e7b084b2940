import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import got from 'got';
import { run } from '../../../conductor/process/run.ts';

type Params = Readonly<Record<string, unknown>>;

/** What it reads of `standby.prepare_image`. */
type PrepareImage = {
  readonly image_info: {
    readonly id: string;
    readonly urls: readonly [string];
    readonly os_hash_algo: string;
    readonly os_hash_value: string;
    readonly image_type: string;
    readonly root_mb?: number;
  };
  readonly configdrive?: string;
};

/** What it reads of the commands about steps. */
type RunStep = {
  readonly node: { readonly uuid: string };
  readonly ports: readonly unknown[];
  readonly step: { readonly interface: string; readonly step: string; readonly args?: unknown };
  readonly clean_version?: { readonly generic: string };
  readonly deploy_version?: { readonly generic: string };
  readonly service_version?: { readonly generic: string };
};

/** What an agent does otherwise than a good one. */
export type AgentFaults = {
  /** Writes nothing before this settles. */
  readonly writeAfter?: Promise<void>;
  /** The disk returns something else than was sent. */
  readonly corrupts?: boolean;
  /** Says nothing of its certificate. */
  readonly hidesCertificate?: boolean;
  /** It gets a command, and its answer is lost. */
  readonly losesAnswerOf?: string;
  /** What it answers to `standby.power_off`. */
  readonly keepsRunning?: boolean;
};

export type AgentOptions = {
  readonly kernelLine: string;
  readonly mac: string;
  readonly diskPath: string;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly faults?: AgentFaults;
  readonly steps?: readonly Params[];
  readonly onPowerOff: () => void;
};

type Command = {
  readonly id: string;
  readonly command_name: string;
  readonly command_params: Params;
  command_status: string;
  command_error: unknown;
  command_result: unknown;
};

const VERSION = { 'X-OpenStack-Ironic-API-Version': '1.68' };

/** What the agent of a machine tells of it. */
export const INVENTORY = {
  interfaces: [
    { name: 'eth0', mac_address: '52:54:00:00:00:01', has_carrier: true, ipv4_address: '10.0.0.9' },
    { name: 'eth1', mac_address: '52:54:00:00:00:02', has_carrier: false },
  ],
  disks: [{ name: '/dev/vda', size: 20 * 1024 ** 3, rotational: true, serial: 'D1' }],
  cpu: { count: 4, architecture: 'x86_64', model_name: 'A CPU', flags: ['vmx'], frequency: '2000' },
  memory: { total: 8 * 1024 ** 3, physical_mb: 8192 },
  system_vendor: { manufacturer: 'ACME', product_name: 'One', serial_number: 'S' },
  boot: { current_boot_mode: 'uefi', pxe_interface: '52:54:00:00:00:01' },
  bmc_address: '10.0.0.99',
};

/**
 * An agent as Ironic's is seen from the network: it looks its node up, reports, takes one command at
 * a time, and really fetches, checks and writes what it is told.
 */
export class TestAgent implements AsyncDisposable {
  readonly #options: AgentOptions;
  readonly #stop = new AbortController();
  readonly commands: Command[] = [];
  /** Names of the commands that were taken, in order. */
  readonly taken: string[] = [];
  readonly steps: string[] = [];
  /** What its look-ups and reports were answered. */
  readonly answers: number[] = [];
  configDrive: Buffer | undefined;
  token = '';
  nodeUuid = '';
  #url = '';
  #server: ReturnType<typeof createHttp> | undefined;
  #uuids: Params = {};

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  get #faults(): AgentFaults {
    return this.#options.faults ?? {};
  }

  /** Starts it as a boot does; it goes on in the background. */
  async boot(): Promise<void> {
    const { tls, kernelLine } = this.#options;
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response).catch(() => response.destroy());
    this.#server = tls === undefined ? createHttp(handle) : createHttps(tls, handle);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port: listenPort } = this.#server.address() as AddressInfo;
    this.#url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listenPort}`;
    const [, api = ''] = /ipa-api-url=(\S+)/.exec(kernelLine) ?? [];
    const [, inspection] = /ipa-inspection-callback-url=(\S+)/.exec(kernelLine) ?? [];
    void this.#live(api, inspection).catch(() => {});
  }

  async #live(api: string, inspection: string | undefined): Promise<void> {
    const { signal } = this.#stop;
    if (inspection !== undefined) {
      const body = { inventory: INVENTORY, error: null, lshw: { id: 'core' } };
      // Without a version, as Ironic's agent does it.
      await this.#until(async () => (await this.#post(inspection, body, {})) === 202);
      return;
    }
    const root = await got(`${api}/`, { signal }).json<{ default_version: { version: string } }>();
    if (root.default_version.version < '1.68') throw new Error('too old an API');
    await this.#until(() => this.#lookUp(api));
    await this.report();
  }

  async #lookUp(api: string): Promise<boolean> {
    const { signal } = this.#stop;
    const found = await got(`${api}/v1/lookup`, {
      signal,
      searchParams: { addresses: `00:00:00:00:00:aa,${this.#options.mac}` },
      headers: VERSION,
      throwHttpErrors: false,
    });
    this.answers.push(found.statusCode);
    if (found.statusCode !== 200) return false;
    const { node, config } = JSON.parse(found.body) as {
      readonly node: { readonly uuid: string };
      readonly config: { readonly agent_token: string };
    };
    this.nodeUuid = node.uuid;
    this.token = config.agent_token;
    this.#reportUrl = `${api}/v1/heartbeat/${node.uuid}`;
    return true;
  }

  #reportUrl = '';

  /** Sends a heartbeat, again until it is taken. */
  async report(): Promise<void> {
    const { tls } = this.#options;
    const body = {
      callback_url: this.#url,
      agent_token: this.token,
      agent_version: '9.4.0',
      ...(tls && !this.#faults.hidesCertificate && { agent_verify_ca: tls.cert }),
    };
    await this.#until(async () => {
      const status = await this.#post(this.#reportUrl, body);
      this.answers.push(status);
      return status !== 409;
    });
  }

  async #post(
    url: string,
    body: unknown,
    headers: Record<string, string> = VERSION,
  ): Promise<number> {
    const { signal } = this.#stop;
    const settings = { json: body, headers, throwHttpErrors: false, signal } as const;
    return (await got.post(url, settings)).statusCode;
  }

  async #until(attempt: () => Promise<boolean>): Promise<void> {
    while (!(await attempt())) await delay(50, undefined, { signal: this.#stop.signal });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://agent');
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.searchParams.get('agent_token') !== this.token)
      return void send(401, { faultstring: 'Token invalid.', faultcode: 'Client' });
    const id = /^\/v1\/commands\/(.+)$/.exec(url.pathname)?.[1];
    if (request.method === 'POST') {
      const { name, params } = (await json(request)) as { name: string; params: Params };
      if (this.commands.at(-1)?.command_status === 'RUNNING')
        return void send(409, { type: 'AgentIsBusy', message: 'Agent is busy', code: 409 });
      const { command, ended } = this.#take(name, params);
      if (this.#faults.losesAnswerOf === name && this.#isFirst(name))
        return void response.destroy();
      if (url.searchParams.get('wait') === 'true') await ended;
      return void send(200, command);
    }
    if (id === undefined) return void send(200, { commands: this.commands });
    const found = this.commands.find((one) => one.id === id);
    return void (found ? send(200, found) : send(404, { faultstring: 'Command not found' }));
  }

  #isFirst(name: string): boolean {
    return this.taken.filter((one) => one === name).length === 1;
  }

  #take(name: string, params: Params): { command: Command; ended: Promise<void> } {
    this.taken.push(name);
    const command: Command = {
      id: randomUUID(),
      command_name: name.slice(name.indexOf('.') + 1),
      command_params: params,
      command_status: 'RUNNING',
      command_error: null,
      command_result: null,
    };
    this.commands.push(command);
    const ended = this.#carryOut(name, params).then(
      (result) =>
        void Object.assign(command, { command_status: 'SUCCEEDED', command_result: result }),
      (error: unknown) =>
        void Object.assign(command, {
          command_status: 'FAILED',
          command_error: { type: 'CommandError', code: 500, message: String(error), details: '' },
        }),
    );
    void ended.then(() => this.report()).catch(() => {});
    return { command, ended };
  }

  async #carryOut(name: string, params: Params): Promise<unknown> {
    const [, kind] = /^(clean|deploy|service)\./.exec(name) ?? [];
    if (kind !== undefined && name.includes('.get_'))
      return {
        [`${kind}_steps`]: { GenericHardwareManager: this.#options.steps ?? [] },
        hardware_manager_version: { generic: '1.2' },
      };
    if (kind !== undefined) return this.#step(params as RunStep);
    if (name === 'standby.prepare_image') return this.#prepareImage(params as PrepareImage);
    if (name === 'standby.get_partition_uuids') return this.#uuids;
    if (name === 'standby.sync') return {};
    if (name === 'image.install_bootloader') return {};
    if (name !== 'standby.power_off') throw new Error(`Unknown command ${name}`);
    if (!this.#faults.keepsRunning) setImmediate(this.#options.onPowerOff);
    return {};
  }

  async #step({ step, node, ports, ...versions }: RunStep): Promise<unknown> {
    const { clean_version: clean, deploy_version: deploy, service_version: service } = versions;
    const version = (clean ?? deploy ?? service)?.generic;
    this.steps.push(`${step.interface}.${step.step} ${JSON.stringify(step.args ?? {})}`);
    if (version !== '1.2' || node.uuid !== this.nodeUuid || ports.length === 0)
      throw new Error('wrong parameters');
    if (step.step === 'break') throw new Error('the disk is broken');
    return { clean_result: null, clean_step: step };
  }

  async #prepareImage({ image_info: info, configdrive }: PrepareImage): Promise<unknown> {
    await this.#faults.writeAfter;
    const bytes = await got(info.urls[0], { signal: this.#stop.signal }).buffer();
    const found = createHash(info.os_hash_algo).update(bytes).digest('hex');
    const isGood = found === info.os_hash_value && !this.#faults.corrupts;
    if (!isGood) throw new Error(`ImageChecksumError: ${found}`);
    const { diskPath } = this.#options;
    const isPartition = info.image_type === 'partition';
    if (isPartition) await this.#partition(info);
    await using disk = await open(diskPath, 'r+');
    await disk.write(bytes, 0, bytes.length, isPartition ? 1024 ** 2 : 0);
    if (configdrive !== undefined)
      this.configDrive = gunzipSync(Buffer.from(configdrive, 'base64'));
    if (isPartition) {
      const at = ['-p', '-O', String(1024 ** 2), '-s', 'UUID', '-o', 'value', diskPath];
      const { stdout } = await run('blkid', at);
      this.#uuids = { 'root uuid': stdout.trim(), 'efi system partition uuid': null };
    }
    return { result: `prepare_image: image (${info.id}) written to device ${diskPath}` };
  }

  async #partition(info: PrepareImage['image_info']): Promise<void> {
    const script = `label: dos\n1MiB,${info.root_mb}MiB,L\n`;
    await run('sfdisk', ['--no-reread', '--no-tell-kernel', this.#options.diskPath], {
      input: script,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}
