import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { execa } from 'execa';
import { buildConfigDrive } from '../../conductor/deploy/configDrive/build.ts';
import { unpackConfigDrive } from '../../conductor/deploy/configDrive/unpack.ts';
import { openCli } from '../cli/harness.ts';

const NODE = { uuid: '11111111-1111-4111-8111-111111111111', name: 'one', networkData: {} };

test('a config drive is an ISO 9660 image that xorriso and blkid read back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const parts = {
    meta_data: { hostname: 'h' },
    user_data: '#cloud-config\n',
    network_data: { links: [] },
  };
  const drive = await buildConfigDrive(NODE, parts);
  const image = join(folder, 'drive.iso');
  await writeFile(image, gunzipSync(Buffer.from(drive, 'base64')));
  const label = await execa('/sbin/blkid', ['-p', '-o', 'value', '-s', 'LABEL', image]);
  t.is(label.stdout, 'config-2');
  const out = join(folder, 'out');
  await execa('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', '/', out]);
  const read = (name: string) => readFile(join(out, 'openstack', name), 'utf8');
  const { uuid } = NODE;
  t.deepEqual(JSON.parse(await read('latest/meta_data.json')), {
    uuid,
    name: 'one',
    hostname: 'h',
  });
  t.is(await read('2012-08-10/user_data'), '#cloud-config\n');
  t.deepEqual(JSON.parse(await read('latest/network_data.json')), { links: [] });
  await t.throwsAsync(read('latest/vendor_data2.json'), { code: 'ENOENT' });
  await execa('chmod', ['-R', 'u+w', out]);
});

/** What a reader that is not ours makes of a multipart message: type, name and text of each part. */
const READER = `
import email, json, sys
parts = [p for p in email.message_from_file(sys.stdin).walk() if not p.is_multipart()]
print(json.dumps([[p.get_content_type(), p.get_filename(), p.get_payload(decode=True).decode()] for p in parts]))
`;

test('the command line makes a drive with hostname, key and user data of several parts', async (t) => {
  const cli = await openCli(t);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const files = {
    'a.yaml': '#cloud-config\nruncmd: [ls]\n',
    'b.sh': '#!/bin/sh\necho "grüße"\n',
    'key.pub': 'ssh-ed25519 AAAAC3Nza me@here\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await cli.run('node enroll one --driver pxe_ssh --driver-info ssh_address=192.0.2.1');
  const at = (name: string) => join(folder, name);
  const deployed = await cli.run(
    `node deploy one --no-wait --image http://h/i.qcow2 --whole-disk --hostname web1 --ssh-key ${at('key.pub')} --user-data ${at('a.yaml')} --user-data ${at('b.sh')}`,
  );
  t.is(deployed.status, 0, deployed.err);
  const { configDrive = '' } = (cli.asked.at(-1)?.value ?? {}) as { configDrive?: string };
  const image = at('drive.iso');
  await writeFile(image, await unpackConfigDrive(Buffer.from(configDrive)));
  const out = at('out');
  await execa('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', '/openstack/latest', out]);
  const meta = JSON.parse(await readFile(join(out, 'meta_data.json'), 'utf8'));
  t.like(meta, { name: 'one', hostname: 'web1' });
  t.deepEqual(meta.public_keys, { 'key-0': 'ssh-ed25519 AAAAC3Nza me@here' });
  const input = await readFile(join(out, 'user_data'), 'utf8');
  const read = await execa('python3', ['-c', READER], { input });
  t.deepEqual(JSON.parse(read.stdout), [
    ['text/cloud-config', 'a.yaml', files['a.yaml']],
    ['text/x-shellscript', 'b.sh', files['b.sh']],
  ]);
  await execa('chmod', ['-R', 'u+w', out]);
});
