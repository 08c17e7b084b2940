import test from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createWakeUps } from '../../conductor/deploy/wakeups.ts';
import { loadTemplates } from '../../conductor/netboot/templates/load.ts';
import { bootTree } from '../../conductor/netboot/tree/tree.ts';
import { netbootFacts } from '../../conductor/run/netbootFacts.ts';
import { openStrangers } from '../../conductor/run/strangers.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { insertPort } from '../../conductor/store/ports.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { answer, ip, message, OPTIONS } from '../netboot/support/dhcp.ts';

const NODE = '11111111-1111-4111-8111-111111111111';
/** The MAC of the captured dialogues. */
const MAC = '52:54:00:00:00:01' as Mac;
const IGNORING = { ...OPTIONS, unknownMachines: 'ignore' } as const;

const config = (enroll: boolean) =>
  parseConfig(
    `state_dir: /s
boot_http: {url: "http://192.0.2.1:8088"}
dhcp:
  server_address: 192.0.2.1
  subnets: [{cidr: 192.0.2.0/24, range_start: 192.0.2.10, range_end: 192.0.2.20}]
pxe: {deploy_kernel: /k, deploy_ramdisk: /r}
inspect: {enroll_unknown: ${enroll}}`,
    'c',
  );

function factsOf(database: Database, enroll = true) {
  const strangers = openStrangers(config(enroll));
  const logger = pino({ level: 'silent' });
  const wakeUps = createWakeUps();
  return netbootFacts({ database, wakeUps, logger, ipxeByDefault: false, strangers });
}

test('a machine that nobody knows is let boot the ramdisk, its files and no others', async (t) => {
  const database = await openDatabase(':memory:');
  const facts = factsOf(database);
  const { reply } = await answer(message(['ovmf', 0]), facts, IGNORING);
  t.is(reply?.packet.file, 'bootx64.efi');
  const options = { loaders: {}, clientCheck: 'lease', ipxeRom: 'use' } as const;
  const tree = bootTree(facts, await loadTemplates(), options);
  const client = reply?.packet.yiaddr ?? ip('0.0.0.0');
  const found = await tree.resolve(`${MAC}.conf`, client);
  const text = 'found' in found && found.found.kind === 'text' ? found.found.text : '';
  const [, key = ''] = /deployment_key=(\S+) /.exec(text) ?? [];
  t.true(key.length >= 32 && key.length <= 64);
  t.regex(text, / ironpxe_commands=1 ironpxe_enroll=1 ironpxe_lldp_seconds=35/);
  t.notRegex(text, /iscsi_target_iqn|deployment_id/);
  t.like(await tree.resolve(`${MAC}.conf`, ip('192.0.2.99')), { refused: 'forbidden' });
  t.is(
    key ===
      /deployment_key=(\S+) /.exec(openStrangers(config(true))?.boot.deployOptions ?? '')?.[1],
    false,
  );
  await database.destroy();
});

test('who did not come to boot is no stranger: a laptop; the ramdisk of one that did is', async (t) => {
  const database = await openDatabase(':memory:');
  const facts = factsOf(database);
  const laptop = await answer(message(['dhclient', 0]), facts, IGNORING);
  t.is(laptop.reply, undefined);
  const mac = '52:54:00:00:00:09' as Mac;
  await answer(message(['ovmf', 0], { mac }), facts, IGNORING);
  const ramdisk = await answer(message(['udhcpc', 0], { mac }), facts, IGNORING);
  t.not(ramdisk.reply, undefined);
  await database.destroy();
});

test('a port that may not boot makes no stranger, nor does a conductor that wants none', async (t) => {
  const database = await openDatabase(':memory:');
  await insertNode(database, { uuid: NODE, driver: 'ipmi', provisionState: 'available' });
  await insertPort(database, { uuid: NODE, nodeUuid: NODE, address: MAC, pxeEnabled: false });
  t.is(await factsOf(database).hostByMac(MAC), undefined);
  t.is(await factsOf(database, false).hostByMac('52:54:00:00:00:09' as Mac), undefined);
  await database.destroy();
});

test('what strangers do stands in the timeline of no node', async (t) => {
  const database = await openDatabase(':memory:');
  const facts = factsOf(database);
  const { events } = await answer(message(['ovmf', 0]), facts, IGNORING);
  for (const event of events) facts.observe(event);
  let found = await listEvents(database, {});
  while (found.length < events.length) found = await listEvents(database, {});
  t.deepEqual(
    found.map(({ kind, nodeUuid }) => [kind, nodeUuid]),
    [
      ['dhcp.discover', null],
      ['dhcp.offer', null],
    ],
  );
  await database.destroy();
});
