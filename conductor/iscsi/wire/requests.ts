import { BHS_BYTES, REQUEST_OPCODES, RESERVED_TAG } from './opcodes.ts';

const IMMEDIATE = 0x40;
const FINAL = 0x80;

/** The sequence numbers that every request carries (RFC 7143 §4.2.2). */
export type RequestNumbers = { readonly cmdSn: number; readonly expStatSn: number };

/** The 8-byte LUN field: peripheral addressing up to 255, flat above (SAM-5 §4.7.7). */
export function encodeLun(lun: number): Buffer {
  const field = Buffer.alloc(8);
  field.writeUInt16BE(lun < 256 ? lun : 0x4000 | lun);
  return field;
}

function header(opcode: number, flags: number, tag: number): Buffer {
  const bytes = Buffer.alloc(BHS_BYTES);
  bytes.writeUInt8(opcode, 0);
  bytes.writeUInt8(flags, 1);
  bytes.writeUInt32BE(tag, 16);
  return bytes;
}

function number(bytes: Buffer, { cmdSn, expStatSn }: RequestNumbers): Buffer {
  bytes.writeUInt32BE(cmdSn, 24);
  bytes.writeUInt32BE(expStatSn, 28);
  return bytes;
}

/** SCSI Command (RFC 7143 §11.3), simple task attribute; `final`: no unsolicited data follows. */
export function scsiCommandHeader(
  fields: RequestNumbers & {
    readonly tag: number;
    readonly lun: Buffer;
    readonly cdb: Uint8Array;
    readonly direction: 'in' | 'out' | 'none';
    readonly transferBytes: number;
    readonly final: boolean;
  },
): Buffer {
  const direction = { in: 0x40, out: 0x20, none: 0 }[fields.direction];
  const bytes = header(
    REQUEST_OPCODES.scsiCommand,
    (fields.final ? FINAL : 0) | direction | 1,
    fields.tag,
  );
  fields.lun.copy(bytes, 8);
  bytes.writeUInt32BE(fields.transferBytes, 20);
  bytes.set(fields.cdb, 32);
  return number(bytes, fields);
}

/** SCSI Data-Out (RFC 7143 §11.7); `targetTag` is that of the R2T, or reserved when unsolicited. */
export function dataOutHeader(fields: {
  readonly tag: number;
  readonly targetTag: number;
  readonly lun: Buffer;
  readonly expStatSn: number;
  readonly dataSn: number;
  readonly offsetBytes: number;
  readonly final: boolean;
}): Buffer {
  const bytes = header(REQUEST_OPCODES.dataOut, fields.final ? FINAL : 0, fields.tag);
  fields.lun.copy(bytes, 8);
  bytes.writeUInt32BE(fields.targetTag, 20);
  bytes.writeUInt32BE(fields.expStatSn, 28);
  bytes.writeUInt32BE(fields.dataSn, 36);
  bytes.writeUInt32BE(fields.offsetBytes, 40);
  return bytes;
}

/** NOP-Out that asks for a NOP-In (RFC 7143 §11.18). */
export function pingHeader(fields: RequestNumbers & { readonly tag: number }): Buffer {
  const bytes = header(REQUEST_OPCODES.nopOut | IMMEDIATE, FINAL, fields.tag);
  bytes.writeUInt32BE(RESERVED_TAG, 20);
  return number(bytes, fields);
}

/** NOP-Out that answers a target's NOP-In, with its LUN and tag (RFC 7143 §11.18.2). */
export function pongHeader(
  fields: RequestNumbers & { readonly targetTag: number; readonly lun: Buffer },
): Buffer {
  const bytes = header(REQUEST_OPCODES.nopOut | IMMEDIATE, FINAL, RESERVED_TAG);
  fields.lun.copy(bytes, 8);
  bytes.writeUInt32BE(fields.targetTag, 20);
  return number(bytes, fields);
}

/** Logout that closes the whole session (RFC 7143 §11.14). */
export function logoutHeader(fields: RequestNumbers & { readonly tag: number }): Buffer {
  return number(header(REQUEST_OPCODES.logout | IMMEDIATE, FINAL, fields.tag), fields);
}

/** The stages of a login (RFC 7143 §11.12.3). */
export const LOGIN_STAGES = { security: 0, operational: 1, fullFeature: 3 } as const;

/** Login Request (RFC 7143 §11.12); `nextStage` sets the transit bit. */
export function loginHeader(
  fields: RequestNumbers & {
    readonly isid: Buffer;
    readonly stage: number;
    readonly nextStage: number | undefined;
  },
): Buffer {
  const transit = fields.nextStage === undefined ? 0 : 0x80 | fields.nextStage;
  const bytes = header(REQUEST_OPCODES.login | IMMEDIATE, transit | (fields.stage << 2), 0);
  fields.isid.copy(bytes, 8);
  return number(bytes, fields);
}
