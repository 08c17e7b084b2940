import test from 'ava';
import { run } from './harness.ts';

const WRONG: readonly [line: string, err: RegExp][] = [
  ['dhcp options --server 192.0.2.1', /--for is needed; expected dnsmasq, dnsmasq-files, isc, kea/],
  ['dhcp options --for bind --server 192.0.2.1', /--for is "bind"/],
  ['dhcp options --for kea', /--server is needed; expected an address/],
  ['dhcp options --for kea --server 192.0.2.256', /--server is "192.0.2.256"/],
  ['dhcp options --for kea --server 192.0.2.1 --loader grub', /--loader is "grub"; expected pxe/],
  ['dhcp options --for kea --server 192.0.2.1 --http-url http://a";x', /--http-url is/],
];
for (const [line, err] of WRONG)
  test(`"${line}" is refused`, async (t) => {
    const ran = await run(line, {});
    t.is(ran.status, 2);
    t.regex(ran.err, err);
  });

test('options are printed without asking anybody', async (t) => {
  const { status, out } = await run('dhcp options --for dnsmasq --server 192.0.2.1', {});
  t.is(status, 0);
  t.true(out.includes('\ndhcp-boot=tag:arch7,tag:!ipxe,bootx64.efi,,192.0.2.1\n'), out);
  t.true(out.includes('http://192.0.2.1:8088/boot.ipxe'));
  const json = await run('dhcp options --server 192.0.2.1 --loader ipxe --json', {});
  const { rows } = JSON.parse(json.out) as { rows: { architecture: number; file: string }[] };
  t.is(rows.find(({ architecture }) => architecture === 0)?.file, 'undionly.kpxe');
});
