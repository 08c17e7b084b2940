import { IronpxeError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { ScsiResult } from '../session/task.ts';
import { describeSense, parseSense, type Sense } from './sense.ts';

/** SCSI status codes (SAM-5 §5.3). */
const STATUS = {
  good: 0x00,
  check: 0x02,
  busy: 0x08,
  taskSetFull: 0x28,
  taskAborted: 0x40,
} as const;

const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [0x04, 'CONDITION MET'],
  [0x08, 'BUSY'],
  [0x18, 'RESERVATION CONFLICT'],
  [0x28, 'TASK SET FULL'],
  [0x30, 'ACA ACTIVE'],
  [0x40, 'TASK ABORTED'],
]);

export const SENSE_KEY = {
  recoveredError: 1,
  notReady: 2,
  mediumError: 3,
  hardwareError: 4,
  illegalRequest: 5,
  unitAttention: 6,
  dataProtect: 7,
  abortedCommand: 11,
} as const;

const CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [SENSE_KEY.notReady, 'ISCSI_NOT_READY'],
  [SENSE_KEY.mediumError, 'ISCSI_MEDIUM_ERROR'],
  [SENSE_KEY.hardwareError, 'ISCSI_HARDWARE_ERROR'],
  [SENSE_KEY.illegalRequest, 'ISCSI_ILLEGAL_REQUEST'],
  [SENSE_KEY.dataProtect, 'ISCSI_WRITE_PROTECTED'],
]);

const LUN_NOT_SUPPORTED = 0x25;

/** The sense data of a command that ended with CHECK CONDITION, if any. */
export function senseOf(result: ScsiResult): Sense | undefined {
  return result.status === STATUS.check ? parseSense(result.sense) : undefined;
}

/** Whether the command did what it should. */
export function isGood(result: ScsiResult): boolean {
  return result.status === STATUS.good || senseOf(result)?.key === SENSE_KEY.recoveredError;
}

/**
 * How long to wait before the same command is sent again, in milliseconds; `undefined` when its
 * end is final. `attempt` counts from 0.
 */
export function retryDelayMs(result: ScsiResult, attempt: number): number | undefined {
  const sense = senseOf(result);
  const isBusy = result.status === STATUS.busy || result.status === STATUS.taskSetFull;
  const isStarting = sense?.key === SENSE_KEY.notReady && sense.asc === 0x04 && sense.ascq === 0x01;
  if (isBusy || isStarting) return attempt < 16 ? Math.min(2000, 100 * 2 ** attempt) : undefined;
  const isPassing =
    sense?.key === SENSE_KEY.unitAttention ||
    sense?.key === SENSE_KEY.abortedCommand ||
    result.status === STATUS.taskAborted;
  return isPassing && attempt < 8 ? 10 * attempt : undefined;
}

/**
 * Returns a good result, and throws for any other. `what` says what was tried, such as
 * `write 2048 blocks at LBA 0`.
 * @throws IronpxeError ISCSI_* by sense key, ISCSI_COMMAND_FAILED for everything else
 */
export function expectGood(result: ScsiResult, what: string): ScsiResult {
  if (isGood(result)) return result;
  const sense = senseOf(result);
  const why = sense ? describeSense(sense) : describeStatus(result.status);
  throw new IronpxeError(codeOf(sense), `The target did not ${what}: ${why}.`);
}

function codeOf(sense: Sense | undefined): ErrorCode {
  if (sense?.key === SENSE_KEY.illegalRequest && sense.asc === LUN_NOT_SUPPORTED)
    return 'ISCSI_LUN_NOT_FOUND';
  return (sense && CODES.get(sense.key)) ?? 'ISCSI_COMMAND_FAILED';
}

function describeStatus(status: number): string {
  const number = `0x${status.toString(16).padStart(2, '0')}`;
  if (status === STATUS.check) return `CHECK CONDITION (${number}) without sense data`;
  return `${STATUS_NAMES.get(status) ?? 'SCSI status'} (${number})`;
}
