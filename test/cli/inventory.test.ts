import test from 'ava';
import { formatInventory } from '../../conductor/cli/node/inventory.ts';
import { agentForm, switchesOf } from '../../conductor/deploy/inspection/agentForm.ts';
import { putInventory } from '../../conductor/store/inventories.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { GIB } from '../../conductor/values/units.ts';
import { openCli } from './harness.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const FOUND = {
  cpu: { count: 8, architecture: 'x86_64', flags: [], model: 'Some Processor' },
  memory: { totalBytes: 7 * GIB, physicalMib: 8192 },
  disks: [
    {
      name: '/dev/sda',
      sizeBytes: 500 * GIB,
      logicalBlockBytes: 512,
      rotational: true,
      model: 'Big\u001b[31m',
      serial: 'S1',
      canDiscard: false,
      canWriteZeroes: false,
    },
  ],
  nics: [
    {
      name: 'eth0',
      mac: '52:54:00:00:00:0a',
      hasCarrier: true,
      speedMbps: 10_000,
      isBootNic: true,
      lldp: '02070402aabbccdd01040c0545746865726e6574312f370a087377697463682d610000',
    },
    { name: 'eth1', mac: '52:54:00:00:00:0b', hasCarrier: false, isBootNic: false },
  ],
  system: { manufacturer: 'Maker', productName: 'M1', serialNumber: 'X' },
  boot: { mode: 'uefi' },
  hasBmc: true,
  bmcAddress: '192.0.2.99',
} as const;

test('what was found, for people and for programs', async (t) => {
  const { run, database } = await openCli(t);
  await insertNode(database, { uuid: UUID, name: 'n1', driver: 'ipmi', provisionState: 'enroll' });
  t.regex((await run('node inventory n1')).err, /has no inventory: it was not inspected yet/);
  const inventory = agentForm(FOUND);
  await putInventory(database, UUID, { inventory, pluginData: switchesOf(FOUND) });
  const { status, out } = await run('node inventory n1');
  t.is(status, 0);
  t.is(
    out,
    `Machine     Maker M1 serial X
Processors  8 Some Processor
Memory      8192 MiB
Firmware    uefi
BMC         192.0.2.99

Disks
  NAME      SIZE     KIND     MODEL     SERIAL  WWN
  /dev/sda  500 GiB  turning  Big [31m  S1

NICs
  NAME  MAC                LINK          ADDRESS  SWITCH AND PORT
  eth0  52:54:00:00:00:0a  10000 Mbit/s           switch-a Ethernet1/7
  eth1  52:54:00:00:00:0b  down
`,
  );
  const { inventory: shown } = JSON.parse((await run('node inventory n1 --json')).out);
  t.deepEqual(shown, JSON.parse(JSON.stringify(inventory)));
});

test('an agent that leaves all out', (t) => {
  t.regex(formatInventory({}, {}), /^Machine\n[\s\S]*BMC +none that told[\s\S]*Disks[\s\S]*NICs/);
});
