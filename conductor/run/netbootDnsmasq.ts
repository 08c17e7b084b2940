import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import {
  dnsmasqFiles,
  hostsFileName,
  ignoredHost,
  type DnsmasqMachine,
} from '../netboot/dhcp/dnsmasqFiles.ts';
import { getBootFacts } from '../store/bootFacts.ts';
import type { Database } from '../store/database.ts';
import { getNode } from '../store/nodes.ts';
import { listPorts } from '../store/ports.ts';
import { tryParseMac } from '../values/mac.ts';
import { knownHost } from './netbootFacts.ts';

/** From one look at the store to the next: a machine's firmware takes longer to come up. */
const EVERY_MS = 1000;

export type DnsmasqOptions = {
  readonly database: Database;
  readonly config: Config;
  readonly logger: Logger;
};

/** In mode dnsmasq, keeps the files of an operator's dnsmasq as the store has it, until disposed of. */
export function startDnsmasqFiles(options: DnsmasqOptions): AsyncDisposable {
  const stop = new AbortController();
  const { enabled, mode } = options.config.dhcp;
  const running = enabled && mode === 'dnsmasq' ? keep(options, stop.signal) : Promise.resolve();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function keep(options: DnsmasqOptions, signal: AbortSignal): Promise<void> {
  const written = new Map<string, string>();
  while (!signal.aborted) {
    await writeAll(options, written).catch((error: unknown) =>
      options.logger.warn({ err: error }, 'the files for dnsmasq'),
    );
    await delay(EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Writes what is not as it should be; `written` is what this process wrote, by path. */
async function writeAll(options: DnsmasqOptions, written: Map<string, string>): Promise<void> {
  const { dhcp, boot_http: http } = options.config;
  const { server_address: tftpServer, dnsmasq_hosts_dir: hosts } = dhcp;
  const { dnsmasq_options_dir: optionsDir } = dhcp;
  // The configuration was checked to have them.
  if (tftpServer === undefined || hosts === undefined || optionsDir === undefined) return;
  const files = dnsmasqFiles(await machinesOf(options), { tftpServer, httpUrl: http.url });
  // Options first: a host's tag must mean something when dnsmasq reads of it.
  for (const [name, text] of files.options) await write(optionsDir, name, text, written);
  for (const [name, text] of files.hosts) await write(hosts, name, text, written);
  for (const name of await strays(hosts, files.hosts)) {
    const mac = tryParseMac(name.slice('ironic-'.length, -'.conf'.length));
    if (mac) await write(hosts, hostsFileName(mac), ignoredHost(mac), written);
  }
  for (const name of await strays(optionsDir, files.options)) {
    await rm(join(optionsDir, name), { force: true });
    written.delete(join(optionsDir, name));
  }
}

async function machinesOf({ database, config }: DnsmasqOptions): Promise<DnsmasqMachine[]> {
  const ports = (await listPorts(database, {})).filter(({ pxeEnabled }) => pxeEnabled);
  return Promise.all(
    ports.map(async ({ address: mac, nodeUuid }) => {
      const node = await getNode(database, nodeUuid);
      const { ipxe, ipxeDrivers } = knownHost(node, config.pxe.ipxe_enabled);
      const boots = (await getBootFacts(database, nodeUuid)) !== undefined;
      const loader = ipxe ? (ipxeDrivers ? 'ipxeDrivers' : 'ipxe') : 'pxe';
      return { mac, nodeUuid, loader: boots ? loader : undefined } as const;
    }),
  );
}

/** Our files of earlier runs and removed ports. */
async function strays(folder: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^ironic-.+\.conf$/.test(name) && !files.has(name));
}

/** Whole or not at all: dnsmasq reads a file as soon as it is there. */
async function write(
  folder: string,
  name: string,
  text: string,
  written: Map<string, string>,
): Promise<void> {
  const path = join(folder, name);
  if (written.get(path) === text) return;
  await mkdir(folder, { recursive: true });
  // dnsmasq skips names that begin with a dot.
  const partial = join(folder, `.${name}`);
  await writeFile(partial, text);
  await rename(partial, path);
  written.set(path, text);
}
