import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import type { EnrollReply } from '../../conductor/deploy/conductor.ts';
import { enrollStranger } from '../../conductor/deploy/inspection/enroll.ts';
import { createRamdiskSwitch } from '../../conductor/deploy/ramdiskSwitch.ts';
import { createManualDriver } from '../../conductor/drivers/manual/driver.ts';
import { parse, strangerReport } from '../../conductor/api/schemas.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { getInventory } from '../../conductor/store/inventories.ts';
import { leaseBook } from '../../conductor/store/leases.ts';
import { getNode, insertNode, updateNode } from '../../conductor/store/nodes.ts';
import { insertPort, listPorts } from '../../conductor/store/ports.ts';
import type { Ipv4 } from '../../conductor/values/ipv4.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { GIB } from '../../conductor/values/units.ts';
import { HostRamdisk } from './support/hostRamdisk.ts';

const MAC = '52:54:00:00:00:0a' as Mac;
const KEY = 'the-key-of-strangers';
const folder = mkdtempSync(join(tmpdir(), 'ironpxe-enroll-'));
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** A NIC for a ramdisk whose sysfs has none. */
const ONE_NIC = `all_nics() {
  mkdir -p "$SYSROOT/sys/class/net/eth0"
  echo ${MAC} >"$SYSROOT/sys/class/net/eth0/address"
  echo eth0
}`;

const config = (more = '') =>
  parseConfig(
    `state_dir: ${folder}
boot_http: {url: "http://192.0.2.1:8088"}
dhcp:
  server_address: 192.0.2.1
  subnets: [{cidr: 192.0.2.0/24, range_start: 192.0.2.10, range_end: 192.0.2.20}]
pxe: {deploy_kernel: /k, deploy_ramdisk: /r}
inspect: {enroll_unknown: true${more}}`,
    'c',
  );

async function lease(database: Database, address: string): Promise<void> {
  const row = { mac: MAC, subnet: 's', state: 'bound', expiresAtMs: Date.now() + 60_000 } as const;
  await leaseBook(database).put({ ...row, address: address as Ipv4 });
}

/** The real ramdisk on this host, told to enroll its machine. */
async function stranger(answer: (address: string, body: unknown) => Promise<EnrollReply>) {
  const diskPath = join(folder, 'disk');
  await using disk = await open(diskPath, 'w');
  await disk.truncate(5 * GIB);
  const started = Promise.withResolvers<HostRamdisk>();
  const ramdisk = await HostRamdisk.start({
    diskPath,
    cmdline: `deployment_key=${KEY} ironpxe_commands=1 ironpxe_enroll=1 ironpxe_lldp_seconds=0`,
    patches: { 'network.sh': ONE_NIC },
    answer: async (body) => ({
      status: 202,
      body: await answer((await started.promise).address, body),
    }),
  });
  started.resolve(ramdisk);
  return ramdisk;
}

test('the real ramdisk tells what it is on; the node is switched through it', async (t) => {
  const database = await openDatabase(':memory:');
  const services = { database, config: config(), key: KEY };
  await using ramdisk = await stranger(async (address, body) => {
    await lease(database, address);
    return enrollStranger(services, { ...parse(strangerReport, body, 'enroll'), address });
  });
  await ramdisk.sees(/This machine is now the node new-52540000000a\./);
  const [port] = await listPorts(database, { address: MAC });
  const node = await getNode(database, port?.nodeUuid ?? '');
  t.like(node, { provisionState: 'enroll', driver: 'manual', interfaces: { power: 'agent' } });
  t.is(node.properties['local_gb'], 4);
  const { inventory } = await getInventory(database, node.uuid);
  t.like(inventory, { disks: [{ serial: 'HOSTDISK1' }] });

  const asked: string[] = [];
  const driver = createManualDriver({
    desk: { ask: async ({ text }) => void asked.push(text) },
    ramdisk: createRamdiskSwitch(database),
  });
  const machine = { uuid: node.uuid, driverInfo: {}, macs: [MAC], powerInterface: 'agent' };
  const { signal } = new AbortController();
  await driver.setPower(machine, 'rebooting', { signal });
  await ramdisk.left;
  t.regex(ramdisk.console, /LEFT reboot/);
  t.deepEqual(asked, []);
  // It is gone now, so somebody has to go there.
  await driver.setPower(machine, 'rebooting', { signal });
  t.deepEqual(asked, ['Please switch the machine off and on.']);
  await database.destroy();
});

const LINES = [
  'cpu {"count": 2, "architecture": "x86_64"}',
  'memory {"totalBytes": 1073741824}',
  `nic {"name": "eth0", "mac": "${MAC}", "hasCarrier": true, "isBootNic": true}`,
  'system {"bootMode": "bios", "hasBmc": true, "bmcAddress": "192.0.2.99"}',
];
const ADDRESS = '192.0.2.10';
const REPORT = { address: ADDRESS, key: KEY, nonce: 'a'.repeat(64), inventory: LINES };

test('the same machine again is the same node, until somebody manages it', async (t) => {
  const database = await openDatabase(':memory:');
  await lease(database, ADDRESS);
  const services = { database, config: config(', enroll_driver: ipmi'), key: KEY };
  const first = await enrollStranger(services, REPORT);
  const again = await enrollStranger(services, REPORT);
  t.is(again.uuid, first.uuid);
  t.not(again.nonce, first.nonce);
  const node = await getNode(database, first.uuid);
  t.like(node, { driver: 'ipmi', driverInfo: { ipmi_address: '192.0.2.99' }, interfaces: {} });
  await updateNode(database, node.uuid, { driverInternalInfo: {} });
  await t.throwsAsync(enrollStranger(services, REPORT), {
    code: 'MAC_EXISTS',
    message: /new-5254/,
  });
  await database.destroy();
});

test('a machine that has a port of a node is that node, through whichever NIC it came', async (t) => {
  const database = await openDatabase(':memory:');
  await lease(database, ADDRESS);
  const other = '52:54:00:00:00:0c' as Mac;
  const uuid = '11111111-1111-4111-8111-111111111111';
  await insertNode(database, { uuid, name: 'rack1', driver: 'ipmi', provisionState: 'available' });
  await insertPort(database, { uuid, nodeUuid: uuid, address: other });
  const inventory = [...LINES, (LINES[2] ?? '').replace(MAC, other).replace('eth0', 'eth1')];
  const services = { database, config: config(), key: KEY };
  await t.throwsAsync(enrollStranger(services, { ...REPORT, inventory }), {
    code: 'MAC_EXISTS',
    message: /0c already exists: the machine is node rack1\. It booted through .*0a; add a port/,
  });
  await database.destroy();
});

test('who has not the key, or not the lease, becomes no node', async (t) => {
  const database = await openDatabase(':memory:');
  const services = { database, config: config(), key: KEY };
  const refused = (report: object, code: string, key: string | undefined = KEY) =>
    t.throwsAsync(enrollStranger({ ...services, key }, { ...REPORT, ...report }), { code });
  await refused({}, 'DEPLOY_KEY_MISMATCH');
  await lease(database, ADDRESS);
  await refused({ key: 'x' }, 'DEPLOY_KEY_MISMATCH');
  await refused({ address: '192.0.2.11' }, 'DEPLOY_KEY_MISMATCH');
  await refused({ inventory: ['cpu nonsense'] }, 'RAMDISK_COMMAND_FAILED');
  await t.throwsAsync(enrollStranger({ ...services, key: undefined }, REPORT), {
    code: 'ENROLL_UNWANTED',
  });
  await database.destroy();
});

test('no more machines wait to be looked at than may', async (t) => {
  const database = await openDatabase(':memory:');
  await lease(database, ADDRESS);
  const services = { database, config: config(', enroll_limit: 1'), key: KEY };
  await enrollStranger(services, REPORT);
  const other = { mac: '52:54:00:00:00:0b' as Mac, address: '192.0.2.11' };
  const row = { subnet: 's', state: 'bound', expiresAtMs: Date.now() + 60_000 } as const;
  await leaseBook(database).put({ ...row, mac: other.mac, address: other.address as Ipv4 });
  const inventory = LINES.map((line) => line.replace(MAC, other.mac));
  const report = { ...REPORT, address: other.address, inventory };
  await t.throwsAsync(enrollStranger(services, report), { code: 'ENROLL_LIMIT' });
  await database.destroy();
});

test('unknown machines need what they boot, and a DHCP server of ours', (t) => {
  const text = `state_dir: /s
boot_http: {url: "http://192.0.2.1:8088"}
dhcp: {enabled: false}
inspect: {enroll_unknown: true}`;
  t.throws(() => parseConfig(text, 'c'), {
    message:
      /inspect.enroll_unknown: needs dhcp.mode server, pxe.deploy_kernel, pxe.deploy_ramdisk/,
  });
});
