import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openApi, type Api } from './api.ts';
import { LabFault } from './fault.ts';
import type { HardwareFacts } from './hardware.ts';
import { netArgument } from './network.ts';
import { startDaemon, type Daemon } from './processes.ts';
import { tailOf } from './serial.ts';

/** A conductor of a lab. */
export type LabConductor = { readonly api: Api; readonly daemon: Daemon };

/** What a lab's conductor is told; paths are absolute. */
export type ConductorOptions = {
  readonly deployKernel: string;
  readonly deployRamdisk: string;
  /** Folders from which images may be taken. */
  readonly imageFolders: readonly string[];
  readonly ipxe: boolean;
  /** Options of the configuration file that are not the lab's, by section. */
  readonly sections?: Readonly<Record<string, object>>;
  readonly signal?: AbortSignal;
};

const TOP = join(import.meta.dirname, '..');
const LISTEN_PORT = 6385;
const BOOT_LISTEN_PORT = 8088;
const START_TIMEOUT_MS = 180_000;

/** The socket on which the API of a lab's conductor is reached from outside its namespace. */
export function apiSocketPath(stateDir: string): string {
  return join(stateDir, 'api.sock');
}

/**
 * Starts a conductor in the lab's namespace and waits until its API answers.
 * @throws LabFault
 */
export async function startConductor(
  hardware: HardwareFacts,
  options: ConductorOptions,
): Promise<LabConductor> {
  const { stateDir, netns } = hardware;
  const configPath = join(stateDir, 'conductor.yaml');
  const config = conductorConfig(hardware, options);
  await mkdir(dirname(configPath), { recursive: true });
  // JSON is YAML.
  await writeFile(configPath, `${JSON.stringify(config, undefined, 2)}\n`);
  const program = join(TOP, 'bin', 'ironpxe');
  const command: [string, ...string[]] = [
    'nsenter',
    netArgument(netns),
    '--',
    program,
    'conductor',
    '--config',
    configPath,
  ];
  const daemon = await startDaemon(stateDir, 'conductor', command);
  const api = openApi(apiSocketPath(stateDir));
  const ended = daemon.ended.then((how) => `ended with ${how}`);
  const how = await Promise.race([ended, untilServing(api, options.signal)]);
  if (how === undefined) return { api, daemon };
  throw new LabFault(
    `The conductor ${how}: ${await tailOf(daemon.logPath)}`,
    `Read ${daemon.logPath}; its configuration is ${configPath}.`,
  );
}

async function untilServing(api: Api, signal?: AbortSignal): Promise<string | undefined> {
  const endMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < endMs) {
    const answer = await api.get('/').catch(() => undefined);
    if (answer !== undefined) return undefined;
    await delay(50, undefined, signal && { signal });
  }
  return `does not serve after ${START_TIMEOUT_MS / 1000} s`;
}

/** The configuration of a lab's conductor, as `docs/ironpxe.example.yaml` explains it. */
export function conductorConfig(hardware: HardwareFacts, options: ConductorOptions): object {
  const { stateDir, bridgeAddress, subnet } = hardware;
  const base = subnet.network.replace(/\.0$/, '');
  return {
    state_dir: join(stateDir, 'conductor'),
    host: 'lab',
    api: {
      listen_address: '127.0.0.1',
      listen_port: LISTEN_PORT,
      socket: apiSocketPath(stateDir),
    },
    boot_http: {
      listen_address: bridgeAddress,
      listen_port: BOOT_LISTEN_PORT,
      url: `http://${bridgeAddress}:${BOOT_LISTEN_PORT}`,
    },
    dhcp: {
      server_address: bridgeAddress,
      subnets: [
        {
          cidr: `${subnet.network}/${subnet.prefixLength}`,
          range_start: `${base}.100`,
          range_end: `${base}.199`,
        },
      ],
    },
    tftp: { listen_address: bridgeAddress },
    images: { file_url_allowed_paths: options.imageFolders },
    ...options.sections,
    pxe: {
      append_params: 'nofb nomodeset console=ttyS0,115200',
      ipxe_enabled: options.ipxe,
      deploy_kernel: options.deployKernel,
      deploy_ramdisk: options.deployRamdisk,
      ...options.sections?.['pxe'],
    },
  };
}
