import test from 'ava';
import { dhcpConfig, type SubnetOptions } from '../../../conductor/netboot/dhcp/config.ts';
import { ip, OPTIONS } from '../support/dhcp.ts';

const GOOD: SubnetOptions = {
  cidr: '192.0.2.0/24',
  rangeStart: ip('192.0.2.10'),
  rangeEnd: ip('192.0.2.20'),
  dns: [],
  leaseSeconds: 600,
};

const BAD: [string, Partial<SubnetOptions>, RegExp][] = [
  ['no network', { cidr: '192.0.2.1/24' }, /is no IPv4 network/],
  ['start outside', { rangeStart: ip('192.0.3.1') }, /rangeStart 192\.0\.3\.1/],
  ['gateway outside', { gateway: ip('10.0.0.1') }, /gateway 10\.0\.0\.1/],
  ['turned round', { rangeStart: ip('192.0.2.30') }, /after 192\.0\.2\.20/],
  ['too short', { leaseSeconds: 5 }, /at least 60/],
];

for (const [name, change, expected] of BAD)
  test(`subnet refused: ${name}`, (t) => {
    const options = { ...OPTIONS, subnets: [{ ...GOOD, ...change }] };
    t.throws(() => dhcpConfig(options), { code: 'NETBOOT_SUBNET_INVALID', message: expected });
  });

test('overlapping subnets are refused', (t) => {
  const subnets = [GOOD, { ...GOOD, cidr: '192.0.2.0/25' }];
  t.throws(() => dhcpConfig({ ...OPTIONS, subnets }), { message: /overlap/ });
});
