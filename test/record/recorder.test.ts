import test from 'ava';
import { Recorder } from '../../conductor/record/recorder.ts';
import { redact } from '../../conductor/record/redact.ts';
import type { FileSeen } from '../../conductor/netboot/tap.ts';
import { ip } from '../netboot/support/dhcp.ts';
import { bootFacts, machine, NODE, OTHER_NODE } from '../netboot/support/machines.ts';

const { host } = machine();
const OPTIONS = { dhcp: undefined, tree: { clientCheck: 'lease', ipxeRom: 'use' } } as const;

function seen(name: string, nodeUuid = NODE): FileSeen {
  const boot = bootFacts({ deployOptions: 'quiet deployment_key=s3cret deployment_id=1' });
  const answer = { nodeUuid, found: { kind: 'text', text: 'append key="a b" root=x' } } as const;
  const client = ip('192.0.2.10');
  return { protocol: 'tftp', name, client, lease: undefined, host, boot, answer };
}

test('packets of a node are kept in order, those of others apart', (t) => {
  let nowMs = 0;
  const recorder = new Recorder(OPTIONS, 1e6, () => ++nowMs);
  for (const name of ['a', 'b']) recorder.file(seen(name));
  recorder.file(seen('c', OTHER_NODE));
  const names = (uuid: string, fromMs?: number) =>
    recorder
      .recordingOf(uuid, fromMs)
      .packets.map((packet) => (packet.protocol === 'dhcp' ? '' : packet.name));
  t.deepEqual(names(NODE), ['a', 'b']);
  t.deepEqual(names(NODE, 2), ['b']);
  t.deepEqual(names(OTHER_NODE), ['c']);
});

test('memory is bounded: the oldest packets go', (t) => {
  const recorder = new Recorder(OPTIONS, 3000);
  for (let index = 0; index < 50; index++) recorder.file(seen(`file-${index}`));
  const { packets } = recorder.recordingOf(NODE);
  t.true(packets.length > 1 && packets.length < 6);
  t.true(JSON.stringify(packets.at(-1)).includes('file-49'));
});

test('no secret is kept', (t) => {
  const recorder = new Recorder(OPTIONS);
  recorder.file(seen('a'));
  const text = JSON.stringify(recorder.recordingOf(NODE));
  t.notRegex(text, /s3cret|"a b"/);
  t.regex(text, /deployment_key=REDACTED deployment_id=1/);
});

const REDACTIONS: readonly (readonly [unknown, unknown])[] = [
  ['a deployment_key=abc b', 'a deployment_key=REDACTED b'],
  ['ironpxe.token="x y" z', 'ironpxe.token=REDACTED z'],
  ['http://user:pass@host/path', 'http://REDACTED@host/path'],
  [
    { ssh_password: 'x', name: 'y' },
    { ssh_password: 'REDACTED', name: 'y' },
  ],
  [{ ipmi_password: null }, { ipmi_password: null }],
  [{ list: ['key=1', 2, true] }, { list: ['key=REDACTED', 2, true] }],
  [
    { keyboard: 'de', key_map: 'x' },
    { keyboard: 'de', key_map: 'x' },
  ],
  ['root=/dev/sda1 quiet', 'root=/dev/sda1 quiet'],
];

test('secrets are found by name, in keys and in texts', (t) => {
  for (const [value, expected] of REDACTIONS) t.deepEqual(redact(value), expected);
});
