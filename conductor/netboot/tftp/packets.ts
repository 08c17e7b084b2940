import { OPCODE } from './request.ts';

/** What a client says during a transfer. */
export type ClientPacket =
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

/** Reads a datagram of a running transfer; `undefined` when it is neither ACK nor ERROR. */
export function readClientPacket(bytes: Uint8Array): ClientPacket | undefined {
  if (bytes.length < 4) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const opcode = buffer.readUInt16BE();
  if (opcode === OPCODE.ack) return { kind: 'ack', block: buffer.readUInt16BE(2) };
  if (opcode !== OPCODE.error) return undefined;
  const [text = ''] = buffer.toString('latin1', 4, 132).split('\0');
  const message = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return { kind: 'error', code: buffer.readUInt16BE(2), message };
}

/** The four bytes before a block's data. `block` counts from 1 and wraps to 0 after 65535. */
export function dataHeader(block: number): Buffer {
  const header = Buffer.allocUnsafe(4);
  header.writeUInt16BE(OPCODE.data);
  header.writeUInt16BE(block & 0xffff, 2);
  return header;
}

/** An OACK, RFC 2347 §4. */
export function optionAckPacket(options: ReadonlyMap<string, string>): Buffer {
  const words = Array.from(options, ([name, value]) => `${name}\0${value}\0`).join('');
  return Buffer.concat([Buffer.of(0, OPCODE.optionAck), Buffer.from(words, 'latin1')]);
}

/** An ERROR, RFC 1350 §5. */
export function errorPacket(code: number, message: string): Buffer {
  return Buffer.concat([
    Buffer.of(0, OPCODE.error, code >> 8, code & 255),
    Buffer.from(`${message}\0`, 'latin1'),
  ]);
}
