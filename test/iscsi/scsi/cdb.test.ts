import test from 'ava';
import * as cdb from '../../../conductor/iscsi/scsi/cdb.ts';

const RANGE = { lba: 0x01_0203_0405, blocks: 0x800 };

for (const [name, bytes, hex] of [
  ['TEST UNIT READY', cdb.testUnitReady(), '000000000000'],
  ['INQUIRY', cdb.inquiry(252), '12000000fc00'],
  ['INQUIRY of a page', cdb.inquiry(252, 0xb0), '1201b000fc00'],
  ['REPORT LUNS', cdb.reportLuns(1024), 'a00000000000000004000000'],
  ['READ CAPACITY (16)', cdb.readCapacity16(32), '9e100000000000000000000000200000'],
  ['READ (16)', cdb.read16(RANGE), '88000000000102030405000008000000'],
  ['WRITE (16)', cdb.write16(RANGE), '8a000000000102030405000008000000'],
  ['SYNCHRONIZE CACHE (16)', cdb.synchronizeCache16(), '91000000000000000000000000000000'],
  ['WRITE SAME (16)', cdb.writeSame16(RANGE, false), '93000000000102030405000008000000'],
  ['WRITE SAME (16) with UNMAP', cdb.writeSame16(RANGE, true), '93080000000102030405000008000000'],
] as const)
  test(name, (t) => {
    t.is(bytes.toString('hex'), hex);
  });
