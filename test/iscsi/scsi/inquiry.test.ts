import test from 'ava';
import {
  parseBlockLimits,
  parseCapacity,
  parseInquiry,
  parseLuns,
  parseSerial,
  parseVpdPages,
} from '../../../conductor/iscsi/scsi/inquiry.ts';

/** Seen from tgtd 1.0.85. */
const SEEN = {
  inquiry: '000005123d00000249455420202020205649525455414c2d4449534b20202020303030310000',
  pages: '0000000600808 3b0b1b2'.replace(' ', ''),
  serial: '00800024202020202020202020202020202020202020202020202020202020202020626561663131',
  capacity: '00000000000007ff000002000003000000000000000000000000000000000000',
  limits: `00b0003c${'00'.repeat(60)}`,
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('what tgtd says of a disk', (t) => {
  t.deepEqual(parseInquiry(hex(SEEN.inquiry)), {
    qualifier: 0,
    deviceType: 0,
    vendor: 'IET',
    product: 'VIRTUAL-DISK',
  });
  t.deepEqual(parseVpdPages(hex(SEEN.pages)), [0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
  t.is(parseSerial(hex(SEEN.serial)), 'beaf11');
  t.deepEqual(parseBlockLimits(hex(SEEN.limits)), { maxTransferBlocks: 0, maxSameBlocks: 0 });
  t.deepEqual(parseCapacity(hex(SEEN.capacity)), {
    blocks: 2048,
    blockSizeBytes: 512,
    canUnmap: false,
    unmappedReadsZero: false,
  });
});

test('a thin disk', (t) => {
  const data = hex(SEEN.capacity);
  data.writeUInt8(0xc0, 14);
  t.like(parseCapacity(data), { canUnmap: true, unmappedReadsZero: true });
});

for (const blockSizeBytes of [0, 256, 520, 2 ** 31])
  test(`refuses blocks of ${blockSizeBytes} bytes`, (t) => {
    const data = hex(SEEN.capacity);
    data.writeUInt32BE(blockSizeBytes, 8);
    t.throws(() => parseCapacity(data), { code: 'ISCSI_PROTOCOL_ERROR' });
  });

test('refuses a size beyond what can be counted', (t) => {
  const data = hex(SEEN.capacity);
  data.fill(0xfe, 0, 8);
  t.throws(() => parseCapacity(data), { code: 'ISCSI_PROTOCOL_ERROR' });
});

test('answers cut off at any length give an error of ours or a value', (t) => {
  for (const text of Object.values(SEEN))
    for (let length = 0; length < text.length / 2; length++) {
      const data = hex(text).subarray(0, length);
      if (length < 32) t.throws(() => parseInquiry(data), { code: 'ISCSI_PROTOCOL_ERROR' });
      if (length < 12) t.throws(() => parseCapacity(data), { code: 'ISCSI_PROTOCOL_ERROR' });
      t.notThrows(() => [
        parseVpdPages(data),
        parseSerial(data),
        parseBlockLimits(data),
        parseLuns(data),
      ]);
    }
});

test('an empty disk', (t) => {
  const data = hex(SEEN.capacity);
  data.fill(0xff, 0, 8);
  t.is(parseCapacity(data).blocks, 0);
});

test('LUNs', (t) => {
  t.deepEqual(
    parseLuns(hex('0000001800000000000000000000000000010000000000004100000000000000')),
    [0, 1, 256],
  );
});

test('limits of a disk that has some', (t) => {
  const data = hex(SEEN.limits);
  data.writeUInt32BE(128, 8);
  data.writeBigUInt64BE(65_535n, 36);
  t.deepEqual(parseBlockLimits(data), { maxTransferBlocks: 128, maxSameBlocks: 65_535 });
});
