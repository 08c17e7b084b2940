import type { JsonObject } from '../../store/types.ts';

/** A part of an LLDP frame: its type, and its value (IEEE 802.1AB §8.4). */
export type Tlv = { readonly type: number; readonly value: Buffer };

/** What a switch says of itself and of its port; `undefined` where it does not. */
export type Neighbour = {
  readonly switchId?: string;
  readonly portId?: string;
  readonly portDescription?: string;
  readonly systemName?: string;
  readonly systemDescription?: string;
  /** IEEE 802.1Q: the VLAN of untagged frames. */
  readonly portVlan?: number;
};

const END = 0;
const CHASSIS_ID = 1;
const PORT_ID = 2;
const PORT_DESCRIPTION = 4;
const SYSTEM_NAME = 5;
const SYSTEM_DESCRIPTION = 6;
const ORGANIZATION = 127;

/** Subtypes of the ids whose value is a MAC. */
const MAC_CHASSIS = 4;
const MAC_PORT = 3;
/** OUI 00-80-C2 (IEEE 802.1) with subtype 1. */
const PORT_VLAN = '0080c201';

/** Takes a frame's TLVs apart; what does not hold together ends the list. */
export function parseTlvs(hex: string): readonly Tlv[] {
  const bytes = Buffer.from(hex, 'hex');
  const found: Tlv[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const head = bytes.readUInt16BE(at);
    const [type, length] = [head >> 9, head & 0x1ff];
    if (type === END || at + 2 + length > bytes.length) break;
    found.push({ type, value: bytes.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

/** What the TLVs of a frame say; the first of each type counts. */
export function neighbourOf(tlvs: readonly Tlv[]): Neighbour {
  const valueOf = (type: number) => tlvs.find((tlv) => tlv.type === type)?.value;
  const vlan = tlvs.find(
    ({ type, value }) => type === ORGANIZATION && value.toString('hex', 0, 4) === PORT_VLAN,
  );
  const found = {
    switchId: idOf(valueOf(CHASSIS_ID), MAC_CHASSIS),
    portId: idOf(valueOf(PORT_ID), MAC_PORT),
    portDescription: textOf(valueOf(PORT_DESCRIPTION)),
    systemName: textOf(valueOf(SYSTEM_NAME)),
    systemDescription: textOf(valueOf(SYSTEM_DESCRIPTION)),
    portVlan: vlan && vlan.value.length >= 6 ? vlan.value.readUInt16BE(4) : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** An id begins with its subtype; those that are no MAC are texts, or shown as digits. */
function idOf(value: Buffer | undefined, macSubtype: number): string | undefined {
  if (value === undefined || value.length < 2) return undefined;
  const id = value.subarray(1);
  if (value[0] === macSubtype && id.length === 6) return id.toString('hex').match(/../g)?.join(':');
  return textOf(id) ?? id.toString('hex');
}

function textOf(value: Buffer | undefined): string | undefined {
  const text = value?.toString('utf8').replace(/\0+$/, '').trim();
  return text === undefined || text === '' || /[\p{Cc}\uFFFD]/u.test(text) ? undefined : text;
}

/** A port's `local_link_connection`, by which Neutron finds the port of the switch. */
export function localLinkOf(hex: string | undefined): JsonObject | undefined {
  const { switchId, portId, systemName } = neighbourOf(parseTlvs(hex ?? ''));
  if (switchId === undefined || portId === undefined) return undefined;
  return {
    switch_id: switchId,
    port_id: portId,
    ...(systemName !== undefined && { switch_info: systemName }),
  };
}

/** The TLVs in the form of Ironic's agent: `[type, hexadecimal value]` each. */
export function agentLldp(hex: string): readonly (readonly [number, string])[] {
  return parseTlvs(hex).map(({ type, value }) => [type, value.toString('hex')]);
}

/** {@link agentLldp} backwards; a TLV that is none is left out. */
export function toFrame(tlvs: readonly (readonly [type: number, value: string])[]): string {
  return tlvs
    .map(([type, value]) => ({ type, value: Buffer.from(value, 'hex') }))
    .filter(({ value }) => value.length < 512)
    .map(({ type, value }) => {
      const head = Buffer.alloc(2);
      head.writeUInt16BE((type << 9) | value.length);
      return head.toString('hex') + value.toString('hex');
    })
    .join('');
}
