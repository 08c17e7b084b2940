import test from 'ava';
import { loadTemplates } from '../../conductor/netboot/templates/load.ts';
import type { NetbootRecording, RecordedDhcp } from '../../conductor/record/recording.ts';
import { replay } from '../../conductor/record/replay.ts';
import { BOOTS } from '../why/support/boots.ts';

const RECORDED = BOOTS.filter(({ netboot }) => netboot.packets.length > 0);

for (const { name, netboot } of RECORDED)
  test(`${name}: decided again as it was recorded`, async (t) => {
    const results = await replay(netboot, await loadTemplates());
    t.is(results.length, netboot.packets.length);
    t.deepEqual(
      results.filter(({ difference }) => difference !== undefined),
      [],
    );
  });

test('there are recordings with packets of DHCP and of files', (t) => {
  const protocols = new Set(
    RECORDED.flatMap(({ netboot }) => netboot.packets.map(({ protocol }) => protocol)),
  );
  t.true(RECORDED.length > 10);
  t.deepEqual([...protocols].toSorted(), ['dhcp', 'tftp']);
});

/** The recording with its first DHCP packet changed. */
function changed(change: (packet: RecordedDhcp) => Partial<RecordedDhcp>): NetbootRecording {
  const netboot = RECORDED.find(({ name }) => name === 'tftp-blocked')?.netboot;
  const [first] = netboot?.packets ?? [];
  if (netboot === undefined || first?.protocol !== 'dhcp') throw new Error('no such recording');
  return { ...netboot, packets: [{ ...first, ...change(first) }] };
}

const DIFFERENCES: readonly (readonly [
  string,
  (packet: RecordedDhcp) => Partial<RecordedDhcp>,
  RegExp,
])[] = [
  ['another reply', () => ({ reply: '00' }), /^reply: recorded "00", now "02/],
  ['no reply', () => ({ reply: null }), /^reply: recorded null/],
  ['another lease', () => ({ leases: [] }), /^leases: recorded \[\], now \[\{/],
  ['nothing to boot', () => ({ boot: null }), /^reply: /],
  ['a broken packet', ({ bytes }) => ({ bytes: bytes.slice(0, 100) }), /^malformed now: /],
  ['another subnet', () => ({ subnet: '10.0.0.0/8' }), /there is no subnet 10\.0\.0\.0\/8 now/],
  // The decision is made by the recorded clock: the lease ends by it.
  ['another time', ({ atMs }) => ({ atMs: atMs + 1000 }), /^leases: .*expiresAtMs/],
];

for (const [what, change, expected] of DIFFERENCES)
  test(`${what} is a difference`, async (t) => {
    const [result] = await replay(changed(change), await loadTemplates());
    t.regex(result?.difference ?? '', expected);
  });
