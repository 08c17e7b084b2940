import { createHash, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import {
  type IscsiDisk,
  type IscsiDiskOptions,
  openIscsiDisk,
} from '../../conductor/iscsi/disk.ts';
import { MIB } from '../../conductor/values/units.ts';
import { BreakablePath } from '../iscsi/support/breakablePath.ts';
import { makeSparseFile, type TargetSetup, Tgtd } from '../iscsi/support/tgtd.ts';

const IQN = 'iqn.2026-11.org.ironpxe:interop';
const SIZE_BYTES = 64 * MIB;
const INCOMING = { username: 'deploy', password: 'one-time-secret' };
const OUTGOING = { username: 'ramdisk', password: 'another-secret' };

/** A tgtd with one target whose disk is full of garbage. */
async function startTarget(
  setup: Partial<TargetSetup> = {},
): Promise<{ tgtd: Tgtd; backingFile: string; setup: TargetSetup }> {
  const tgtd = await Tgtd.start();
  const backingFile = await makeSparseFile(join(tgtd.folder, 'disk.raw'), SIZE_BYTES);
  await using file = await open(backingFile, 'r+');
  const garbage = Buffer.alloc(MIB, 0xa5);
  for (let at = 0; at < SIZE_BYTES; at += MIB) await file.write(garbage, 0, MIB, at);
  const whole = { tid: 1, iqn: IQN, backingFile, ...setup };
  await tgtd.addTarget(whole);
  return { tgtd, backingFile, setup: whole };
}

async function openDisk(tgtd: Tgtd, options: Partial<IscsiDiskOptions> = {}): Promise<IscsiDisk> {
  return await openIscsiDisk({
    host: tgtd.host,
    listenPort: tgtd.listenPort,
    iqn: IQN,
    lun: 1,
    connectTimeoutMs: 10_000,
    commandTimeoutMs: 20_000,
    reconnectForMs: 20_000,
    signal: new AbortController().signal,
    ...options,
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const RAISED = {
  MaxRecvDataSegmentLength: '1048576',
  MaxXmitDataSegmentLength: '1048576',
  MaxBurstLength: '1048576',
  FirstBurstLength: '1048576',
  InitialR2T: 'No',
  MaxOutstandingR2T: '8',
};
const DIGESTS = { HeaderDigest: 'CRC32C,None', DataDigest: 'CRC32C,None' };

const LOGINS: readonly {
  readonly name: string;
  readonly setup: Partial<TargetSetup>;
  readonly options: Partial<IscsiDiskOptions>;
}[] = [
  { name: 'the defaults', setup: {}, options: {} },
  { name: 'raised parameters', setup: { parameters: RAISED }, options: {} },
  {
    name: 'no immediate data',
    setup: { parameters: { ImmediateData: 'No' } },
    options: {},
  },
  {
    name: 'unsolicited data in small segments',
    setup: { parameters: { InitialR2T: 'No', MaxRecvDataSegmentLength: '4096' } },
    options: {},
  },
  { name: 'CHAP', setup: { incoming: INCOMING }, options: { chap: INCOMING } },
  {
    name: 'mutual CHAP',
    setup: { incoming: INCOMING, outgoing: OUTGOING },
    options: { chap: { ...INCOMING, mutual: OUTGOING } },
  },
  {
    name: 'header and data digests',
    setup: { parameters: DIGESTS },
    options: { headerDigest: true, dataDigest: true },
  },
  {
    name: 'digests, raised parameters and CHAP',
    setup: { parameters: { ...RAISED, ...DIGESTS }, incoming: INCOMING },
    options: { headerDigest: true, dataDigest: true, chap: INCOMING },
  },
];

for (const { name, setup, options } of LOGINS)
  test.serial(`tgtd with ${name}: writes and reads what it should`, async (t) => {
    const { tgtd, backingFile } = await startTarget(setup);
    await using _ = tgtd;
    await using disk = await openDisk(tgtd, options);
    t.deepEqual(disk.identity, { vendor: 'IET', product: 'VIRTUAL-DISK', serial: 'beaf11' });
    t.is(disk.sizeBytes, SIZE_BYTES);
    const data = randomBytes(5 * MIB + 512);
    await Promise.all([
      disk.write(512, data),
      disk.write(SIZE_BYTES - 1536, data.subarray(0, 1536)),
      disk.write(32 * MIB, data.subarray(0, MIB)),
    ]);
    await disk.flush();
    t.is(sha256(await disk.read(512, data.length)), sha256(data));
    const stored = await readFile(backingFile);
    t.is(sha256(stored.subarray(512, 512 + data.length)), sha256(data));
    t.is(sha256(stored.subarray(SIZE_BYTES - 1536)), sha256(data.subarray(0, 1536)));
    t.is(stored[0], 0xa5);
    t.is(stored[512 + data.length], 0xa5);
    t.is(disk.sentBytes, data.length + 1536 + MIB);
  });

for (const { thin, storeType, way } of [
  { thin: true, storeType: 'rdwr', way: 'unmap' },
  { thin: false, storeType: 'rdwr', way: 'write_same' },
  { thin: false, storeType: 'aio', way: 'write' },
] as const)
  test.serial(`a dirty disk is made zero by ${way} (${storeType}, thin: ${thin})`, async (t) => {
    const { tgtd, backingFile } = await startTarget({ thin, storeType });
    await using _ = tgtd;
    await using disk = await openDisk(tgtd);
    const lengthBytes = 40 * MIB + 1024;
    await disk.zero(MIB - 512, lengthBytes);
    await disk.flush();
    t.is(disk.zeroing, way);
    const stored = await readFile(backingFile);
    const zeroed = stored.subarray(MIB - 512, MIB - 512 + lengthBytes);
    t.true(zeroed.equals(Buffer.alloc(lengthBytes)));
    t.is(stored[MIB - 513], 0xa5);
    t.is(stored[MIB - 512 + lengthBytes], 0xa5);
    t.is(disk.sentBytes >= lengthBytes, way === 'write');
  });

for (const { name, setup, options, code } of [
  {
    name: 'a wrong IQN',
    setup: {},
    options: { iqn: `${IQN}-other` },
    code: 'ISCSI_TARGET_NOT_FOUND',
  },
  {
    name: 'a wrong secret',
    setup: { incoming: INCOMING },
    options: { chap: { ...INCOMING, password: 'a-wrong-secret' } },
    code: 'ISCSI_LOGIN_AUTH_FAILED',
  },
  {
    name: 'a wrong name',
    setup: { incoming: INCOMING },
    options: { chap: { ...INCOMING, username: 'someone' } },
    code: 'ISCSI_LOGIN_AUTH_FAILED',
  },
  {
    name: 'no secret where one is needed',
    setup: { incoming: INCOMING },
    options: {},
    code: 'ISCSI_LOGIN_AUTH_FAILED',
  },
  {
    name: 'a target that proves itself with another secret',
    setup: { incoming: INCOMING, outgoing: OUTGOING },
    options: { chap: { ...INCOMING, mutual: { ...OUTGOING, password: 'not-the-secret' } } },
    code: 'ISCSI_TARGET_NOT_AUTHENTIC',
  },
  {
    name: 'a LUN that is absent',
    setup: {},
    options: { lun: 7 },
    code: 'ISCSI_LUN_NOT_FOUND',
  },
  {
    name: 'the LUN of the controller',
    setup: {},
    options: { lun: 0 },
    code: 'ISCSI_NOT_A_DISK',
  },
  {
    name: 'digests that the target does not want',
    setup: {},
    options: { dataDigest: true },
    code: 'ISCSI_NEGOTIATION_FAILED',
  },
] as const)
  test.serial(`${name} is ${code}`, async (t) => {
    const { tgtd } = await startTarget(setup);
    await using _ = tgtd;
    const error = await t.throwsAsync(openDisk(tgtd, options), { code });
    t.notRegex(error?.message ?? '', /one-time|a-wrong|another-|not-the/);
    // The failed login leaves no session behind.
    t.notRegex(await tgtd.connections(1), /Session|Connection/);
  });

test.serial('CHAP that the target does not ask for is refused', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  const error = await t.throwsAsync(openDisk(tgtd, { chap: INCOMING }));
  t.regex(String(error && 'code' in error && error.code), /ISCSI_(NEGOTIATION|LOGIN_AUTH)_FAILED/);
});

test.serial('a LUN that is absent: the message lists those that exist', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  const expected = { code: 'ISCSI_LUN_NOT_FOUND', message: /no LUN 7; it has LUN 0, 1/ };
  await t.throwsAsync(openDisk(tgtd, { lun: 7 }), expected);
});

/** Writes the data again and again until told otherwise, as a long write does. */
async function writeAround(disk: IscsiDisk, data: Buffer, until: () => boolean): Promise<void> {
  for (let at = 0; !until() || at % SIZE_BYTES !== 0; at += data.length)
    await disk.write(at % SIZE_BYTES, data);
}

test.serial(
  'tgtd killed amid writing and started again: the writer starts over and succeeds',
  async (t) => {
    const { tgtd, backingFile, setup } = await startTarget({ incoming: INCOMING });
    await using _ = tgtd;
    const events: NewEvent[] = [];
    await using disk = await openDisk(tgtd, {
      chap: INCOMING,
      observe: (event) => events.push(event),
    });
    const data = randomBytes(4 * MIB);
    let restarted = false;
    const writing = writeAround(disk, data, () => restarted);
    await disk.write(0, data);
    await tgtd.kill();
    await tgtd.start();
    await tgtd.addTarget(setup);
    restarted = true;
    await writing;
    await t.throwsAsync(disk.flush(), { code: 'ISCSI_SESSION_LOST_BEFORE_FLUSH' });
    await writeAround(disk, data, () => true);
    for (let at = 0; at < SIZE_BYTES; at += data.length) await disk.write(at, data);
    await disk.flush();
    const stored = await readFile(backingFile);
    const expected = Buffer.concat(Array.from({ length: SIZE_BYTES / data.length }, () => data));
    t.is(sha256(stored), sha256(expected));
    const kinds = events.map(({ kind }) => kind);
    t.deepEqual(kinds, ['iscsi.connected', 'iscsi.lost', 'iscsi.connected']);
  },
);

test.serial('tgtd killed for good', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  await using disk = await openDisk(tgtd, { reconnectForMs: 500 });
  const writing = writeAround(disk, randomBytes(4 * MIB), () => false);
  await disk.write(0, randomBytes(512));
  await tgtd.kill();
  await t.throwsAsync(writing, { code: 'ISCSI_TARGET_LOST', message: /ECONNREFUSED/ });
});

test.serial('tgtd that hangs is left after the command timeout, and found again', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  const lost = Promise.withResolvers<NewEvent>();
  await using disk = await openDisk(tgtd, {
    commandTimeoutMs: 500,
    observe: (event) => event.kind === 'iscsi.lost' && lost.resolve(event),
  });
  tgtd.signal('SIGSTOP');
  const data = randomBytes(MIB);
  const writing = disk.write(0, data);
  t.regex((await lost.promise).message, /not answered within 500 ms/);
  tgtd.signal('SIGCONT');
  await writing;
  t.is(sha256(await disk.read(0, MIB)), sha256(data));
});

test.serial('closing the disk leaves no session on the target', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  const disk = await openDisk(tgtd);
  t.is((await tgtd.connections(1)).match(/Connection/g)?.length, 1);
  await disk[Symbol.asyncDispose]();
  t.is((await tgtd.connections(1)).match(/Connection/g), null);
});

test.serial('a session that only we know to be dead is replaced, not doubled', async (t) => {
  const { tgtd } = await startTarget();
  await using _ = tgtd;
  await using path = await BreakablePath.start(tgtd.listenPort);
  await using disk = await openDisk(tgtd, { listenPort: path.listenPort });
  const data = randomBytes(MIB);
  await disk.write(0, data);
  path.breakNearEnd();
  await disk.write(MIB, data);
  t.is(path.farEnds, 2);
  t.is((await tgtd.connections(1)).match(/Connection/g)?.length, 1);
  t.is(sha256(await disk.read(0, 2 * MIB)), sha256(Buffer.concat([data, data])));
});
