import test from 'ava';
import { describeSense, parseSense } from '../../../conductor/iscsi/scsi/sense.ts';

for (const { hex, text } of [
  {
    hex: '700006000000000a00000000290000000000',
    text: 'UNIT ATTENTION, power on, reset, or bus device reset occurred (6/29/00)',
  },
  {
    hex: 'f00003000010040a000000000c0000000000',
    text: 'MEDIUM ERROR, write error (3/0c/00) at LBA 4100',
  },
  { hex: '7205240000000000', text: 'ILLEGAL REQUEST, invalid field in command (5/24/00)' },
  {
    hex: '720311000000000c000a80000000000200000001',
    text: 'MEDIUM ERROR, unrecovered read error (3/11/00) at LBA 8589934593',
  },
  {
    hex: '710004000000000a00000000aabb00000000',
    text: 'HARDWARE ERROR (4/aa/bb), reported late for an earlier command',
  },
])
  test(text, (t) => {
    const sense = parseSense(Buffer.from(hex, 'hex'));
    t.is(sense && describeSense(sense), text);
  });

test('a descriptor is read wherever the data is cut off', (t) => {
  const whole = Buffer.from('720311000000000c000a80000000000200000001', 'hex');
  for (let length = 0; length < whole.length; length++) {
    const sense = parseSense(whole.subarray(0, length));
    t.is(sense?.lba, undefined);
    t.is(sense !== undefined, length >= 8);
  }
});

test('other formats are none', (t) => {
  t.is(parseSense(Buffer.alloc(18)), undefined);
  t.is(parseSense(Buffer.alloc(0)), undefined);
});
