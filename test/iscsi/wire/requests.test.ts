import test from 'ava';
import {
  dataOutHeader,
  encodeLun,
  loginHeader,
  logoutHeader,
  pingHeader,
  pongHeader,
  scsiCommandHeader,
} from '../../../conductor/iscsi/wire/requests.ts';

const NUMBERS = { cmdSn: 0x01020304, expStatSn: 0x05060708 };
const LUN = encodeLun(1);

/** Laid out by hand from RFC 7143 §11, twelve words of four bytes. */
const VECTORS: readonly { name: string; header: Buffer; words: string }[] = [
  {
    name: 'SCSI Command that writes, with data to follow unasked (§11.3)',
    header: scsiCommandHeader({
      ...NUMBERS,
      tag: 0x11,
      lun: LUN,
      cdb: Buffer.from('8a000000000000000800000000020000', 'hex'),
      direction: 'out',
      transferBytes: 1024,
      final: false,
    }),
    words:
      '01210000 00000000 00010000 00000000 00000011 00000400 01020304 05060708 8a000000 00000000 08000000 00020000',
  },
  {
    name: 'SCSI Command without data (§11.3)',
    header: scsiCommandHeader({
      ...NUMBERS,
      tag: 0x12,
      lun: LUN,
      cdb: Buffer.alloc(6),
      direction: 'none',
      transferBytes: 0,
      final: true,
    }),
    words:
      '01810000 00000000 00010000 00000000 00000012 00000000 01020304 05060708 00000000 00000000 00000000 00000000',
  },
  {
    name: 'last Data-Out of a burst (§11.7)',
    header: dataOutHeader({
      tag: 0x11,
      targetTag: 0x22,
      lun: LUN,
      expStatSn: NUMBERS.expStatSn,
      dataSn: 3,
      offsetBytes: 0x6000,
      final: true,
    }),
    words:
      '05800000 00000000 00010000 00000000 00000011 00000022 00000000 05060708 00000000 00000003 00006000 00000000',
  },
  {
    name: 'NOP-Out that asks (§11.18)',
    header: pingHeader({ ...NUMBERS, tag: 0x13 }),
    words:
      '40800000 00000000 00000000 00000000 00000013 ffffffff 01020304 05060708 00000000 00000000 00000000 00000000',
  },
  {
    name: 'NOP-Out that answers (§11.18)',
    header: pongHeader({ ...NUMBERS, targetTag: 0x99, lun: LUN }),
    words:
      '40800000 00000000 00010000 00000000 ffffffff 00000099 01020304 05060708 00000000 00000000 00000000 00000000',
  },
  {
    name: 'Logout (§11.14)',
    header: logoutHeader({ ...NUMBERS, tag: 0x14 }),
    words:
      '46800000 00000000 00000000 00000000 00000014 00000000 01020304 05060708 00000000 00000000 00000000 00000000',
  },
  {
    name: 'Login Request that wants to leave the operational stage (§11.12)',
    header: loginHeader({
      ...NUMBERS,
      isid: Buffer.from('80aabbccddee', 'hex'),
      stage: 1,
      nextStage: 3,
    }),
    words:
      '43870000 00000000 80aabbcc ddee0000 00000000 00000000 01020304 05060708 00000000 00000000 00000000 00000000',
  },
];

for (const { name, header, words } of VECTORS)
  test(name, (t) => {
    t.is(header.toString('hex'), words.replaceAll(' ', ''));
  });

for (const [lun, hex] of [
  [0, '0000000000000000'],
  [1, '0001000000000000'],
  [255, '00ff000000000000'],
  [256, '4100000000000000'],
] as const)
  test(`LUN ${lun}`, (t) => {
    t.is(encodeLun(lun).toString('hex'), hex);
  });
