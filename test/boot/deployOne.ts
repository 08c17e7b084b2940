import { deploy, enroll, type TimelineEntry } from '../../lab/deploy.ts';
import type { HardwareNode } from '../../lab/hardware.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../lab/userImage.ts';
import type { BootLab } from './bootLab.ts';
import type { BootWay } from './pairs.ts';

/** What came of one deploy. */
export type Deployed = {
  /** From the first power-on to the login prompt of the deployed system. */
  readonly seconds: number;
  /** Every file that the machine fetched, as `tftp NAME` or `http /NAME`; its UUID as `UUID`. */
  readonly fetched: readonly string[];
  readonly uuid: string;
  /** The TFTP windows that were agreed on (RFC 7440); 1 where the loader asked for none. */
  readonly windowsizes: readonly number[];
  /** The byte of the serial log behind the login prompt. */
  readonly endOffset: number;
};

/** Many times what it takes: the machines may share two cores with others. */
export const LOGIN_TIMEOUT_MS = 900_000;

/** Enrolls a machine, deploys it, and waits until its own system asks who is there. */
export async function deployOne(
  lab: BootLab,
  node: HardwareNode,
  way: BootWay,
  signal: AbortSignal,
): Promise<Deployed> {
  const { api, instanceInfo } = lab;
  const driverInfo = { ...node.driverInfo, ...way.driverInfo } as HardwareNode['driverInfo'];
  const uuid = await enroll(api, { ...node, driverInfo }, signal);
  const entries: TimelineEntry[] = [];
  for await (const entry of deploy(api, uuid, instanceInfo, signal)) entries.push(entry);
  const powerOn = entries.find(({ kind }) => kind === 'power.changed');
  const timeoutMs = LOGIN_TIMEOUT_MS;
  const { endOffset } = await waitForSerial(node.serialLogPath, LOGIN_PROMPT, {
    timeoutMs,
    signal,
  });
  const windowsizes = windowsOf(entries);
  const seconds = Math.round((Date.now() - Date.parse(powerOn?.at ?? '')) / 1000);
  return { seconds, fetched: filesOf(entries, uuid), uuid, windowsizes, endOffset };
}

/** Files that the entries tell of, as in {@link Deployed}. */
export function filesOf(entries: readonly TimelineEntry[], uuid: string): string[] {
  return entries
    .filter(({ kind }) => kind === 'tftp.done' || kind === 'http.done')
    .map(({ kind, data }) => `${kind.slice(0, 4)} ${String(data['file'])}`)
    .map((line) => line.replace(uuid, 'UUID'));
}

function windowsOf(entries: readonly TimelineEntry[]): number[] {
  const done = entries.filter(({ kind }) => kind === 'tftp.done');
  return [...new Set(done.map(({ data }) => Number(data['windowsize'])))];
}
