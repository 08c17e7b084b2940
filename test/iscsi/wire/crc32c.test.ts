import test from 'ava';
import { crc32c } from '../../../conductor/iscsi/wire/crc32c.ts';
import { digestOf } from '../../../conductor/iscsi/wire/frame.ts';

/** RFC 7143 has the examples of RFC 3720 §B.4; bytes as on the wire. */
const VECTORS = [
  { name: '32 bytes of zeros', bytes: Buffer.alloc(32), digest: 'aa36918a' },
  { name: '32 bytes of ones', bytes: Buffer.alloc(32, 0xff), digest: '43aba862' },
  {
    name: 'counting up',
    bytes: Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
    digest: '4e79dd46',
  },
  {
    name: 'counting down',
    bytes: Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)),
    digest: '5cdb3f11',
  },
  {
    name: 'a READ (10) PDU',
    bytes: Buffer.from(
      '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
        '0200000000000000',
      'hex',
    ),
    digest: '563a96d9',
  },
];

for (const { name, bytes, digest } of VECTORS)
  test(`CRC32C of ${name}`, (t) => {
    t.is(digestOf(bytes).toString('hex'), digest);
  });

test('goes on from any split', (t) => {
  const bytes = Buffer.from(Array.from({ length: 53 }, (_, i) => (i * 37) & 255));
  const whole = crc32c(bytes);
  for (let at = 0; at <= bytes.length; at++)
    t.is(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))), whole);
});
