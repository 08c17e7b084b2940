import test from 'ava';
import { isSlow, usualTimes } from '../../conductor/timeline/history.ts';
import { durationMs, phasesOf, withoutWaiting } from '../../conductor/timeline/phases.ts';
import { transfersOf } from '../../conductor/timeline/transfers.ts';
import type { TimelineEntry } from '../../conductor/timeline/entry.ts';
import { BOOTS, GOOD_BOOTS } from '../why/support/boots.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const PXE = { vendor_class: 'PXEClient:Arch:00000', ipxe: false };

/** Entries from rows of seconds, kind and data. */
function entries(rows: readonly (readonly [number, string, object?])[]): TimelineEntry[] {
  return rows.map(([seconds, kind, data = {}], index) => ({
    id: index + 1,
    at: new Date(seconds * 1000).toISOString(),
    kind,
    message: kind,
    data: { ...data },
    operationUuid: null,
  }));
}

const step = (name: string) => ({ step: name });
const file = (name: string, more: object = {}) => ({ file: `${UUID}/${name}`, ...more });

const WHOLE = entries([
  [0, 'operation.started'],
  [2, 'step.started', step('start_ramdisk')],
  [3, 'power.changed', { target: 'rebooting' }],
  [10, 'dhcp.discover', PXE],
  [11, 'tftp.started', { file: 'pxelinux.0' }],
  [12, 'tftp.done', { file: 'pxelinux.0', size_bytes: 40_000 }],
  [13, 'tftp.started', file('deploy_kernel')],
  [15, 'tftp.done', file('deploy_kernel', { size_bytes: 8e6, retries: 2 })],
  [20, 'http.done', file('deploy_ramdisk', { size_bytes: 9e6, duration_ms: 4000 })],
  [40, 'ramdisk.callback'],
  [41, 'step.started', step('write_disk')],
  [50, 'step.started', step('verify_disk')],
  [55, 'step.started', step('switch_boot')],
  [56, 'step.started', step('release_ramdisk')],
  [57, 'ramdisk.released'],
  [65, 'dhcp.discover', PXE],
  [67, 'tftp.started', file('kernel')],
  [69, 'http.done', file('ramdisk', { duration_ms: 1000 })],
  [70, 'operation.ended', { status: 'done' }],
  [90, 'dhcp.discover'],
]);

const outline = (list: readonly TimelineEntry[]) =>
  phasesOf(list).map((phase) => [phase.name, (durationMs(phase) ?? NaN) / 1000, phase.start]);

test('a whole deploy, and the first sign of its system', (t) => {
  t.deepEqual(outline(WHOLE), [
    ['prepare', 2, 1],
    ['power', 1, 1],
    ['firmware', 7, 1],
    ['dhcp', 1, 1],
    ['loader', 2, 1],
    ['kernel', 3, 1],
    ['ramdisk', 4, 1],
    ['ramdisk_boot', 20, 1],
    ['login', 1, 1],
    ['write', 9, 1],
    ['verify', 5, 1],
    ['switch', 1, 1],
    ['release', 1, 1],
    ['user_firmware', 8, 2],
    ['user_dhcp', 2, 2],
    ['user_kernel', 1, 2],
    ['user_ramdisk', 1, 2],
    ['system', 21, 2],
    ['seen', 0, 2],
  ]);
});

test('the durations add up to the time from the first to the last entry', (t) => {
  for (const { name, story } of BOOTS.filter((boot) => boot.code === null)) {
    const phases = phasesOf(story.entries);
    const sumMs = phases.reduce((sum, phase) => sum + (durationMs(phase) ?? 0), 0);
    const first = phases[0]?.startedAtMs ?? 0;
    const last = phases.at(-1);
    t.is(sumMs, (last?.endedAtMs ?? last?.startedAtMs ?? 0) - first, name);
  }
});

test('what has not ended runs, and what failed says why', (t) => {
  const cut = phasesOf(WHOLE.slice(0, 7));
  t.like(cut.at(-1), { name: 'kernel', status: 'running', endedAtMs: undefined });
  const failed = entries([
    [0, 'operation.started'],
    [2, 'step.started', step('start_ramdisk')],
    [9, 'operation.ended', { status: 'failed' }],
    [99, 'dhcp.discover', PXE],
  ]);
  t.like(phasesOf(failed).at(-1), { name: 'power', status: 'failed', why: 'operation.ended' });
});

test('a machine that starts again begins anew', (t) => {
  const again = entries([
    [0, 'operation.started'],
    [1, 'step.started', step('start_ramdisk')],
    [2, 'power.changed', { target: 'power on' }],
    [3, 'power.changed', { target: 'rebooting' }],
    [4, 'dhcp.discover', PXE],
    [5, 'http.done', file('deploy_ramdisk')],
    [6, 'dhcp.discover', { ...PXE, ipxe: true }],
    [7, 'power.changed', { target: 'power off' }],
    [8, 'power.changed', { target: 'power on' }],
  ]);
  t.deepEqual(
    phasesOf(again).map(({ name, start }) => `${start} ${name}`),
    [
      '1 prepare',
      '1 power',
      '1 firmware',
      '1 dhcp',
      '1 ramdisk',
      '1 ramdisk_boot',
      '2 dhcp',
      '3 firmware',
    ],
  );
});

test('iPXE that was chain-loaded asks by DHCP again within its loader', (t) => {
  const chained = entries([
    [0, 'dhcp.discover', PXE],
    [1, 'tftp.done', { file: 'undionly.kpxe' }],
    [2, 'dhcp.discover', { ...PXE, ipxe: true }],
    [3, 'http.done', { file: '/boot.ipxe' }],
  ]);
  t.deepEqual(
    phasesOf(chained).map(({ name }) => name),
    ['dhcp', 'loader'],
  );
});

test('transfers carry size, rate and retries, in the phase in which they began', (t) => {
  t.like(transfersOf(WHOLE)[1], {
    role: 'deploy_kernel',
    sizeBytes: 8e6,
    retries: 2,
    status: 'done',
    startedAtMs: 13_000,
    endedAtMs: 15_000,
  });
  const phases = phasesOf(WHOLE);
  t.is(phases.find(({ name }) => name === 'loader')?.transfers.length, 1);
  t.is(phases.find(({ name }) => name === 'ramdisk')?.transfers[0]?.startedAtMs, 16_000);
});

test('usual times are medians, and slow is twice of them and five seconds', (t) => {
  const usual = usualTimes(GOOD_BOOTS.map(({ story }) => story.entries));
  const firmware = usual.get('firmware');
  t.true((firmware?.seen ?? 0) >= 6 && (firmware?.medianMs ?? 0) > 1000);
  const known = usualTimes([WHOLE]);
  const [phase] = phasesOf(WHOLE);
  if (phase === undefined) throw new Error('there are no phases');
  const lasting = (ms: number) => ({ ...phase, endedAtMs: phase.startedAtMs + ms });
  t.false(isSlow(lasting(9000), known, 0));
  t.true(isSlow(lasting(9001), known, 0));
  t.false(isSlow(lasting(1e9), new Map(), 0), 'nothing to compare with');
});

test('a system that gives no sign is waited for shortly, and then takes no time', (t) => {
  const unseen = phasesOf(WHOLE.slice(0, -1));
  const at = (seconds: number) => withoutWaiting(unseen, seconds * 1000).at(-1);
  t.like(at(69 + 599), { name: 'system', status: 'running', endedAtMs: undefined });
  t.like(at(69 + 601), { name: 'system', status: 'unseen', endedAtMs: 69_000 });
  t.deepEqual(withoutWaiting(phasesOf(WHOLE), 1e9), phasesOf(WHOLE), 'what was seen stays');
});

test('what the ramdisk tells of its stages are parts of its start', (t) => {
  const stages = { start: 2.5, network: 9.25, modules: 6, target: 9.5, error: 'x' };
  const told = WHOLE.map((entry) =>
    entry.kind === 'ramdisk.callback' ? { ...entry, data: { stages } } : entry,
  );
  const phases = phasesOf(told);
  t.deepEqual(phases.find(({ name }) => name === 'ramdisk_boot')?.parts, [
    { name: 'kernel', tookMs: 2500 },
    { name: 'drivers', tookMs: 3500 },
    { name: 'network', tookMs: 3250 },
  ]);
  t.deepEqual(
    phases.flatMap(({ name, parts }) => (parts.length > 0 ? [name] : [])),
    ['ramdisk_boot'],
  );
});
