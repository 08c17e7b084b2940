import test from 'ava';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import { clientOf } from '../../../conductor/netboot/dhcp/client.ts';
import { readOptions } from '../../../conductor/netboot/dhcp/options.ts';
import {
  decodePacket,
  encodePacket,
  type DhcpPacket,
} from '../../../conductor/netboot/dhcp/packet.ts';
import { mutated, randomBytes, seeded } from '../support/random.ts';
import { captured, DIALOGUES } from '../support/vectors.ts';

function decoded(bytes: Buffer): DhcpPacket {
  const packet = decodePacket(bytes);
  if (typeof packet === 'string') throw new Error(packet);
  return packet;
}

/** A packet in which the order of options does not count, nor what does not fit into the header. */
function plain({ options, ...header }: DhcpPacket): unknown {
  const all = Object.fromEntries(
    Array.from(options, ([code, value]) => [code, Buffer.from(value).toString('hex')]),
  );
  return { ...header, file: '', all: { ...all, [OPTION.overload]: '' } };
}

for (const dialogue of DIALOGUES)
  test(`captured ${dialogue}: decodes, and survives a round trip`, (t) => {
    for (const { type, bytes } of captured(dialogue)) {
      const packet = decoded(bytes);
      t.is(packet.type, type);
      t.is(packet.op, 'request');
      t.regex(packet.mac, /^52:54:00:00:00:(01|77)$/);
      t.deepEqual(plain(decoded(encodePacket(packet))), plain(packet));
    }
  });

test('clients are told apart', (t) => {
  const table = DIALOGUES.map((name) => {
    const { pxe, ipxe, architecture } = clientOf(decoded(captured(name)[0]?.bytes ?? Buffer.of()));
    return [name, pxe, ipxe, architecture];
  });
  t.deepEqual(table, [
    ['dhclient', false, false, undefined],
    ['ipxe-rom', true, true, 0],
    ['ovmf', true, false, 7],
    ['uboot', false, false, undefined],
    ['udhcpc', false, false, undefined],
    ['undionly', true, true, 0],
  ]);
});

test('a message cut at any length is a fault or the same options, never an exception', (t) => {
  for (const { bytes } of DIALOGUES.flatMap((name) => captured(name)))
    for (let length = 0; length < bytes.length; length++) {
      const packet = decodePacket(bytes.subarray(0, length));
      if (length < 240) t.is(packet, 'too short');
      else if (typeof packet === 'string')
        t.true(['broken options', 'no message type'].includes(packet));
    }
});

test('each fault is named', (t) => {
  const [good = Buffer.of()] = captured('ipxe-rom').map(({ bytes }) => bytes);
  const changed = (at: number, ...values: number[]): Buffer => {
    const copy = Buffer.from(good);
    copy.set(values, at);
    return copy;
  };
  t.is(decodePacket(changed(0, 3)), 'not BOOTP over Ethernet');
  t.is(decodePacket(changed(1, 32)), 'not BOOTP over Ethernet');
  t.is(decodePacket(changed(2, 16)), 'not BOOTP over Ethernet');
  t.is(decodePacket(changed(236, 0)), 'no DHCP cookie');
  t.is(decodePacket(changed(242, 9)), 'no message type');
  t.is(decodePacket(changed(28, 1)), 'bad client address');
  t.is(decodePacket(changed(28, 0, 0, 0, 0, 0, 0)), 'bad client address');
  t.is(decodePacket(changed(good.length - 1, 53)), 'broken options');
});

test('options: pads anywhere, repeats joined, overloaded fields, nothing after the end', (t) => {
  const read = (...bytes: number[]) => readOptions(Uint8Array.from(bytes));
  t.deepEqual(
    read(0, 53, 1, 1, 0, 0, 0, 55, 1, 3, 255, 9, 9),
    new Map([
      [53, Uint8Array.of(1)],
      [55, Uint8Array.of(3)],
    ]),
  );
  t.deepEqual(Buffer.from(read(82, 1, 7, 0, 82, 1, 8)?.get(82) ?? []), Buffer.of(7, 8));
  t.is(read(53, 2, 1), undefined);
  t.is(read(53), undefined);
  const [good = Buffer.of()] = captured('udhcpc').map(({ bytes }) => bytes);
  const overloaded = Buffer.from(good);
  overloaded.set([52, 1, 3, 53, 1, 1, 255], 240);
  overloaded.set([12, 2, 104, 105, 255], 108);
  overloaded.set([60, 1, 88, 255], 44);
  const { options } = decoded(overloaded);
  t.deepEqual([options.get(OPTION.hostname), options.get(OPTION.vendorClass)].map(String), [
    '104,105',
    '88',
  ]);
});

test('seeded noise never throws', (t) => {
  const random = seeded(67);
  const good = DIALOGUES.flatMap((name) => captured(name));
  let faults = 0;
  for (let round = 0; round < 20_000; round++) {
    const { bytes } = good[random(good.length)] ?? { bytes: Buffer.of() };
    const noise = random(4) === 0 ? randomBytes(random(600), random) : mutated(bytes, random);
    const packet = decodePacket(noise);
    if (typeof packet === 'string') faults++;
    else if (Array.from(packet.options.values()).every(({ length }) => length < 256))
      t.deepEqual(plain(decoded(encodePacket(packet))), plain(packet));
  }
  t.true(faults > 1000 && faults < 19_000);
});
