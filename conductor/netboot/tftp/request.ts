/** A read request, RFC 1350 §5 with the options of RFC 2347. */
export type ReadRequest = {
  readonly kind: 'read';
  readonly fileName: string;
  /** Option values as sent, by lower-case name. */
  readonly options: ReadonlyMap<string, string>;
};

/** A datagram that starts no transfer, and the TFTP error to answer it with, if any. */
export type RefusedRequest = {
  readonly kind: 'refused';
  readonly why: string;
  /** RFC 1350 §5; `undefined`: better left unanswered. */
  readonly code: number | undefined;
  readonly fileName: string | undefined;
};

export const OPCODE = { read: 1, write: 2, data: 3, ack: 4, error: 5, optionAck: 6 } as const;
export const TFTP_ERROR = { other: 0, notFound: 1, access: 2, illegal: 4 } as const;

/** RFC 2347 §2: a request and its options fit into 512 bytes. Longer ones are noise. */
const LONGEST_REQUEST = 512;

/** Reads what arrives at the TFTP server's listening port. */
export function readRequest(bytes: Uint8Array): ReadRequest | RefusedRequest {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 4 || buffer.length > LONGEST_REQUEST) return silent('a request of odd size');
  const opcode = buffer.readUInt16BE();
  const words = readWords(buffer.subarray(2));
  if (opcode === OPCODE.write)
    return refused('this server is read-only', TFTP_ERROR.access, words?.[0]);
  // Never answer an ERROR or stray DATA and ACK with an ERROR: two servers could go on for ever.
  if (opcode !== OPCODE.read) return silent(`opcode ${opcode}`);
  const [fileName, mode, ...pairs] = words ?? [];
  if (fileName === undefined || mode === undefined || fileName === '')
    return refused('malformed request', TFTP_ERROR.illegal, fileName);
  if (mode.toLowerCase() !== 'octet')
    return refused('only octet mode is served', TFTP_ERROR.illegal, fileName);
  return { kind: 'read', fileName, options: optionsOf(pairs) };
}

/** Splits NUL-terminated words; `undefined` when the last one is not terminated. */
function readWords(bytes: Buffer): string[] | undefined {
  const words = bytes.toString('latin1').split('\0');
  // Some firmware fills the rest of its packet with NULs: empty words at the end are no fault.
  return words.pop() === '' ? words : undefined;
}

/** Option names are case-insensitive (RFC 2347 §2); a repeated or unpaired one is left out. */
function optionsOf(pairs: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at]?.toLowerCase() ?? '';
    if (name !== '' && !options.has(name)) options.set(name, pairs[at + 1] ?? '');
  }
  return options;
}

function refused(why: string, code: number, fileName: string | undefined): RefusedRequest {
  return { kind: 'refused', why, code, fileName };
}

function silent(why: string): RefusedRequest {
  return { kind: 'refused', why, code: undefined, fileName: undefined };
}
