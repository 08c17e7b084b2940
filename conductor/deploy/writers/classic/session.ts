import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { IronpxeError } from '../../../errors/error.ts';
import type { ChapCredentials } from '../../../iscsi/login/chap.ts';
import { forgetIface, insist, iscsiadm } from './iscsiadm.ts';
import { sessionSettings, updateRecord } from './record.ts';

/** Which disk the kernel shall log in to. */
export type KernelTarget = {
  readonly host: string;
  readonly listenPort: number;
  readonly iqn: string;
  readonly lun: number;
  /** Our name; the host's own (`/etc/iscsi/initiatorname.iscsi`) by default. */
  readonly initiatorIqn?: string | undefined;
  readonly chap?: ChapCredentials | undefined;
  /** After so long without the target all I/O fails. */
  readonly reconnectForMs: number;
};

const PREFIX = 'ironpxe';
const DEVICE_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 200;
const RESCAN_EVERY = 10;

/**
 * The open-iscsi interface of our session with a target. Its name tells whose it is (`owner`, such
 * as the state directory), so that a restarted conductor finds what a killed one left.
 */
export function ifaceName(owner: string, iqn: string): string {
  return `${ifacePrefix(owner)}${digest(iqn)}`;
}

/** What the names of all interfaces of `owner` begin with. */
export function ifacePrefix(owner: string): string {
  return `${PREFIX}.${digest(owner)}.`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** `address:port` as iscsiadm takes it: an IPv6 address in brackets. */
export function portalOf(host: string, listenPort: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${listenPort}`;
}

/** Where udev puts the disk. */
export function devicePath({ host, listenPort, iqn, lun }: KernelTarget): string {
  return `/dev/disk/by-path/ip-${host}:${listenPort}-iscsi-${iqn}-lun-${lun}`;
}

/**
 * Has the kernel log in: discovery, record, login, device. What an earlier session of the same
 * interface left goes first. On any failure nothing is left.
 * @returns the device, such as `/dev/sda`
 * @throws IronpxeError ISCSI_*, COMMAND_NOT_FOUND; the reason of `signal`
 */
export async function logIn(
  target: KernelTarget,
  iface: string,
  signal: AbortSignal,
): Promise<string> {
  await forgetIface(iface);
  try {
    await makeIface(iface, target.initiatorIqn, signal);
    const portalGroup = await discover(target, iface, signal);
    const settings = sessionSettings(target.reconnectForMs, target.chap);
    await updateRecord({ ...target, portalGroup, iface }, settings);
    await insist(`log in to "${target.iqn}"`, [...nodeArguments(target, iface), '--login'], signal);
    return await waitForDevice(target, iface, signal);
  } catch (error) {
    await forgetIface(iface);
    throw error;
  }
}

function nodeArguments(target: KernelTarget, iface: string): readonly string[] {
  const portal = portalOf(target.host, target.listenPort);
  return ['--mode', 'node', '--targetname', target.iqn, '--portal', portal, '--interface', iface];
}

async function makeIface(
  iface: string,
  initiatorIqn: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const ours = ['--mode', 'iface', '--interface', iface];
  await insist('make an interface', [...ours, '--op', 'new'], signal);
  const name = initiatorIqn ?? (await hostInitiator());
  const update = ['--op', 'update', '--name', 'iface.initiatorname', '--value', name];
  await insist('name the initiator', [...ours, ...update], signal);
}

async function hostInitiator(): Promise<string> {
  const text = await readFile('/etc/iscsi/initiatorname.iscsi', 'utf8').catch(() => '');
  const name = /^InitiatorName=(\S+)$/m.exec(text)?.[1];
  if (name !== undefined) return name;
  throw new IronpxeError(
    'ISCSI_KERNEL_INITIATOR_MISSING',
    'No "InitiatorName=" stands in /etc/iscsi/initiatorname.iscsi.',
  );
}

/** @returns the target's portal group, from lines like `192.0.2.1:3260,1 iqn.2026-11.test:disk` */
async function discover(
  { host, listenPort, iqn }: KernelTarget,
  iface: string,
  signal: AbortSignal,
): Promise<number> {
  const portal = portalOf(host, listenPort);
  const how = ['--mode', 'discovery', '--type', 'sendtargets', '--portal', portal];
  const found = await insist(`discover at ${portal}`, [...how, '--interface', iface], signal);
  const group = portalGroupOf(found, portal, iqn);
  if (group !== undefined) return group;
  const listed = found.trim().split('\n').join(', ') || 'none';
  throw new IronpxeError(
    'ISCSI_TARGET_NOT_FOUND',
    `The portal ${portal} has no target "${iqn}"; its targets are: ${listed}.`,
  );
}

/** The portal group of a target in the answer to a discovery. */
export function portalGroupOf(found: string, portal: string, iqn: string): number | undefined {
  for (const line of found.split('\n')) {
    const [address = '', name] = line.split(' ');
    const comma = address.lastIndexOf(',');
    if (name === iqn && address.slice(0, comma) === portal) return Number(address.slice(comma + 1));
  }
  return undefined;
}

async function waitForDevice(
  target: KernelTarget,
  iface: string,
  signal: AbortSignal,
): Promise<string> {
  const path = devicePath(target);
  const looks = DEVICE_TIMEOUT_MS / LOOK_EVERY_MS;
  for (let look = 1; look <= looks; look++) {
    const device = await realpath(path).catch(() => undefined);
    if (device !== undefined) return device;
    if (look % RESCAN_EVERY === 0)
      await iscsiadm([...nodeArguments(target, iface), '--rescan'], signal);
    await setTimeout(LOOK_EVERY_MS, undefined, { signal });
  }
  throw new IronpxeError(
    'ISCSI_DEVICE_MISSING',
    `The kernel logged in to "${target.iqn}", but ${path} did not come up within ${DEVICE_TIMEOUT_MS / 1000} s.`,
  );
}
