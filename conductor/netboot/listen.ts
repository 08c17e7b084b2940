import { readdir, readFile, readlink } from 'node:fs/promises';
import { IronpxeError } from '../errors/error.ts';
import { errorCode } from './systemError.ts';

/** Which service wanted to listen, and where. */
export type ListenWish = {
  /** `DHCP`, `TFTP` or `HTTP boot`. */
  readonly service: string;
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly listenPort: number;
};

/**
 * Turns what `bind` or `listen` failed with into an error that says who is in the way.
 * Codes: NETBOOT_LISTEN_IN_USE, NETBOOT_LISTEN_REFUSED.
 */
export async function listenError(wish: ListenWish, cause: unknown): Promise<IronpxeError> {
  const { service, protocol, address, listenPort } = wish;
  const where = `${address}:${listenPort}/${protocol}`;
  if (errorCode(cause) !== 'EADDRINUSE')
    return new IronpxeError(
      'NETBOOT_LISTEN_REFUSED',
      `${service} cannot listen on ${where}: ${errorCode(cause) ?? String(cause)}.`,
      { cause },
    );
  const holder = await listenHolder(protocol, listenPort);
  const who = holder === undefined ? 'another program' : `${holder.name} (process ${holder.pid})`;
  return new IronpxeError(
    'NETBOOT_LISTEN_IN_USE',
    `${service} cannot listen on ${where}: ${who} does.`,
    {
      cause,
    },
  );
}

/** The process that holds a listening port in this network namespace, as far as /proc shows it. */
export async function listenHolder(
  protocol: 'udp' | 'tcp',
  listenPort: number,
): Promise<{ pid: number; name: string } | undefined> {
  const inodes = await socketInodes(protocol, listenPort);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of inodes.size === 0 ? [] : pids)
    if (await holdsSocket(pid, inodes)) return { pid: Number(pid), name: await processName(pid) };
  return undefined;
}

async function socketInodes(protocol: string, listenPort: number): Promise<Set<string>> {
  const suffix = `:${listenPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = await Promise.all(
    [protocol, `${protocol}6`].map((name) =>
      readFile(`/proc/self/net/${name}`, 'utf8').catch(() => ''),
    ),
  );
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  return new Set(rows.filter((row) => row[1]?.endsWith(suffix)).map((row) => row[9] ?? ''));
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  );
  return links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '-'));
}

async function processName(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?');
  return text.trim();
}
