import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageType } from '../../../conductor/netboot/dhcp/codes.ts';

const FOLDER = join(import.meta.dirname, '../../vectors/dhcp');

/** The captured client messages of one dialogue, in order. */
export function captured(name: string): { type: MessageType; bytes: Buffer }[] {
  const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8');
  const { packets } = JSON.parse(text) as { packets: { type: MessageType; hex: string }[] };
  return packets.map(({ type, hex }) => ({ type, bytes: Buffer.from(hex, 'hex') }));
}

/** Every dialogue that was recorded. */
export const DIALOGUES = ['dhclient', 'ipxe-rom', 'ovmf', 'uboot', 'udhcpc', 'undionly'] as const;
