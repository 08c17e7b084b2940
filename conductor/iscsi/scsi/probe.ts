import { IronpxeError } from '../../errors/error.ts';
import type { ScsiResult, ScsiTask } from '../session/task.ts';
import { inquiry, readCapacity16, reportLuns, testUnitReady } from './cdb.ts';
import {
  type BlockLimits,
  type Capacity,
  type DiskIdentity,
  type InquiryData,
  parseBlockLimits,
  parseCapacity,
  parseInquiry,
  parseLuns,
  parseSerial,
  parseVpdPages,
} from './inquiry.ts';
import { expectGood, isGood } from './outcome.ts';

/** Carries out a command to its final end, good or not. */
export type Execute = (task: ScsiTask) => Promise<ScsiResult>;

/** All that is asked of a disk before it is used. */
export type DiskFacts = {
  readonly identity: DiskIdentity;
  readonly capacity: Capacity;
  readonly limits: BlockLimits;
};

const VPD = { pages: 0x00, serial: 0x80, blockLimits: 0xb0 } as const;
const PAGE_BYTES = 252;
const LUN_LIST_BYTES = 1024;

/**
 * Clears unit attentions and asks for identity, size and limits.
 * @throws IronpxeError ISCSI_LUN_NOT_FOUND, ISCSI_NOT_A_DISK, ISCSI_NOT_READY, …
 */
export async function probeDisk(execute: Execute, lun: number): Promise<DiskFacts> {
  const standard = await ask(execute, inquiry(PAGE_BYTES), PAGE_BYTES, 'identify itself');
  const facts = parseInquiry(standard);
  if (facts.qualifier !== 0 || facts.deviceType === 0x1f) throw await lunNotFound(execute, lun);
  if (facts.deviceType !== 0) throw await notADisk(execute, lun, facts);
  expectGood(await execute({ cdb: testUnitReady() }), 'become ready');
  const capacity = parseCapacity(await ask(execute, readCapacity16(32), 32, 'tell its size'));
  const pages = parseVpdPages((await askPage(execute, VPD.pages)) ?? Buffer.alloc(0));
  const page = async (number: number): Promise<Buffer> =>
    (pages.includes(number) ? await askPage(execute, number) : undefined) ?? Buffer.alloc(0);
  const { vendor, product } = facts;
  return {
    identity: { vendor, product, serial: parseSerial(await page(VPD.serial)) },
    capacity,
    limits: parseBlockLimits(await page(VPD.blockLimits)),
  };
}

/** Whether two probes saw the same disk. */
export function isSameDisk(left: DiskFacts, right: DiskFacts): boolean {
  return describeDisk(left) === describeDisk(right);
}

/** `IET VIRTUAL-DISK beaf11, 2097152 blocks of 512 bytes`. */
export function describeDisk({ identity, capacity }: DiskFacts): string {
  const { vendor, product, serial } = identity;
  return `${vendor} ${product} ${serial}, ${capacity.blocks} blocks of ${capacity.blockSizeBytes} bytes`;
}

async function ask(
  execute: Execute,
  cdb: Buffer,
  dataInBytes: number,
  what: string,
): Promise<Buffer> {
  return expectGood(await execute({ cdb, dataIn: Buffer.alloc(dataInBytes) }), what).data;
}

/** A disk may lack any page. */
async function askPage(execute: Execute, page: number): Promise<Buffer | undefined> {
  const dataIn = Buffer.alloc(PAGE_BYTES);
  const result = await execute({ cdb: inquiry(PAGE_BYTES, page), dataIn });
  return isGood(result) ? result.data : undefined;
}

async function lunNotFound(execute: Execute, lun: number): Promise<IronpxeError> {
  const others = await listLuns(execute);
  return new IronpxeError('ISCSI_LUN_NOT_FOUND', `The target has no LUN ${lun}; it has ${others}.`);
}

async function notADisk(
  execute: Execute,
  lun: number,
  { deviceType, product }: InquiryData,
): Promise<IronpxeError> {
  const others = await listLuns(execute);
  const type = `0x${deviceType.toString(16).padStart(2, '0')}`;
  return new IronpxeError(
    'ISCSI_NOT_A_DISK',
    `LUN ${lun} ("${product}") has the device type ${type}, a disk has 0x00; the target has ${others}.`,
  );
}

async function listLuns(execute: Execute): Promise<string> {
  const dataIn = Buffer.alloc(LUN_LIST_BYTES);
  // A LUN that does not exist may answer nothing; LUN 0 always does (SAM-5 §4.6.4).
  const result = await execute({ cdb: reportLuns(LUN_LIST_BYTES), lun: 0, dataIn });
  const luns = isGood(result) ? parseLuns(result.data) : [];
  return luns.length === 0 ? 'no LUN that it tells of' : `LUN ${luns.join(', ')}`;
}
