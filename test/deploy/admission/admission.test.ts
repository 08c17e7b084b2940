import test from 'ava';
import { admissionOf, createAdmission } from '../../../conductor/deploy/admission/admission.ts';
import { parseConfig } from '../../../conductor/config/load.ts';
import type { TargetDisk } from '../../../conductor/deploy/plan/types.ts';
import { FakeClock } from './fakeClock.ts';

const CONFIG = `boot_http: {url: "http://192.0.2.1:8088"}
dhcp: {enabled: false}
iscsi:
  max_concurrent_writes: 3
  links:
    - {cidr: 0.0.0.0/0, limit_mbit: 8000}
    - {cidr: 192.0.2.0/24, limit_mbit: 8}
`;
const SECOND = 1000;
const NOWHERE: TargetDisk = {
  sizeBytes: 65_536,
  blockSizeBytes: 512,
  write: async () => {},
  zero: async () => {},
  read: async () => Buffer.alloc(0),
  flush: async () => {},
};
const never = new AbortController().signal;

test('the configuration says how many disks are written at a time', (t) => {
  const admission = admissionOf(parseConfig(CONFIG, 'c'));
  const turns = [1, 2, 3].map(() => admission.tryEnter());
  t.true(turns.every((turn) => turn !== undefined));
  t.is(admission.tryEnter(), undefined);
  t.deepEqual(admission.queue(), { writing: 3, waiting: 0 });
});

/** Bytes written to a machine at `address` in ten seconds, 64 KiB at a time. */
async function inTenSeconds(address: string, sendsZeros = false): Promise<number> {
  const clock = new FakeClock();
  const { iscsi } = parseConfig(CONFIG, 'c');
  const links = iscsi.links.map(({ cidr, limit_mbit: limitMbit }) => ({ cidr, limitMbit }));
  const admission = createAdmission({ maxConcurrentWrites: 1, links, clock });
  const sent = { bytes: 0 };
  const add = async () => void (sent.bytes += 65_536);
  const fast = { ...NOWHERE, zeroing: 'write', write: add, zero: add };
  const abort = new AbortController();
  const paced = admission.paced(fast, address, abort.signal);
  const write = async () => {
    while (sent.bytes < 40_000_000)
      if (sendsZeros) await paced.zero(0, 65_536);
      else await paced.write(0, Buffer.alloc(65_536));
  };
  const writing = write().catch(() => {});
  await clock.advance(10 * SECOND);
  const found = sent.bytes;
  abort.abort(new Error('enough'));
  await writing;
  return found;
}

test('the smallest network that holds the address limits its writes', async (t) => {
  const limited = await inTenSeconds('192.0.2.7');
  t.true(limited > 9_500_000 && limited < 11_000_000, `${limited}`);
  t.is(await inTenSeconds('198.51.100.7'), 40_042_496, 'another link, a thousand times faster');
});

test('zeros that cross the network count', async (t) => {
  const limited = await inTenSeconds('192.0.2.7', true);
  t.true(limited > 9_500_000 && limited < 11_000_000, `${limited}`);
});

test('a disk on a network without a limit is left as it is', (t) => {
  const admission = createAdmission({ maxConcurrentWrites: 1, links: [] });
  t.is(admission.paced(NOWHERE, '192.0.2.7', never), NOWHERE);
  t.is(admission.paced(NOWHERE, 'fe80::1', never), NOWHERE);
});
