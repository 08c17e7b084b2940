import test from 'ava';
import { portChanges } from '../../../conductor/deploy/inspection/ports.ts';
import { inspectedProperties, rootDisk } from '../../../conductor/deploy/inspection/properties.ts';
import type {
  Inventory,
  InventoryDisk,
  InventoryNic,
} from '../../../conductor/deploy/ramdisk/types.ts';
import type { Port } from '../../../conductor/store/types.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { GIB, MIB } from '../../../conductor/values/units.ts';

const disk = (name: string, gib: number): InventoryDisk => ({
  name,
  sizeBytes: gib * GIB,
  logicalBlockBytes: 512,
  canDiscard: false,
  canWriteZeroes: false,
});
const nic = (mac: string, hasCarrier: boolean, isBootNic = false): InventoryNic => ({
  name: mac,
  mac,
  hasCarrier,
  isBootNic,
});
const [A, B, C] = ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:00:0c'];
const FOUND: Inventory = {
  cpu: { count: 8, architecture: 'x86_64', flags: [] },
  memory: { totalBytes: 7 * GIB + 5 * MIB },
  disks: [disk('/dev/sda', 2), disk('/dev/sdb', 500), disk('/dev/sdc', 50)],
  nics: [nic(A, true), nic(B, true, true), nic(C, false)],
  system: {},
  boot: { mode: 'bios', bootMac: B },
  hasBmc: false,
};
const port = (address: string, pxeEnabled: boolean): Port => ({
  uuid: address,
  nodeUuid: 'n',
  address: address as Mac,
  pxeEnabled,
  extra: {},
  internalInfo: {},
  localLinkConnection: {},
  portgroupUuid: null,
  physicalNetwork: null,
  isSmartnic: false,
  name: null,
  createdAt: '',
  updatedAt: null,
});

test('properties are filled, and what is not found stays', (t) => {
  const before = { vendor: 'x', cpus: 1, capabilities: 'boot_mode:uefi,gpu:true' };
  t.deepEqual(inspectedProperties(before, FOUND), {
    vendor: 'x',
    cpus: 8,
    cpu_arch: 'x86_64',
    memory_mb: 7 * 1024 + 5,
    local_gb: 49,
    capabilities: 'gpu:true,boot_mode:bios',
  });
});

test('SMBIOS knows more of the memory than the kernel', (t) => {
  const found = { ...FOUND, memory: { totalBytes: 7 * GIB, physicalMib: 8192 } };
  t.is(inspectedProperties({}, found)['memory_mb'], 8192);
});

test('without hints the smallest disk of 4 GiB or more is the root disk', (t) => {
  t.is(rootDisk(FOUND.disks, undefined)?.name, '/dev/sdc');
  t.is(rootDisk([disk('/dev/sda', 2)], undefined), undefined);
  t.false('local_gb' in inspectedProperties({}, { ...FOUND, disks: [] }));
});

test('hints name exactly one disk, or the disks are listed', (t) => {
  t.is(rootDisk(FOUND.disks, { size: '> 100' })?.name, '/dev/sdb');
  const expected = { code: 'INSPECTION_NO_ROOT_DISK' };
  const none = { ...expected, message: /fits no disk; seen are: \/dev\/sda, 2 GiB; \/dev\/sdb/ };
  t.throws(() => rootDisk(FOUND.disks, { size: 3 }), none);
  t.throws(() => rootDisk(FOUND.disks, { size: '> 1' }), { ...expected, message: /fits 3 disks/ });
});

test('NICs become ports, and the one that booted is enabled', (t) => {
  t.deepEqual(portChanges(FOUND, [port(A, true)], 'all'), {
    create: [
      { address: B as Mac, pxeEnabled: true },
      { address: C as Mac, pxeEnabled: false },
    ],
    update: [{ uuid: A, pxeEnabled: false }],
  });
});

for (const [addPorts, expected] of [
  ['all', [A, B, C]],
  ['active', [A, B]],
  ['pxe', [B]],
] as const)
  test(`add_ports: ${addPorts}`, (t) => {
    const { create } = portChanges(FOUND, [], addPorts);
    t.deepEqual(
      create.map(({ address }): string => address),
      [...expected],
    );
  });

test('where no NIC is known to have booted, ports stay as they are', (t) => {
  const found = { nics: [nic(A, true), nic(B, true)], boot: { mode: 'bios' as const } };
  const { create, update } = portChanges(found, [port(A, false)], 'all');
  t.deepEqual(update, []);
  t.deepEqual(create, [{ address: B as Mac, pxeEnabled: true }]);
});

const LLDP = '02070402aabbccdd01040c0545746865726e6574312f370a087377697463682d610000';
const LINK = { switch_id: '02:aa:bb:cc:dd:01', port_id: 'Ethernet1/7', switch_info: 'switch-a' };

test('what a switch said goes to the port, beside what stands there already', (t) => {
  const nics = [
    { ...nic(A, true), lldp: LLDP },
    { ...nic(B, true, true), lldp: LLDP },
  ];
  const known = { ...port(B, true), localLinkConnection: { switch_id: 'old', hostname: 'h' } };
  t.deepEqual(portChanges({ ...FOUND, nics }, [known], 'all'), {
    create: [{ address: A as Mac, pxeEnabled: false, localLinkConnection: LINK }],
    update: [{ uuid: B, localLinkConnection: { hostname: 'h', ...LINK } }],
  });
  const same = { ...port(B, true), localLinkConnection: LINK };
  t.deepEqual(portChanges({ ...FOUND, nics: nics.slice(1) }, [same], 'all'), {
    create: [],
    update: [],
  });
});
