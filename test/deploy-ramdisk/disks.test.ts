import test from 'ava';
import { FakeRoot, sysfs } from './shell.ts';

const SCSI = 'pci0000:00/0000:00:03.0';

/** ATA strings have the two letters of each word exchanged. */
function swapped(text: string): string {
  return text.replaceAll(/(.)(.)/g, '$2$1');
}

const DISKS = sysfs({
  sda: {
    gib: 10,
    path: `${SCSI}/ata1/host0/target0:0:0/0:0:0:0`,
    files: {
      'device/model': 'Samsung SSD 870\n',
      'device/vendor': 'ATA     \n',
      'device/vpd_pg80': '\0\x80\0\x14    S5Y1NG0N123456  ',
      'device/vpd_pg89': `${'\0'.repeat(114)}${swapped('Samsung SSD 870 EVO 500GB'.padEnd(40))}\0\0`,
      'device/wwid': 'naa.5002538f41234567\n',
      'device/type': '0\n',
      'queue/rotational': '0\n',
    },
  },
  sdb: {
    gib: 100,
    path: `${SCSI}/host2/target2:1:0/2:1:0:0`,
    files: {
      'device/model': 'PERC H730 Mini  \n',
      'device/vendor': 'DELL    \n',
      'device/wwid': 'naa.61866da0a1b2c3001f2e3d4c5b6a7988\n',
      'queue/rotational': '1\n',
    },
  },
  nvme0n1: {
    gib: 931,
    path: 'pci0000:00/0000:00:1d.0/0000:3b:00.0/nvme/nvme0',
    files: {
      'device/model': 'INTEL SSDPE2KX010T8                     \n',
      'device/serial': 'BTLJ9012\n',
      wwid: 'eui.01000000010000005cd2e4a1b2c3d4e5\n',
      nsid: '1\n',
      'queue/rotational': '0\n',
    },
  },
  vda: {
    gib: 20,
    path: 'pci0000:00/0000:00:05.0/virtio2',
    files: { serial: 'root-1', 'device/vendor': '0x1af4\n', 'queue/rotational': '1\n' },
  },
  sr0: { gib: 1, path: `${SCSI}/ata2/host1/target1:0:0/1:0:0:0` },
  sdc: { gib: 8, path: 'usb1/host5/target5:0:0/5:0:0:0', files: { removable: '1\n' } },
  sdd: { gib: 8, path: `${SCSI}/host6/target6:0:0/6:0:0:0`, files: { ro: '1\n' } },
  sde: { gib: 0, path: `${SCSI}/host7/target7:0:0/7:0:0:0` },
  nvme0c0n1: { gib: 931, files: { hidden: '1\n' } },
});

const root = await FakeRoot.create(DISKS);
await root.add({
  'sys/devices/pci0000:00/0000:00:03.0/ata1/ata_port/ata1/port_no': '3\n',
});
test.after.always(async () => {
  await root[Symbol.asyncDispose]();
});

test('lists disks only, and says why others are left out', async (t) => {
  t.deepEqual((await root.run('list_disks')).stdout.split('\n'), ['nvme0n1', 'sda', 'sdb', 'vda']);
  t.is(
    (await root.run('describe_disks')).stdout,
    '/dev/nvme0c0n1 931 GiB (path of a multipath disk); ' +
      '/dev/nvme0n1 931 GiB model "INTEL SSDPE2KX010T8" serial "BTLJ9012"; ' +
      '/dev/sda 10 GiB model "Samsung SSD 870 EVO 500GB" serial "S5Y1NG0N123456"; ' +
      '/dev/sdb 100 GiB model "PERC H730 Mini"; ' +
      '/dev/sdc 8 GiB (removable); /dev/sdd 8 GiB (read-only); /dev/sde 0 GiB (no medium); ' +
      '/dev/vda 20 GiB serial "root-1"',
  );
});

const MATCHES: readonly (readonly [hints: string, disks: string])[] = [
  ['size=10', 'sda'],
  ['size=11', ''],
  ['size=%3E%3D%20100', 'nvme0n1 sdb'],
  ['size=%3E%20100', 'nvme0n1'],
  ['size=%3C%2020', 'sda'],
  ['size=%3C%3D%2020', 'sda vda'],
  ['size=%3D%20100', 'nvme0n1 sdb'],
  ['size=!%3D%2010', 'nvme0n1 sdb vda'],
  ['size=ten', ''],
  ['model=samsung%20ssd%20870%20evo%20500gb', 'sda'],
  ['model=s%3D%3D%20Samsung%20SSD%20870%20EVO%20500GB', 'sda'],
  ['model=%3Cin%3E%20ssd', 'nvme0n1 sda'],
  ['model=%3Call-in%3E%20ssd%20870', 'sda'],
  ['model=%3Cor%3E%20PERC%20H730%20Mini%20%3Cor%3E%20Samsung%20SSD%20870%20EVO%20500GB', 'sda sdb'],
  ['model=s!%3D%20Samsung%20SSD%20870%20EVO%20500GB', 'nvme0n1 sdb'],
  ['model=s%3E%20q', 'sda'],
  ['model=%3Cin%3E%20%2A', ''],
  ['vendor=dell', 'sdb'],
  ['serial=s5y1ng0n123456', 'sda'],
  ['serial=root-1', 'vda'],
  ['serial=BTLJ9012', 'nvme0n1'],
  ['wwn=0x5002538F41234567', 'sda'],
  ['wwn=0x61866da0a1b2c300', 'sdb'],
  ['wwn_vendor_extension=0x1f2e3d4c5b6a7988', 'sdb'],
  ['wwn_with_extension=0x61866da0a1b2c3001f2e3d4c5b6a7988', 'sdb'],
  ['wwn=eui.01000000010000005cd2e4a1b2c3d4e5', 'nvme0n1'],
  ['name=/dev/vda', 'vda'],
  ['name=%2Fdev%2Fnvme0n1', 'nvme0n1'],
  ['name=s!%3D%20/dev/sda', 'nvme0n1 sdb vda'],
  ['rotational=false', 'nvme0n1 sda'],
  ['rotational=True', 'sdb vda'],
  ['rotational=0,size=10', 'sda'],
  ['rotational=1,size=10', ''],
  ['hctl=2:1:0:0', 'sdb'],
  ['hctl=2%3A1%3A0%3A0', 'sdb'],
  ['by_path=/dev/disk/by-path/pci-0000:00:03.0-ata-3', 'sda'],
  ['by_path=pci-0000:00:03.0-scsi-0:1:0:0', 'sdb'],
  ['by_path=pci-0000:3b:00.0-nvme-1', 'nvme0n1'],
  ['by_path=%2Fdev%2Fdisk%2Fby-path%2Fpci-0000%3A00%3A05.0', 'vda'],
  ['name=/dev/sdc', ''],
];

for (const [hints, disks] of MATCHES) {
  test(`hints ${hints} match ${disks || 'nothing'}`, async (t) => {
    const { stdout } = await root.run(`disks_matching '${hints}'`);
    t.is(stdout.replaceAll('\n', ' '), disks);
  });
}

const CHOICES: readonly {
  readonly cmdline: string;
  readonly disk?: string;
  readonly error?: RegExp;
}[] = [
  { cmdline: 'disk=cciss/c0d0,sda,hda,vda', disk: 'sda' },
  { cmdline: 'disk=vda,sda', disk: 'vda' },
  { cmdline: 'disk=/dev/sdb', disk: 'sdb' },
  { cmdline: '', disk: 'sda' },
  { cmdline: 'disk=sdc,nvme0n1', disk: 'nvme0n1' },
  { cmdline: 'disk=hda ironpxe_disk_seconds=0', error: /^No disk of the list "hda" appeared/ },
  { cmdline: 'disk=sda root_device=serial=root-1', disk: 'vda' },
  {
    cmdline: 'root_device=rotational=0 ironpxe_disk_seconds=9',
    error: /match more than one disk: \/dev\/nvme0n1 \/dev\/sda; disks seen: /,
  },
  {
    cmdline: 'root_device=size=10,tran=sas,colour=red',
    error: /^Root device hints not known to this ramdisk: tran colour/,
  },
  {
    cmdline: 'root_device=serial=none ironpxe_disk_seconds=0',
    error: /^No disk matches the root device hints serial=none; disks seen: .*\/dev\/vda 20 GiB/,
  },
];

for (const { cmdline, disk, error } of CHOICES) {
  test(`command line "${cmdline}" takes ${disk ?? 'no disk'}`, async (t) => {
    await using own = await FakeRoot.create({ ...DISKS, 'proc/cmdline': `${cmdline}\n` });
    const { stdout, exitCode } = await own.run('choose_disk || { cat "$RUN/disk.error"; exit 9; }');
    if (error) t.regex(stdout, error);
    else t.is(stdout, disk ?? '');
    t.is(exitCode, error ? 9 : 0);
  });
}

test('a smart array of the classic list is found under its sysfs name', async (t) => {
  const tree = sysfs({ 'cciss!c0d0': {}, sda: {} });
  await using own = await FakeRoot.create(tree);
  t.is((await own.run('choose_disk')).stdout, 'cciss!c0d0');
  t.is((await own.run("disk_node 'cciss!c0d0'")).stdout, '/dev/cciss/c0d0');
});
