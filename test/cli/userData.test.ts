import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { joinUserData } from '../../conductor/cli/node/userData.ts';
import { openCli } from './harness.ts';

const CONFIG = { name: 'base.yaml', text: '#cloud-config\npackages: []\n' };
const SCRIPT = { name: 'setup.sh', text: '#!/bin/sh\necho grüße\n' };

test('one part stays as it is, none is none', (t) => {
  t.is(joinUserData([]), undefined);
  t.is(joinUserData([{ name: 'x', text: 'anything' }]), 'anything');
});

test('several parts are a multipart message with the type of each', (t) => {
  const message = joinUserData([CONFIG, SCRIPT]) ?? '';
  t.regex(message, /^Content-Type: multipart\/mixed; boundary="([^"]+)"\nMIME-Version: 1\.0\n/);
  t.regex(
    message,
    /Content-Type: text\/cloud-config; .*\n.*\n.*7bit\n.*filename="base.yaml"\n\n#c/,
  );
  t.regex(message, /Content-Type: text\/x-shellscript; .*\n.*\n.*base64\n/);
  t.true(message.includes(Buffer.from(SCRIPT.text).toString('base64')));
});

test('of several parts one that cloud-init would ignore is refused', (t) => {
  const odd = { name: 'odd.txt', text: 'packages: []\n' };
  t.throws(() => joinUserData([CONFIG, odd]), {
    code: 'CLI_USAGE',
    message: /odd\.txt begins with "packages: \[\]".*"#cloud-config"/,
  });
});

const REFUSED: readonly (readonly [options: string, says: RegExp])[] = [
  ['--ssh-key FOLDER/private', /is no public key/],
  ['--user-data FOLDER/missing', /--user-data: .*missing cannot be read/],
  ['--hostname h --config-drive http://h/drive', /does not go with/],
  ['--network-data FOLDER/private', /is no JSON object/],
];

for (const [options, says] of REFUSED)
  test(`deploy refuses ${options}`, async (t) => {
    const cli = await openCli(t);
    const folder = await mkdtemp(join(tmpdir(), 'ironpxe-drive-'));
    t.teardown(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'private'), '-----BEGIN OPENSSH PRIVATE KEY-----\n');
    const line = `node deploy one --image http://h/i ${options.replaceAll('FOLDER', folder)}`;
    const { status, err } = await cli.run(line);
    t.is(status, 2);
    t.regex(err, says);
  });
