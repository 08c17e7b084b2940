import test from 'ava';
import { fromAgent } from '../../../conductor/deploy/inspection/fromAgent.ts';
import {
  agentLldp,
  localLinkOf,
  neighbourOf,
  parseTlvs,
  toFrame,
} from '../../../conductor/deploy/inspection/lldp.ts';

/** What lldptool -r gave of a frame: MAC, interface name, TTL, names, and the VLAN of IEEE 802.1. */
const FRAME =
  '02070402aabbccdd01040c0545746865726e6574312f37060200780a087377697463682d61' +
  '080b746f207261636b312d3037fe060080c20100640000';

test('a frame that lldpad heard', (t) => {
  t.deepEqual(neighbourOf(parseTlvs(FRAME)), {
    switchId: '02:aa:bb:cc:dd:01',
    portId: 'Ethernet1/7',
    portDescription: 'to rack1-07',
    systemName: 'switch-a',
    portVlan: 100,
  });
  t.deepEqual(localLinkOf(FRAME), {
    switch_id: '02:aa:bb:cc:dd:01',
    port_id: 'Ethernet1/7',
    switch_info: 'switch-a',
  });
});

test('the form of the agent holds the same, forth and back', (t) => {
  const tlvs = agentLldp(FRAME);
  t.deepEqual(tlvs[0], [1, '0402aabbccdd01']);
  t.deepEqual(tlvs.length, 6);
  t.is(toFrame(tlvs), FRAME.slice(0, -4));
});

test('a frame that is cut anywhere gives what came before, and never fails', (t) => {
  for (let length = 0; length <= FRAME.length; length += 1) {
    const cut = FRAME.slice(0, length);
    t.true(FRAME.startsWith(toFrame(agentLldp(cut))), cut);
    t.notThrows(() => neighbourOf(parseTlvs(cut)));
  }
});

test('ids that are no text are shown as digits, and control characters are no text', (t) => {
  const tlvs = [
    { type: 1, value: Buffer.from([5, 1, 192, 0, 2, 1]) },
    { type: 2, value: Buffer.from([7, 0x07, 0x31]) },
    { type: 5, value: Buffer.from('a\u001b[31m') },
  ];
  t.deepEqual(neighbourOf(tlvs), { switchId: '01c0000201', portId: '0731' });
  t.is(localLinkOf(''), undefined);
  t.is(localLinkOf(undefined), undefined);
});

const agentSays = (lldp: unknown) =>
  fromAgent({
    interfaces: [{ name: 'eth0', mac_address: '52:54:00:00:00:0A', lldp }],
    disks: [],
    cpu: { count: 1, architecture: 'x86_64' },
    memory: {},
    bmc_address: '192.0.2.9',
  });

test('what an agent heard is taken as what our ramdisk hears; another form is left out', (t) => {
  const found = agentSays(agentLldp(FRAME));
  t.is(found.nics[0]?.lldp, FRAME.slice(0, -4));
  t.like(found, { hasBmc: true, bmcAddress: '192.0.2.9' });
  for (const other of [[], null, 'x', [[1]], { type: 1 }])
    t.is(agentSays(other).nics[0]?.lldp, undefined);
});
