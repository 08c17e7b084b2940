import test from 'ava';
import type { ErrorCode } from '../../../conductor/errors/table.ts';
import { expectGood, retryDelayMs } from '../../../conductor/iscsi/scsi/outcome.ts';
import type { ScsiResult } from '../../../conductor/iscsi/session/task.ts';

function result(status: number, sense?: readonly [number, number, number]): ScsiResult {
  const [key, asc, ascq] = sense ?? [0, 0, 0];
  const bytes = sense ? Buffer.from([0x72, key, asc, ascq, 0, 0, 0, 0]) : Buffer.alloc(0);
  return { status, sense: bytes, data: Buffer.alloc(0), residual: { overflow: false, bytes: 0 } };
}

const FAILURES: readonly (readonly [string, ScsiResult, ErrorCode])[] = [
  ['not ready', result(2, [2, 0x3a, 0]), 'ISCSI_NOT_READY'],
  ['write error', result(2, [3, 0x0c, 0]), 'ISCSI_MEDIUM_ERROR'],
  ['hardware error', result(2, [4, 0x44, 0]), 'ISCSI_HARDWARE_ERROR'],
  ['out of range', result(2, [5, 0x21, 0]), 'ISCSI_ILLEGAL_REQUEST'],
  ['no such LUN', result(2, [5, 0x25, 0]), 'ISCSI_LUN_NOT_FOUND'],
  ['write protected', result(2, [7, 0x27, 0]), 'ISCSI_WRITE_PROTECTED'],
  ['no sense data', result(2), 'ISCSI_COMMAND_FAILED'],
  ['reservation conflict', result(0x18), 'ISCSI_COMMAND_FAILED'],
];

for (const [name, failed, code] of FAILURES)
  test(`${name} is ${code}`, (t) => {
    const error = t.throws(() => expectGood(failed, 'write 8 blocks at LBA 16'), { code });
    t.regex(error.message, /did not write 8 blocks at LBA 16: /);
    t.is(retryDelayMs(failed, 0), undefined);
  });

test('a recovered error is good', (t) => {
  t.notThrows(() => expectGood(result(2, [1, 0x17, 0]), 'read'));
});

for (const [name, passing] of [
  ['unit attention', result(2, [6, 0x29, 0])],
  ['aborted command', result(2, [11, 0, 0])],
  ['becoming ready', result(2, [2, 4, 1])],
  ['busy', result(8)],
  ['task set full', result(0x28)],
  ['task aborted', result(0x40)],
] as const)
  test(`${name} is tried again, but not for ever`, (t) => {
    t.not(retryDelayMs(passing, 0), undefined);
    t.is(retryDelayMs(passing, 16), undefined);
  });
