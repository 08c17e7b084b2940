import optionTable from 'dhcp/lib/options.js';
import protocol, { type WirePacket } from 'dhcp/lib/protocol.js';
import type { Ipv4 } from '../../values/ipv4.ts';
import { macFromBytes, type Mac } from '../../values/mac.ts';
import { messageTypeCode, messageTypeName, OPTION, type MessageType } from './codes.ts';
import { readOptions, type DhcpOptionMap } from './options.ts';

/** A DHCP message from or to an Ethernet client, RFC 2131 §2. */
export type DhcpPacket = {
  readonly op: 'request' | 'reply';
  readonly type: MessageType;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  readonly mac: Mac;
  /** The boot file of the header. */
  readonly file: string;
  readonly options: DhcpOptionMap;
};

/** What was wrong with a datagram; they are counted by this text. */
export type DhcpFault =
  | 'too short'
  | 'not BOOTP over Ethernet'
  | 'no DHCP cookie'
  | 'broken options'
  | 'no message type'
  | 'bad client address';

export const ANY: Ipv4 = '0.0.0.0' as Ipv4;
/** The flag with which a client asks for broadcast replies, RFC 2131 §2. */
export const BROADCAST_FLAG = 0x8000;

const HEADER_BYTES = 236;
const COOKIE = 0x63825363;
/** RFC 951's packet size; some firmware drops shorter replies. */
const LEAST_BYTES = 300;
const SNAME = { start: 44, end: 108 };
const FILE = { start: 108, end: 236 };

// Every option is read and written here as raw bytes, so the package is told that all are byte
// lists: its own types drop, misread or print what they do not know.
for (let code = 1; code < 255; code++)
  optionTable.addOption(code, { name: `option ${code}`, type: 'UInt8s' });

/** Reads a datagram; a {@link DhcpFault} when it is not a DHCP message over Ethernet. */
export function decodePacket(bytes: Uint8Array): DhcpPacket | DhcpFault {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES + 4) return 'too short';
  if ((buffer[0] !== 1 && buffer[0] !== 2) || buffer[1] !== 1 || buffer[2] !== 6)
    return 'not BOOTP over Ethernet';
  if (buffer.readUInt32BE(HEADER_BYTES) !== COOKIE) return 'no DHCP cookie';
  const options = allOptions(buffer);
  if (options === undefined) return 'broken options';
  const typeBytes = options.get(OPTION.messageType);
  const type = typeBytes?.length === 1 ? messageTypeName(typeBytes[0]) : undefined;
  if (type === undefined) return 'no message type';
  const mac = macFromBytes(buffer.subarray(28, 34));
  // A group address (lowest bit of the first octet) or all zeros is no client's own address.
  if (((buffer[28] ?? 0) & 1) === 1 || mac === '00:00:00:00:00:00') return 'bad client address';
  return fromWire(protocol.parse(headerOf(buffer)), { type, mac, options });
}

/** The header alone with an empty options area, which is all the package is asked to read. */
function headerOf(buffer: Buffer): Buffer {
  return Buffer.concat([buffer.subarray(0, HEADER_BYTES + 4), Buffer.of(255)]);
}

/** Options of the options area, then of `file` and `sname` where option 52 says so (RFC 2131 §4.1). */
function allOptions(buffer: Buffer): DhcpOptionMap | undefined {
  const area = buffer.subarray(HEADER_BYTES + 4);
  const own = readOptions(area);
  const overload = own?.get(OPTION.overload)?.[0] ?? 0;
  if (overload === 0) return own;
  const more: Buffer[] = [];
  if (overload & 1) more.push(buffer.subarray(FILE.start, FILE.end));
  if (overload & 2) more.push(buffer.subarray(SNAME.start, SNAME.end));
  return readOptions(area, ...more);
}

function fromWire(
  wire: WirePacket,
  read: { type: MessageType; mac: Mac; options: DhcpOptionMap },
): DhcpPacket {
  const { hops, xid, secs, flags, file } = wire;
  return {
    op: wire.op === 1 ? 'request' : 'reply',
    hops,
    xid,
    secs,
    flags,
    file,
    ciaddr: wire.ciaddr as Ipv4,
    yiaddr: wire.yiaddr as Ipv4,
    siaddr: wire.siaddr as Ipv4,
    giaddr: wire.giaddr as Ipv4,
    ...read,
  };
}

/** Writes a message, padded to 300 bytes. Option 53 is taken from `type`. */
export function encodePacket(packet: DhcpPacket): Buffer {
  const { type, mac, options, op, ...rest } = packet;
  const all = new Map(options).set(OPTION.messageType, Uint8Array.of(messageTypeCode(type)));
  const written = protocol.format({
    ...rest,
    op: op === 'request' ? 1 : 2,
    htype: 1,
    hlen: 6,
    chaddr: mac,
    sname: '',
    options: Object.fromEntries(Array.from(all, ([code, value]) => [code, Array.from(value)])),
  });
  return written._data.subarray(0, Math.max(written._w, LEAST_BYTES));
}
