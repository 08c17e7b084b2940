import { IronpxeError } from '../../errors/error.ts';
import type { Pdu } from './decoder.ts';
import { RESPONSE_OPCODES } from './opcodes.ts';

/** The numbers with which a target steers the flow of commands (RFC 7143 §4.2.2). */
export type ResponseNumbers = {
  readonly statSn: number;
  readonly expCmdSn: number;
  readonly maxCmdSn: number;
};

/** How much less (or more, when `overflow`) was moved than announced (RFC 7143 §11.4.5). */
export type Residual = { readonly overflow: boolean; readonly bytes: number };

/** A target's PDU with its fields read. Buffers are valid until the decoder gets more bytes. */
export type TargetPdu =
  | (ResponseNumbers & { readonly kind: 'nop_in'; readonly tag: number } & {
      readonly targetTag: number;
      readonly lun: Buffer;
    })
  | (ResponseNumbers & {
      readonly kind: 'scsi_response';
      readonly tag: number;
      /** 0: the target completed the command; 1: it failed before that. */
      readonly response: number;
      readonly status: number;
      readonly residual: Residual;
      readonly sense: Buffer;
    })
  | (ResponseNumbers & {
      readonly kind: 'data_in';
      readonly tag: number;
      readonly offsetBytes: number;
      readonly data: Buffer;
      /** Present when the command's status rides on its last data. */
      readonly status: number | undefined;
      readonly residual: Residual;
    })
  | (ResponseNumbers & {
      readonly kind: 'r2t';
      readonly tag: number;
      readonly targetTag: number;
      readonly offsetBytes: number;
      readonly lengthBytes: number;
    })
  | (ResponseNumbers & { readonly kind: 'logout_response'; readonly tag: number } & {
      readonly response: number;
    })
  | (ResponseNumbers & { readonly kind: 'async_message'; readonly event: number })
  | (ResponseNumbers & {
      readonly kind: 'reject';
      readonly reason: number;
      /** The start of the PDU that was rejected. */
      readonly rejected: Buffer;
    })
  | (ResponseNumbers & LoginResponse);

/** Login Response (RFC 7143 §11.13). */
export type LoginResponse = {
  readonly kind: 'login_response';
  readonly transit: boolean;
  /** The text goes on in the next response. */
  readonly continues: boolean;
  readonly stage: number;
  readonly nextStage: number;
  readonly statusClass: number;
  readonly statusDetail: number;
  readonly text: Buffer;
};

/**
 * Reads the fields of a target's PDU.
 * @throws IronpxeError ISCSI_PROTOCOL_ERROR for an opcode that no target sends to us
 */
export function parseTargetPdu(pdu: Pdu): TargetPdu {
  const parse = PARSERS.get(pdu.opcode);
  if (parse) return parse(pdu.header, pdu.data, numbersOf(pdu.header));
  const start = pdu.header.toString('hex', 0, 8);
  throw new IronpxeError(
    'ISCSI_PROTOCOL_ERROR',
    `A PDU starting with ${start} has the unexpected opcode 0x${pdu.opcode.toString(16)}.`,
  );
}

function numbersOf(header: Buffer): ResponseNumbers {
  return {
    statSn: header.readUInt32BE(24),
    expCmdSn: header.readUInt32BE(28),
    maxCmdSn: header.readUInt32BE(32),
  };
}

type Parser = (header: Buffer, data: Buffer, numbers: ResponseNumbers) => TargetPdu;

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [RESPONSE_OPCODES.nopIn, parseNopIn],
  [RESPONSE_OPCODES.scsiResponse, parseScsiResponse],
  [RESPONSE_OPCODES.dataIn, parseDataIn],
  [RESPONSE_OPCODES.r2t, parseR2t],
  [RESPONSE_OPCODES.login, parseLogin],
  [RESPONSE_OPCODES.logout, parseLogout],
  [RESPONSE_OPCODES.asyncMessage, parseAsyncMessage],
  [RESPONSE_OPCODES.reject, parseReject],
]);

function parseNopIn(header: Buffer, _data: Buffer, numbers: ResponseNumbers): TargetPdu {
  const targetTag = header.readUInt32BE(20);
  return { kind: 'nop_in', ...numbers, tag: tagOf(header), targetTag, lun: header.subarray(8, 16) };
}

function parseScsiResponse(header: Buffer, data: Buffer, numbers: ResponseNumbers): TargetPdu {
  const senseBytes = data.length < 2 ? 0 : data.readUInt16BE(0);
  return {
    kind: 'scsi_response',
    ...numbers,
    tag: tagOf(header),
    response: header.readUInt8(2),
    status: header.readUInt8(3),
    residual: residualOf(header),
    sense: data.subarray(2, 2 + senseBytes),
  };
}

function parseDataIn(header: Buffer, data: Buffer, numbers: ResponseNumbers): TargetPdu {
  const hasStatus = (header.readUInt8(1) & 1) !== 0;
  return {
    kind: 'data_in',
    ...numbers,
    tag: tagOf(header),
    offsetBytes: header.readUInt32BE(40),
    data,
    status: hasStatus ? header.readUInt8(3) : undefined,
    residual: residualOf(header),
  };
}

function parseR2t(header: Buffer, _data: Buffer, numbers: ResponseNumbers): TargetPdu {
  return {
    kind: 'r2t',
    ...numbers,
    tag: tagOf(header),
    targetTag: header.readUInt32BE(20),
    offsetBytes: header.readUInt32BE(40),
    lengthBytes: header.readUInt32BE(44),
  };
}

function parseLogin(header: Buffer, data: Buffer, numbers: ResponseNumbers): TargetPdu {
  const flags = header.readUInt8(1);
  return {
    kind: 'login_response',
    ...numbers,
    transit: (flags & 0x80) !== 0,
    continues: (flags & 0x40) !== 0,
    stage: (flags >> 2) & 3,
    nextStage: flags & 3,
    statusClass: header.readUInt8(36),
    statusDetail: header.readUInt8(37),
    text: data,
  };
}

function parseLogout(header: Buffer, _data: Buffer, numbers: ResponseNumbers): TargetPdu {
  return {
    kind: 'logout_response',
    ...numbers,
    tag: tagOf(header),
    response: header.readUInt8(2),
  };
}

function parseAsyncMessage(header: Buffer, _data: Buffer, numbers: ResponseNumbers): TargetPdu {
  return { kind: 'async_message', ...numbers, event: header.readUInt8(36) };
}

function parseReject(header: Buffer, data: Buffer, numbers: ResponseNumbers): TargetPdu {
  return { kind: 'reject', ...numbers, reason: header.readUInt8(2), rejected: data };
}

function tagOf(header: Buffer): number {
  return header.readUInt32BE(16);
}

function residualOf(header: Buffer): Residual {
  const flags = header.readUInt8(1);
  const bytes = flags & 0b110 ? header.readUInt32BE(44) : 0;
  return { overflow: (flags & 0b100) !== 0, bytes };
}
