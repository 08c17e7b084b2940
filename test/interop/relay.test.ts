import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { receiptOf } from '../../conductor/deploy/receipt.ts';
import { listEvents } from '../../conductor/store/events.ts';
import { MIB } from '../../conductor/values/units.ts';
import { assertRootIsImage, folder, imagePath, makeFiles } from './support/deployBench.ts';
import { type FleetBench, makeFleet, type Member } from './support/fleetBench.ts';

const RELAY = 'deploy: {relay: true}';
const DATA_BYTES = 32 * MIB;

test.before(async () => {
  await makeFiles();
  // More data than a file system of small files has: over several ranges.
  await using image = await open(imagePath, 'r+');
  await image.write(randomBytes(DATA_BYTES), 0, DATA_BYTES, 40 * MIB);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function eventsOf({ database }: FleetBench, { uuid }: Member, kind: string) {
  const events = await listEvents(database, { nodeUuid: uuid });
  return events.filter((event) => event.kind === kind);
}

test.serial(
  'of four machines the conductor writes one, and the others feed each other',
  async (t) => {
    await using fleet = await makeFleet(t, RELAY, [{}, {}, {}, {}]);
    await fleet.deployAll();
    const nodes = await Promise.all(fleet.members.map((member) => fleet.untilActive(member)));
    for (const { machine } of fleet.members) await assertRootIsImage(t, machine.diskPath);
    const receipts = nodes.map((node) => receiptOf(node));
    const fed = receipts.filter((one) => (one?.relayed_bytes ?? 0) >= DATA_BYTES);
    t.is(fed.length, 3);
    const sent = receipts.reduce((sum, one) => sum + (one?.sent_bytes ?? Infinity), 0);
    t.true(sent < 2 * DATA_BYTES, `the conductor sent ${sent} bytes`);
    t.true(fed.every((one) => one?.verify === 'written' && one.verified_bytes > DATA_BYTES));
  },
);

/** A disk that returns zeros to whoever fetches from it. */
const LIES = `command_feed() {
  read_disk; read -r cd_word; mkdir -p "$RUN/feeds"; echo /dev/zero >"$RUN/feeds/$cd_word"
}`;

test.serial(
  'what another machine hands on wrongly is found and written by the conductor',
  async (t) => {
    const liar = { patches: { 'commands.sh': LIES } };
    await using fleet = await makeFleet(t, RELAY, [liar, liar]);
    await fleet.deployAll();
    const nodes = await Promise.all(fleet.members.map((member) => fleet.untilActive(member)));
    for (const { machine } of fleet.members) await assertRootIsImage(t, machine.diskPath);
    t.true(nodes.some((node) => (receiptOf(node)?.relayed_bytes ?? 0) >= DATA_BYTES));
    const found = fleet.members.map((member) => eventsOf(fleet, member, 'verify.mismatch'));
    t.is((await Promise.all(found)).flat().length, 1);
  },
);

const MARK = join(folder, 'fed');
/** Hands on so much and then nothing more, but does not hang up. */
const STALLS = `command_feed() {
  read_disk; read -r cd_word; mkdir -p "$RUN/feeds"; mkfifo "$RUN/slow"
  { { : >"${MARK}"; dd if="$node" bs=1M count=3; sleep 1000; } >"$RUN/slow"; } >/dev/null 2>&1 </dev/null &
  echo "$RUN/slow" >"$RUN/feeds/$cd_word"
}`;

test.serial(
  'a machine that dies while it feeds: the conductor writes what is missing',
  async (t) => {
    const dying = { patches: { 'commands.sh': STALLS } };
    await using fleet = await makeFleet(t, RELAY, [dying, dying]);
    await fleet.deployAll();
    const feeds = fleet.members.map((member) =>
      fleet.untilEvent(member, 'write.feeding').then(() => member),
    );
    const source = await Promise.race(feeds);
    const other = fleet.members.find((member) => member !== source);
    if (!other) throw new Error('There are two machines.');
    while (!existsSync(MARK)) await new Promise((resolve) => setTimeout(resolve, 50));
    await source.machine.cutPower();
    await fleet.untilActive(other);
    await assertRootIsImage(t, other.machine.diskPath);
    const [told] = await eventsOf(fleet, other, 'write.relayed');
    t.regex(told?.message ?? '', /and no more: RAMDISK_COMMAND_FAILED/);
  },
);
