import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { formatWaterfall, type WirePhase } from '../../conductor/cli/view/waterfall.ts';
import type { EventKind } from '../../conductor/events/kinds.ts';
import { appendEvent } from '../../conductor/store/events.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { insertOperation, setOperationStatus } from '../../conductor/store/operations.ts';
import { latestOperation } from '../../conductor/store/latest.ts';
import { type CliHarness, openCli } from './harness.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const PXE = { vendorClass: 'PXEClient:Arch:00000', ipxe: false };
const VECTOR = join(import.meta.dirname, '../vectors/boots/rogue-dhcp.json');

/** A node whose deploy failed at DHCP: the machine followed another server. */
async function failedNode({ database }: CliHarness): Promise<void> {
  await insertNode(database, {
    uuid: UUID,
    name: 'n1',
    driver: 'pxe_ssh',
    provisionState: 'available',
  });
  const steps = ['start_ramdisk'];
  const { uuid } = await insertOperation(database, { nodeUuid: UUID, verb: 'deploy', steps });
  const rows: readonly (readonly [EventKind, Readonly<Record<string, unknown>>])[] = [
    ['operation.started', {}],
    ['step.started', { step: 'start_ramdisk' }],
    ['power.changed', { target: 'rebooting' }],
    ['dhcp.discover', PXE],
    ['dhcp.foreign', { server: '192.0.2.66', note: 'token=secret' }],
  ];
  for (const [kind, data] of rows)
    await appendEvent(database, { kind, nodeUuid: UUID, operationUuid: uuid, message: kind, data });
  await setOperationStatus(database, uuid, 'failed', 'CALLBACK_TIMEOUT: Timeout reached.');
}

test('why, timeline and record of a deploy that failed, and its replay', async (t) => {
  const cli = await openCli(t);
  await failedNode(cli);
  const why = await cli.run('node why n1');
  t.is(why.status, 0);
  t.regex(why.out, /\[ROGUE_DHCP\][\s\S]*Cause \(certain\): .*192\.0\.2\.66[\s\S]*Evidence:/);
  const timeline = await cli.run('node timeline n1 --follow');
  t.regex(timeline.out, /^deploy: failed, \d+\.\d s\n.*preparing image and boot[\s\S]*DHCP/);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-record-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'boot.json');
  t.is((await cli.run(`record n1 ${path}`)).status, 0);
  t.notRegex(await readFile(path, 'utf8'), /token=secret/);
  const replayed = await cli.run(`replay ${path}`);
  t.is(replayed.status, 0);
  t.regex(replayed.out, /^0 packets decided again, 0 differently\.[\s\S]*\[ROGUE_DHCP\]/m);
});

test('a recorded boot is replayed without a conductor', async (t) => {
  const { run } = await openCli(t);
  const { status, out } = await run(`replay ${VECTOR} --url http://127.0.0.1:1 --json`);
  const { packets, different, why } = JSON.parse(out) as {
    packets: unknown[];
    different: number;
    why: { code: string };
  };
  t.deepEqual([status, different, why.code], [0, 0, 'ROGUE_DHCP']);
  t.true(packets.length >= 2);
  t.is((await run('replay /etc/hostname')).status, 2);
});

test('a node that never booted', async (t) => {
  const cli = await openCli(t);
  await insertNode(cli.database, {
    uuid: UUID,
    name: 'n1',
    driver: 'pxe_ssh',
    provisionState: 'available',
  });
  t.is((await cli.run('node timeline n1')).out, 'This node was never booted by ironpxe.\n');
  t.regex((await cli.run('node why n1')).out, /^There is nothing to explain\./);
});

test('the waterfall: bars where phases lie, times, the usual ones, transfers', (t) => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const phase = (from: number, to: number | null, more: Partial<WirePhase> = {}): WirePhase => ({
    name: 'x',
    title: 'phase',
    start: 1,
    status: to === null ? 'running' : 'done',
    started_at: at(from),
    ended_at: to === null ? null : at(to),
    duration_ms: to === null ? null : (to - from) * 1000,
    usual_ms: null,
    slow: false,
    why: null,
    parts: [],
    transfers: [],
    ...more,
  });
  const transfer = {
    file: 'k',
    protocol: 'tftp',
    status: 'done',
    size_bytes: 2048,
    bytes_per_second: 1024,
    retries: 3,
    why: null,
  };
  const text = formatWaterfall(
    [
      phase(0, 16),
      phase(16, 24, { transfers: [transfer], usual_ms: 1000, slow: true }),
      phase(24, null),
    ],
    32_000,
    160,
  );
  const [first, second, third] = text.split('\n');
  t.is(first, `  phase  ${'█'.repeat(16)}${'·'.repeat(16)}    16.0 s`);
  t.is(
    second,
    `  phase  ${'·'.repeat(16)}${'█'.repeat(8)}${'·'.repeat(8)}     8.0 s  slow, usually 1.0 s  tftp 2.0 KiB at 1.0 KiB/s, sent again 3 times`,
  );
  t.is(third, `▸ phase  ${'·'.repeat(24)}${'█'.repeat(8)}     8.0 s`);
});

test('a narrow terminal has narrow bars; why a phase failed is told in whole below', async (t) => {
  const cli = await openCli(t);
  await failedNode(cli);
  const { database } = cli;
  const { uuid } = (await latestOperation(database, UUID)) ?? { uuid: '' };
  const message = `CALLBACK_TIMEOUT: ${'a long reason '.repeat(20)}`.trim();
  const data = { status: 'failed' };
  const kind = 'operation.ended';
  await appendEvent(database, { kind, nodeUuid: UUID, operationUuid: uuid, message, data });
  const { out } = await cli.run('node timeline n1');
  t.true(out.endsWith(`\n${message}\nWhat it means: ironpxe node why n1\n`));
  const phases = JSON.parse((await cli.run('node timeline n1 --json')).out) as {
    phases: WirePhase[];
  };
  const narrow = formatWaterfall(phases.phases, Date.now(), 79);
  t.true(narrow.split('\n').every((line) => line.length <= 79));
  t.regex(narrow, /^✗ DHCP +[·█]{16} /m);
});
