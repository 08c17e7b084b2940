import test from 'ava';
import {
  broadcast,
  contains,
  type Ipv4,
  ipv4FromNumber,
  ipv4ToNumber,
  netmask,
  tryParseCidr,
  tryParseIpv4,
} from '../../conductor/values/ipv4.ts';
import { macFromBytes, pxelinuxName, tryParseMac } from '../../conductor/values/mac.ts';
import { formatBytes, GIB, roundUp } from '../../conductor/values/units.ts';
import { isUuid } from '../../conductor/values/uuid.ts';

for (const [text, expected] of [
  ['52:54:00:AB:cd:ef', '52:54:00:ab:cd:ef'],
  ['52-54-00-ab-cd-ef', '52:54:00:ab:cd:ef'],
  [' 525400abcdef ', '52:54:00:ab:cd:ef'],
  ['52:54-00:ab:cd:ef', undefined],
  ['52:54:00:ab:cd', undefined],
  ['52:54:00:ab:cd:eg', undefined],
  ['', undefined],
] as const)
  test(`MAC "${text}"`, (t) => {
    t.is(tryParseMac(text), expected as never);
  });

test('a MAC from bytes, and its pxelinux name', (t) => {
  const mac = macFromBytes(Uint8Array.of(0x52, 0x54, 0, 1, 2, 255, 9));
  t.is<string, string>(mac, '52:54:00:01:02:ff');
  t.is(pxelinuxName(mac), '01-52-54-00-01-02-ff');
});

for (const text of ['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.0.0.1', 'a.b.c.d', ''])
  test(`IPv4 "${text}" is none`, (t) => {
    t.is(tryParseIpv4(text), undefined);
  });

test('IPv4 arithmetic at the edges', (t) => {
  t.is(ipv4ToNumber('255.255.255.255' as Ipv4), 0xffffffff);
  t.is<string, string>(ipv4FromNumber(0xffffffff), '255.255.255.255');
  t.is<string, string>(ipv4FromNumber(0), '0.0.0.0');
});

for (const [text, mask, last] of [
  ['192.0.2.0/24', '255.255.255.0', '192.0.2.255'],
  ['10.0.0.0/8', '255.0.0.0', '10.255.255.255'],
  ['192.0.2.7/32', '255.255.255.255', '192.0.2.7'],
  ['0.0.0.0/0', '0.0.0.0', '255.255.255.255'],
  ['192.0.2.128/25', '255.255.255.128', '192.0.2.255'],
] as const)
  test(`network ${text}`, (t) => {
    const cidr = tryParseCidr(text);
    if (cidr === undefined) {
      t.fail();
      return;
    }
    t.is<string, string>(netmask(cidr), mask);
    t.is<string, string>(broadcast(cidr), last);
    t.true(contains(cidr, cidr.network));
    t.true(contains(cidr, last as Ipv4));
  });

for (const text of ['192.0.2.1/24', '192.0.2.0/33', '192.0.2.0', '192.0.2.0/', 'x/8'])
  test(`network "${text}" is none`, (t) => {
    t.is(tryParseCidr(text), undefined);
  });

test('sizes for people', (t) => {
  t.deepEqual([0, 1, 1023, 1024, 1536, 150 * 1024, 6 * GIB].map(formatBytes), [
    '0 B',
    '1 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '150 KiB',
    '6.0 GiB',
  ]);
  t.is(roundUp(513, 512), 1024);
  t.is(roundUp(512, 512), 512);
});

test('UUIDs', (t) => {
  t.true(isUuid('9E64804D-264d-40d2-88f4-e858efe69557'));
  t.false(isUuid('9e64804d264d40d288f4e858efe69557'));
});
