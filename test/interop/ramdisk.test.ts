import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { localLinkOf, toFrame } from '../../conductor/deploy/inspection/lldp.ts';
import { ramdiskCommands } from '../../conductor/deploy/ramdisk/commands.ts';
import { chapOf, namesOf, sessionKey } from '../../conductor/deploy/ramdisk/secrets.ts';
import { freeUdpPort } from '../drivers/support/ipmiSim.ts';
import { startBmc } from './support/kcsBmc.ts';
import { openIscsiDisk } from '../../conductor/iscsi/disk.ts';
import {
  type Answer,
  buildRamdisk,
  FakeConductor,
  IQN,
  KEY,
  Machine,
  type MachineOptions,
  MAC,
  NODE_UUID,
} from '../deploy-ramdisk/machine.ts';

const MIB = 1024 * 1024;
const NONCE = 'c0ffee'.padEnd(64, '0');
const DISK_BYTES = 1024 * MIB;
const ACCEPT: readonly Answer[] = [{ status: 202 }];
const PATH = `/v1/nodes/${NODE_UUID}/vendor_passthru/pass_deploy_info`;

let ramdisk = '';
let folder = '';

test.before(async (t) => {
  t.timeout(300_000);
  ramdisk = await buildRamdisk();
  folder = await mkdtemp(join(tmpdir(), 'ironpxe-ramdisk-'));
});

test.after.always(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function newDisk(name: string, sizeBytes = DISK_BYTES): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '');
  await truncate(path, sizeBytes);
  return path;
}

function drive(id: string, path: string): string[] {
  const options = 'format=raw,if=none,cache=unsafe,discard=unmap,detect-zeroes=off';
  return ['-drive', `id=${id},file=${path},${options}`];
}

function virtioDisk(id: string, path: string, serial: string): string[] {
  return [...drive(id, path), ...device(`virtio-blk-pci,drive=${id},serial=${serial}`)];
}

function device(text: string): string[] {
  return ['-device', text];
}

async function bytesAt(path: string, offset: number): Promise<number[]> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, offset);
  return [...buffer];
}

type Boot = Omit<MachineOptions, 'ramdisk' | 'apiUrl'> & { readonly answers?: readonly Answer[] };

/** Boots a machine beside a fake conductor; both end with the returned stack. */
async function boot({ answers = ACCEPT, ...options }: Boot) {
  const stack = new AsyncDisposableStack();
  const conductor = stack.use(new FakeConductor(answers));
  const apiUrl = await conductor.listen();
  const machine = stack.use(await Machine.start({ ramdisk, apiUrl, ...options }));
  return { stack, conductor, machine };
}

test.serial(
  'virtio: retries the callback, exports the disk, is released by "done" only',
  async (t) => {
    const path = await newDisk('virtio');
    const { stack, conductor, machine } = await boot({
      disks: virtioDisk('d0', path, 'V1'),
      answers: ['drop', { status: 503, fault: 'No free "worker"' }, { status: 202 }],
    });
    await using _ = stack;
    await machine.sees(/stage=waiting .*port=10000/);
    t.is(conductor.callbacks.length, 3);
    t.deepEqual(conductor.callbacks[2], {
      path: PATH,
      body: { address: '10.0.2.15', key: KEY, iqn: IQN, port: '3260', lun: '1' },
    });
    t.regex(
      machine.console,
      /stage=callback .*status=503\r?\n.*The conductor said: No free 'worker'/,
    );

    const said = await machine.onTarget(
      'length',
      'write -P 0xa5 1M 4M',
      'write -z -u 2M 1M',
      'flush',
    );
    t.regex(said, /^1 GiB/m);
    t.is(await machine.tellRelease('GET '), 'error expected "done"\n');
    t.is(await machine.tellRelease('done'), 'ok\nflushed\n');
    await machine.ended();
    t.regex(machine.console, /stage=reboot/);
    t.log([...machine.console.matchAll(/stage=\w+ uptime=\S+/g)].join(' '));
    t.deepEqual(await bytesAt(path, MIB), [0xa5, 0xa5]);
    t.deepEqual(await bytesAt(path, 5 * MIB - 2), [0xa5, 0xa5]);
    t.deepEqual(await bytesAt(path, 2 * MIB), [0, 0]);
    t.deepEqual(await bytesAt(path, 5 * MIB), [0, 0]);
  },
);

test.serial('AHCI disks and an e1000 NIC: takes the disk that the hints name', async (t) => {
  const [other, path] = [await newDisk('sata0'), await newDisk('sata1', 2 * DISK_BYTES)];
  const { stack, machine } = await boot({
    nic: 'e1000',
    bootif: MAC,
    disks: [
      ...device('ich9-ahci,id=ahci'),
      ...drive('d0', other),
      ...device('ide-hd,bus=ahci.0,drive=d0,serial=WRONG'),
      ...drive('d1', path),
      ...device('ide-hd,bus=ahci.3,drive=d1,serial=Right-1,model=Lab Disk'),
    ],
    append:
      'root_device=serial=RIGHT-1,size=%3E%3D%202,model=%3Cin%3E%20lab,by_path=pci-0000:00:03.0-ata-4',
  });
  await using _ = stack;
  const [, disk] = await machine.sees(/stage=disk .*disk=\/dev\/(\S+) size=2147483648/);
  await machine.sees(/stage=waiting/);
  await machine.onTarget('write -P 0x5a 3M 1M', 'flush');
  t.is(await machine.tellRelease('done'), 'ok\nflushed\n');
  await machine.ended();
  t.is(disk, 'sdb');
  t.deepEqual(await bytesAt(path, 3 * MIB), [0x5a, 0x5a]);
  t.deepEqual(await bytesAt(other, 3 * MIB), [0, 0]);
});

test.serial('NVMe: takes commands and nothing else, API address with /v1', async (t) => {
  const path = await newDisk('nvme');
  const stack = new AsyncDisposableStack();
  const conductor = stack.use(new FakeConductor([{ status: 202, nonce: NONCE }]));
  const apiUrl = `${await conductor.listen()}/v1/`;
  const disks = [...drive('d0', path), ...device('nvme,drive=d0,serial=N1')];
  const append = 'ironpxe_commands=1';
  const machine = stack.use(await Machine.start({ ramdisk, apiUrl, disks, nic: 'e1000e', append }));
  await using _ = stack;
  await machine.sees(/stage=disk .*disk=\/dev\/nvme0n1 /);
  await machine.sees(/stage=waiting/);
  t.is(conductor.callbacks[0]?.path, PATH);
  t.is(await machine.tellRelease('done'), 'error expected an authenticated command\n');
  const key = sessionKey(KEY, conductor.callbacks[0]?.body['nonce'] ?? '', NONCE);
  await commandThe(t, machine, key);
  await machine.ended();
  t.deepEqual(await bytesAt(path, 0), [0, 0], 'what was written is erased');
});

/** Exports the disk under CHAP, writes, zeroes and hashes it, and lets the machine go. */
async function commandThe(t: ExecutionContext, machine: Machine, key: string): Promise<void> {
  const signal = AbortSignal.timeout(90_000);
  const address = '127.0.0.1';
  const commands = ramdiskCommands({ address, listenPort: machine.releasePort, key });
  const { disks, nics, boot: how } = await commands.inventory({ signal });
  t.like(disks[0], {
    name: '/dev/nvme0n1',
    sizeBytes: DISK_BYTES,
    serial: 'N1',
    rotational: false,
  });
  t.like(nics[0], { mac: MAC, hasCarrier: true, driver: 'e1000e', isBootNic: true });
  t.deepEqual(how, { mode: 'bios', bootMac: MAC });
  const { iqn, lun } = await commands.exportDisk({ signal });
  {
    await using disk = await openIscsiDisk({
      host: address,
      listenPort: machine.iscsiPort,
      iqn,
      lun,
      chap: chapOf(key),
      initiatorIqn: namesOf(key).initiatorIqn,
      connectTimeoutMs: 30_000,
      commandTimeoutMs: 60_000,
      reconnectForMs: 0,
      signal,
    });
    await disk.write(0, Buffer.alloc(2 * MIB, 0x77));
    await disk.flush();
  }
  const second = { offsetBytes: MIB, lengthBytes: MIB };
  const zeroed = await Array.fromAsync(commands.zero([second], { signal }));
  t.is(zeroed.length, 1);
  const both = [{ offsetBytes: 0, lengthBytes: MIB }, second];
  const found = await Array.fromAsync(commands.hash(both, { signal }));
  const sha256 = (byte: number) =>
    createHash('sha256').update(Buffer.alloc(MIB, byte)).digest('hex');
  t.is(found.find(({ index }) => index === 0)?.sha256, sha256(0x77));
  t.is(found.find(({ index }) => index === 1)?.sha256, sha256(0));
  await t.throwsAsync(Array.fromAsync(commands.erase('nvme_sanitize', { signal })), {
    code: 'RAMDISK_COMMAND_REFUSED',
    message: /cannot do nvme_sanitize/,
  });
  await commands.withdrawDisk({ signal });
  const erased = await Array.fromAsync(commands.erase('auto', { signal }));
  t.deepEqual(erased.at(-1), {
    way: 'nvme_format',
    doneBytes: DISK_BYTES,
    totalBytes: DISK_BYTES,
  });
  await commands.leave('reboot', { signal });
}

test.serial('a BMC behind KCS tells its address, and a switch who it is', async (t) => {
  const { stack, machine, key } = await bootWithBmc('192.0.2.77');
  await using _ = stack;
  await machine.sees(/stage=waiting/);
  const commands = ramdiskCommands({
    address: '127.0.0.1',
    listenPort: machine.releasePort,
    key: key(),
  });
  const signal = AbortSignal.timeout(180_000);
  // The other NIC has no switch, so it is listened to for as long as may be.
  const found = await commands.inventory({ signal, lldpSeconds: 20 });
  t.like(found, { hasBmc: true, bmcAddress: '192.0.2.77' });
  const [quiet, heard] = found.nics.toSorted((a, b) => a.mac.localeCompare(b.mac));
  t.is(quiet?.lldp, undefined);
  t.is(heard?.mac, SWITCHED_MAC);
  t.deepEqual(localLinkOf(heard?.lldp), {
    switch_id: '02:aa:bb:cc:dd:01',
    port_id: 'Ethernet1/7',
    switch_info: 'rack1-switch',
  });
});

const SWITCHED_MAC = '52:54:00:ff:ff:01';

/** A wire to a NIC of a machine on which a switch says every second who it is. */
async function wireOfSwitch(): Promise<AsyncDisposable & { readonly args: readonly string[] }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const guestPort = await freeUdpPort();
  const tlvs = toFrame([
    [1, '0402aabbccdd01'],
    [2, `05${Buffer.from('Ethernet1/7').toString('hex')}`],
    [3, '0078'],
    [5, Buffer.from('rack1-switch').toString('hex')],
  ]);
  const frame = Buffer.from(`0180c200000e02aabbccdd0188cc${tlvs}0000`, 'hex');
  const timer = setInterval(() => socket.send(frame, guestPort, '127.0.0.1'), 1000);
  const places = `udp=127.0.0.1:${socket.address().port},localaddr=127.0.0.1:${guestPort}`;
  return {
    args: [
      '-netdev',
      `socket,id=wire,${places}`,
      ...device(`e1000,netdev=wire,mac=${SWITCHED_MAC}`),
    ],
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      socket.close();
    },
  };
}

/** A machine with the KCS interface of a BMC of OpenIPMI, whose LAN has the address, and a switch. */
async function bootWithBmc(address: string) {
  const stack = new AsyncDisposableStack();
  const port = stack.use(await startBmc(await mkdtemp(join(folder, 'bmc-')), address)).port;
  const conductor = stack.use(new FakeConductor([{ status: 202, nonce: NONCE }]));
  const apiUrl = await conductor.listen();
  const wire = stack.use(await wireOfSwitch());
  const disks = [
    ...virtioDisk('d0', await newDisk('bmc'), 'B'),
    '-chardev',
    `socket,id=ipmi,host=127.0.0.1,port=${port},reconnect=1`,
    ...device('ipmi-bmc-extern,id=bmc,chardev=ipmi'),
    ...device('isa-ipmi-kcs,bmc=bmc'),
    ...wire.args,
  ];
  const append = 'ironpxe_commands=1';
  const machine = stack.use(await Machine.start({ ramdisk, apiUrl, disks, append }));
  const key = () => sessionKey(KEY, conductor.callbacks[0]?.body['nonce'] ?? '', NONCE);
  return { stack, machine, key };
}

test.serial('no disk at all: says so in the callback and stays', async (t) => {
  const { stack, conductor, machine } = await boot({
    disks: [],
    append: 'ironpxe_disk_seconds=2',
  });
  await using _ = stack;
  await machine.sees(/stage=stopped/);
  t.is(
    conductor.callbacks[0]?.body['error'],
    'No disk of the list "cciss/c0d0 sda hda vda nvme0n1 xvda mmcblk0" appeared within 2 s; ' +
      'disks seen: none.',
  );
  t.is(conductor.callbacks[0]?.body['key'], KEY);
});

const HINT_FAULTS = [
  {
    title: 'match nothing',
    hints: 'serial=NOPE%22%5C',
    error:
      'No disk matches the root device hints serial=NOPE"\\; disks seen: ' +
      '/dev/vda 1 GiB serial "ONE"; /dev/vdb 1 GiB serial "TWO".',
  },
  {
    title: 'match two disks',
    hints: 'size=1',
    error:
      'The root device hints size=1 match more than one disk: /dev/vda /dev/vdb; disks seen: ' +
      '/dev/vda 1 GiB serial "ONE"; /dev/vdb 1 GiB serial "TWO".',
  },
];

for (const { title, hints, error } of HINT_FAULTS) {
  test.serial(`hints that ${title}: the callback names the disks`, async (t) => {
    const disks = [
      ...virtioDisk('d0', await newDisk('one'), 'ONE'),
      ...virtioDisk('d1', await newDisk('two'), 'TWO'),
    ];
    const append = `ironpxe_disk_seconds=3 root_device=${hints}`;
    const { stack, conductor, machine } = await boot({ disks, append });
    await using _ = stack;
    await machine.sees(/stage=stopped/);
    t.is(conductor.callbacks[0]?.body['error'], error);
    t.true(machine.console.includes(error));
  });
}

test.serial('a refusal ends the attempts and is shown on the console', async (t) => {
  const fault = 'Deploy key does not match.';
  const { stack, conductor, machine } = await boot({
    disks: virtioDisk('d0', await newDisk('refused'), 'R'),
    answers: [{ status: 400, fault }],
  });
  await using _ = stack;
  const [line] = await machine.sees(/stage=stopped .*\r?\n.*refused.*\r?\n/);
  t.true(line.includes(`The conductor refused this machine (400): ${fault}`));
  t.is(conductor.callbacks.length, 1);
});
