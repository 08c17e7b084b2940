import test from 'ava';
import { negotiate } from '../../../conductor/netboot/tftp/negotiate.ts';
import { readClientPacket } from '../../../conductor/netboot/tftp/packets.ts';
import { readRequest } from '../../../conductor/netboot/tftp/request.ts';
import { mutated, randomBytes, seeded } from '../support/random.ts';

/** As pxelinux 6.04 sends it, but for the file name. */
const PXELINUX = Buffer.from('\0\x01pxelinux.cfg/default\0octet\0tsize\x000\0blksize\x001408\0');

test('a request with options', (t) => {
  const request = readRequest(PXELINUX);
  t.deepEqual(request, {
    kind: 'read',
    fileName: 'pxelinux.cfg/default',
    options: new Map([
      ['tsize', '0'],
      ['blksize', '1408'],
    ]),
  });
});

const CASES: [string, string, string | undefined, number | undefined][] = [
  ['upper case, and NULs to fill', '\0\x01a\0OCTET\0BLKSIZE\x00512\0\0\0', undefined, undefined],
  ['no terminator', '\0\x01a\0octet', 'malformed request', 4],
  ['no mode', '\0\x01abc\0', 'malformed request', 4],
  ['no name', '\0\x01\0octet\0', 'malformed request', 4],
  ['netascii', '\0\x01a\0netascii\0', 'only octet mode is served', 4],
  ['write', '\0\x02a\0octet\0', 'this server is read-only', 2],
  ['acknowledgement', '\0\x04\0\x01', 'opcode 4', undefined],
  ['error', '\0\x05\0\x01no\0', 'opcode 5', undefined],
  ['nothing', '', 'a request of odd size', undefined],
  ['too long', `\0\x01${'a'.repeat(600)}\0octet\0`, 'a request of odd size', undefined],
];

for (const [name, text, why, code] of CASES)
  test(`request: ${name}`, (t) => {
    const request = readRequest(Buffer.from(text, 'latin1'));
    if (request.kind === 'read') t.is(why, undefined);
    else t.deepEqual([request.why, request.code], [why, code]);
  });

test('options are settled within the server’s limits', (t) => {
  const limits = { blksize: 1468, windowsize: 64 };
  const settle = (options: Record<string, string>) => {
    const { blksize, windowsize, timeoutSeconds, confirmed } = negotiate(
      new Map(Object.entries(options)),
      1000,
      limits,
    );
    return [blksize, windowsize, timeoutSeconds, Object.fromEntries(confirmed)];
  };
  t.deepEqual(settle({}), [512, 1, undefined, {}]);
  t.deepEqual(settle({ blksize: '1408', tsize: '0' }), [
    1408,
    1,
    undefined,
    { blksize: '1408', tsize: '1000' },
  ]);
  t.deepEqual(settle({ blksize: '65464', windowsize: '500' }), [
    1468,
    64,
    undefined,
    { blksize: '1468', windowsize: '64' },
  ]);
  t.deepEqual(settle({ timeout: '7' }), [512, 1, 7, { timeout: '7' }]);
  for (const odd of ['', '7', '65465', '-1', '1e3', '0x200', '99999999999'])
    t.deepEqual(settle({ blksize: odd }), [512, 1, undefined, {}], odd);
  t.deepEqual(settle({ timeout: '0', windowsize: '0', multicast: '' }), [512, 1, undefined, {}]);
});

test('a request cut at any length, and seeded noise, never throw', (t) => {
  const read = Array.from(PXELINUX.keys()).filter(
    (length) => readRequest(PXELINUX.subarray(0, length)).kind === 'read',
  );
  t.deepEqual(read, [29, 35, 37, 45]);
  const random = seeded(69);
  for (let round = 0; round < 20_000; round++) {
    const noise = random(3) === 0 ? randomBytes(random(560), random) : mutated(PXELINUX, random);
    const request = readRequest(noise);
    if (request.kind === 'read') negotiate(request.options, 10, { blksize: 1468, windowsize: 64 });
    readClientPacket(noise);
  }
  t.pass();
});

test('what a client says during a transfer', (t) => {
  t.deepEqual(readClientPacket(Buffer.of(0, 4, 255, 255)), { kind: 'ack', block: 65535 });
  const stop = Buffer.from('\0\x05\0\x08no\x07options\0', 'latin1');
  t.deepEqual(readClientPacket(stop), { kind: 'error', code: 8, message: 'no?options' });
  for (const other of [[], [0], [0, 4, 0], [0, 3, 0, 1], [9, 9, 9, 9]])
    t.is(readClientPacket(Buffer.from(other)), undefined);
});
