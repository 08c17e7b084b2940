import { ADDITIONAL_SENSE } from './senseCodes.ts';

/** Sense data: why a command failed (SPC-5 §4.4). */
export type Sense = {
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
  /** The block at which it happened, where the disk says so. */
  readonly lba: number | undefined;
  /** The error belongs to an earlier command, already answered as good. */
  readonly deferred: boolean;
};

/** Sense keys (SPC-5 table 49). */
export const SENSE_KEYS = [
  'NO SENSE',
  'RECOVERED ERROR',
  'NOT READY',
  'MEDIUM ERROR',
  'HARDWARE ERROR',
  'ILLEGAL REQUEST',
  'UNIT ATTENTION',
  'DATA PROTECT',
  'BLANK CHECK',
  'VENDOR SPECIFIC',
  'COPY ABORTED',
  'ABORTED COMMAND',
  'RESERVED',
  'VOLUME OVERFLOW',
  'MISCOMPARE',
  'COMPLETED',
] as const;

/** Reads sense data in fixed or descriptor format; `undefined` when it is too short or neither. */
export function parseSense(bytes: Buffer): Sense | undefined {
  const format = (bytes[0] ?? 0) & 0x7f;
  if ((format === 0x70 || format === 0x71) && bytes.length >= 8) return parseFixed(bytes);
  if ((format === 0x72 || format === 0x73) && bytes.length >= 8) return parseDescriptors(bytes);
  return undefined;
}

function parseFixed(bytes: Buffer): Sense {
  const isLbaValid = ((bytes[0] ?? 0) & 0x80) !== 0;
  return {
    key: (bytes[2] ?? 0) & 0x0f,
    asc: bytes[12] ?? 0,
    ascq: bytes[13] ?? 0,
    lba: isLbaValid ? bytes.readUInt32BE(3) : undefined,
    deferred: ((bytes[0] ?? 0) & 0x7f) === 0x71,
  };
}

function parseDescriptors(bytes: Buffer): Sense {
  return {
    key: (bytes[1] ?? 0) & 0x0f,
    asc: bytes[2] ?? 0,
    ascq: bytes[3] ?? 0,
    lba: findInformation(bytes),
    deferred: ((bytes[0] ?? 0) & 0x7f) === 0x73,
  };
}

/** The information descriptor (type 0) holds the block as 64 bits. */
function findInformation(bytes: Buffer): number | undefined {
  for (let at = 8; at + 12 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0))
    if (bytes[at] === 0 && ((bytes[at + 2] ?? 0) & 0x80) !== 0)
      return Number(bytes.readBigUInt64BE(at + 4));
  return undefined;
}

/** `MEDIUM ERROR, write error (3/0c/00) at LBA 4100`. */
export function describeSense(sense: Sense): string {
  const key = SENSE_KEYS[sense.key] ?? 'RESERVED';
  const text = ADDITIONAL_SENSE.get((sense.asc << 8) | sense.ascq);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const numbers = `${sense.key.toString(16)}/${hex(sense.asc)}/${hex(sense.ascq)}`;
  const at = sense.lba === undefined ? '' : ` at LBA ${sense.lba}`;
  const late = sense.deferred ? ', reported late for an earlier command' : '';
  return `${key}${text ? `, ${text}` : ''} (${numbers})${at}${late}`;
}
