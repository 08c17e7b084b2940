import test from 'ava';
import { appendEvent } from '../../conductor/store/events.ts';
import { putFirmwareVersions } from '../../conductor/store/firmwareComponents.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { openCli } from './harness.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const NODE = { uuid: UUID, name: 'n1', driver: 'pxe_ssh', provisionState: 'manageable' } as const;

test('versions of firmware, for people and for programs', async (t) => {
  const { run, database } = await openCli(t);
  await insertNode(database, NODE);
  t.is((await run('node firmware n1')).out, 'Nothing is known of the firmware of n1.\n');
  const put = (version: string) =>
    putFirmwareVersions(database, UUID, [{ component: 'bmc', version }]);
  await put('2.1');
  await put('2.2\u001b');
  const { status, out } = await run('node firmware n1');
  t.is(status, 0);
  t.regex(out, /^COMPONENT +CURRENT +INITIAL +CHANGED\nbmc +2\.2\S* +2\.1 +20\S+\n$/);
  t.false(out.includes('\u001b'));
  const { firmware } = JSON.parse((await run('node firmware n1 --json')).out);
  t.like(firmware[0], { component: 'bmc', initial_version: '2.1' });
});

/** A driver with virtual drives, as far as the conductor sees it. */
async function withDrives(t: Parameters<typeof openCli>[0], fails: boolean) {
  const cli = await openCli(t);
  await insertNode(cli.database, NODE);
  const drives: string[] = [];
  const note = (what: string) => async () => {
    drives.push(what);
    if (fails) throw new Error('the drive is stuck');
  };
  Object.assign(cli.drivers.get('pxe_ssh') ?? {}, {
    insertMedia: async (_: unknown, { device, imageUrl }: Record<string, string>) =>
      note(`${device} ${imageUrl}`)(),
    ejectMedia: async (_: unknown, devices: readonly string[]) => note(devices.join())(),
  });
  return { ...cli, drives };
}

test('an image is attached and detached', async (t) => {
  const { run, drives } = await withDrives(t, false);
  const attached = await run('node media n1 attach cdrom http://h/x.iso --direct');
  t.is(attached.err, '');
  t.is(attached.out, 'attach cdrom http://h/x.iso\n');
  t.is((await run('node media n1 detach floppy')).out, 'detach floppy\n');
  const all = JSON.parse((await run('node media n1 detach --json')).out);
  t.is(all.kind, 'media.detached');
  t.is((await run('node media n1 detach --no-wait')).out, 'Begun.\n');
  t.deepEqual(drives.slice(0, 3), ['cdrom http://h/x.iso', 'floppy', 'disk,cdrom,floppy']);
});

test('what goes wrong with a virtual drive is the exit', async (t) => {
  const { run, database } = await withDrives(t, true);
  // An older failure is not this one's.
  await appendEvent(database, { kind: 'media.attached', nodeUuid: UUID, message: 'before' });
  const { status, err } = await run('node media n1 attach cdrom http://h/x.iso --direct');
  t.not(status, 0);
  t.regex(err, /attach cdrom http:\/\/h\/x\.iso failed: the drive is stuck/);
  const usage = [
    ['node media n1 insert cdrom http://h/x.iso', /"insert": expected attach or detach/],
    ['node media n1 attach cdrom', /URL is missing/],
    ['node media n1 attach dvd http://h/x.iso', /device_type/],
    ['node media n1 attach cdrom nfs://h/x.iso', /image_download_source "http"/],
  ] as const;
  for (const [line, words] of usage) t.regex((await run(line)).err, words, line);
});
