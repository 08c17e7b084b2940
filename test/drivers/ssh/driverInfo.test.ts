import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseSshInfo } from '../../../conductor/drivers/ssh/driverInfo.ts';
import { IronpxeError } from '../../../conductor/errors/error.ts';

const URI = 'qemu:///system';
const GOOD = {
  ssh_address: '192.0.2.7',
  ssh_username: 'stack',
  ssh_virt_type: 'virsh',
  ssh_password: 'pass word',
};

test('defaults and values', (t) => {
  t.deepEqual(parseSshInfo(GOOD, URI), {
    address: '192.0.2.7',
    username: 'stack',
    listenPort: 22,
    credential: { kind: 'password', password: 'pass word' },
    libvirtUri: URI,
  });
  const more = { ...GOOD, ssh_port: '2222', ssh_libvirt_uri: 'qemu+unix:///session' };
  t.like(parseSshInfo(more, URI), { listenPort: 2222, libvirtUri: 'qemu+unix:///session' });
  t.is(parseSshInfo({ ...GOOD, ssh_address: 'fe80::1%eth0' }, URI).address, 'fe80::1%eth0');
});

test('a key file must be readable, key contents must be a key', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-info-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'key');
  const info = { ...GOOD, ssh_password: null, ssh_key_filename: path };
  t.throws(() => parseSshInfo(info, URI), { message: /cannot read/ });
  await writeFile(path, 'x');
  t.deepEqual(parseSshInfo(info, URI).credential, { kind: 'keyFile', path });
  const keyContents = '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----';
  const contents = { ...GOOD, ssh_password: null, ssh_key_contents: keyContents };
  t.deepEqual(parseSshInfo(contents, URI).credential, { kind: 'keyContents', keyContents });
});

const FAULTS: readonly (readonly [string, object, RegExp])[] = [
  ['no address', { ssh_address: undefined }, /"ssh_address" is missing/],
  [
    'an address that ssh would take for an option',
    { ssh_address: '-oProxyCommand=x' },
    /cannot be used/,
  ],
  ['an address with a space', { ssh_address: 'a b' }, /cannot be used/],
  ['an address that is no text', { ssh_address: 7 }, /cannot be used/],
  ['a user name that is an option', { ssh_username: '-lroot' }, /"ssh_username"/],
  ['port 0', { ssh_port: 0 }, /1 to 65535/],
  ['port 65536', { ssh_port: '65536' }, /1 to 65535/],
  ['port as text', { ssh_port: 'ssh' }, /1 to 65535/],
  ['no virt type', { ssh_virt_type: undefined }, /"ssh_virt_type" is missing/],
  ['vbox', { ssh_virt_type: 'vbox' }, /Ironic had but ironpxe does not support.*"virsh"/],
  ['an unknown virt type', { ssh_virt_type: 'bhyve' }, /unknown.*"virsh"/],
  ['no credential', { ssh_password: undefined }, /exactly one of .*none is given/],
  ['two credentials', { ssh_key_contents: 'x' }, /ssh_password and ssh_key_contents/],
  ['an empty password', { ssh_password: '' }, /"ssh_password" is not a text/],
  ['no key', { ssh_password: null, ssh_key_contents: 'abc' }, /not a private key/],
  ['a relative key file', { ssh_password: null, ssh_key_filename: 'id_rsa' }, /absolute path/],
  ['a URI with a quote and a space', { ssh_libvirt_uri: "qemu:///system' ; x" }, /ssh_libvirt_uri/],
];
for (const [name, change, message] of FAULTS)
  test(`refused: ${name}`, (t) => {
    const error = t.throws(() => parseSshInfo({ ...GOOD, ...change }, URI), {
      instanceOf: IronpxeError,
      message,
    });
    t.is(error?.code, 'DRIVER_INFO_INVALID');
  });

test('all faults are told together, and no secret is told', (t) => {
  const bad = { ssh_password: 'hunter2', ssh_key_contents: 'hunter3', ssh_port: -1 };
  const error = t.throws(() => parseSshInfo(bad, URI));
  for (const key of ['ssh_address', 'ssh_username', 'ssh_port', 'ssh_virt_type', 'exactly one'])
    t.true(error?.message.includes(key), key);
  t.false(/hunter/.test(error?.message ?? ''));
});
