import {
  type IscsiDisk,
  type IscsiDiskOptions,
  openIscsiDisk,
} from '../../../conductor/iscsi/disk.ts';
import { isCommand, type Script, ScriptedTarget } from './scriptedTarget.ts';

export const KIB = 1024;
export const WRITE = 0x8a;
export const READ = 0x88;
export const FLUSH = 0x91;
export const WRITE_SAME = 0x93;
export const DATA = Buffer.alloc(600 * KIB, 'ironpxe ');

export async function open(
  target: ScriptedTarget,
  options: Partial<IscsiDiskOptions> = {},
): Promise<IscsiDisk> {
  return await openIscsiDisk({
    host: target.host,
    listenPort: target.listenPort,
    iqn: 'iqn.2026-11.test:scripted',
    lun: 1,
    connectTimeoutMs: 10_000,
    commandTimeoutMs: 10_000,
    reconnectForMs: 20_000,
    signal: new AbortController().signal,
    ...options,
  });
}

/** A script that does something for the first `times` commands with this operation code. */
export function first(times: number, opcode: number, act: Script): Script {
  let left = times;
  return (pdu, connection) => isCommand(pdu, opcode) && left-- > 0 && act(pdu, connection);
}
