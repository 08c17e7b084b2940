import test from 'ava';
import { sshFault } from '../../../conductor/drivers/ssh/faults.ts';
import { shellQuote } from '../../../conductor/drivers/ssh/session.ts';
import { machineByMacs, parseListing } from '../../../conductor/drivers/ssh/virsh.ts';
import { run } from '../../../conductor/process/run.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import { OS_LIST, PER_DEVICE } from './domains.ts';

const MARK = 'ironpxe-0123456789abcdef';
const LISTING = `${MARK}running\n\n${PER_DEVICE}\n\n${MARK}shut off\n\n${OS_LIST}\n\n${MARK}-end\n`;

test('a listing is read', (t) => {
  const machines = parseListing(LISTING, MARK);
  t.deepEqual(
    machines.map(({ domain, powerState }) => [domain.uuid.slice(0, 8), powerState]),
    [
      ['aadf78ca', 'power on'],
      ['0b1f0b0c', 'power off'],
    ],
  );
  t.deepEqual(parseListing(`${MARK}-end`, MARK), []);
});

test('a machine that vanished while it was listed is left out', (t) => {
  const listing = `${MARK}${MARK}shut off\n\n${OS_LIST}\n\n${MARK}-end`;
  t.is(parseListing(listing, MARK).length, 1);
});

test('a listing that broke off anywhere is an error', (t) => {
  const whole = LISTING.trimEnd();
  for (let length = 0; length < whole.length; length += 7)
    t.throws(() => parseListing(whole.slice(0, length), MARK), { code: 'DRIVER_LIBVIRT' });
});

test('a machine is found by any of its MACs', (t) => {
  const machines = parseListing(LISTING, MARK);
  const found = machineByMacs(machines, ['02:00:00:00:00:01', '52:54:00:00:00:0b'] as Mac[]);
  t.is(found.domain.uuid, '0b1f0b0c-55ab-4c4b-9d9b-0f2f3f1f5a11');
  t.throws(() => machineByMacs(machines, ['02:00:00:00:00:01' as Mac]), {
    code: 'DRIVER_MACHINE_NOT_FOUND',
    message: /2 virtual machines.*02:00:00:00:00:01/,
  });
  t.throws(() => machineByMacs(machines, []), { code: 'DRIVER_MACHINE_NOT_FOUND' });
  const both = ['52:54:00:1a:b0:02', '52:54:00:00:00:0b'] as Mac[];
  t.throws(() => machineByMacs(machines, both), {
    code: 'DRIVER_MACHINE_AMBIGUOUS',
    message: /"node-1", "it's/,
  });
});

const SAID: readonly (readonly [string, number, string, string])[] = [
  ['refused', 255, 'ssh: connect to host h port 22: Connection refused', 'DRIVER_SSH_UNREACHABLE'],
  [
    'timeout',
    255,
    'ssh: connect to host h port 22: Connection timed out',
    'DRIVER_SSH_UNREACHABLE',
  ],
  [
    'name',
    255,
    'ssh: Could not resolve hostname h: Name or service not known',
    'DRIVER_SSH_UNREACHABLE',
  ],
  ['route', 255, 'ssh: connect to host h port 22: No route to host', 'DRIVER_SSH_UNREACHABLE'],
  ['cut', 255, 'Connection closed by 192.0.2.7 port 22', 'DRIVER_SSH_UNREACHABLE'],
  ['key', 255, 'u@h: Permission denied (publickey).', 'DRIVER_SSH_AUTH'],
  [
    'broken key',
    255,
    'Load key "/k": error in libcrypto\nu@h: Permission denied (publickey).',
    'DRIVER_SSH_AUTH',
  ],
  [
    'host key',
    255,
    '@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
    'DRIVER_SSH_HOST_KEY',
  ],
  ['no virsh', 127, 'ironpxe: virsh not found', 'DRIVER_VIRSH_MISSING'],
  ['libvirt', 1, 'error: failed to connect to the hypervisor', 'DRIVER_LIBVIRT'],
];
for (const [name, exitCode, stderr, code] of SAID)
  test(`told apart: ${name}`, (t) => {
    const error = sshFault('u@h port 22', 'virsh start', { exitCode, stderr });
    t.is(error.code, code as typeof error.code);
    t.true(error.message.includes('u@h port 22'));
  });

for (const text of ['plain', `it's`, `$(reboot) \`id\` "x" \\ \n *`, `'''`, ''])
  test(`a shell takes ${JSON.stringify(text)} as one word`, async (t) => {
    const { stdout } = await run('sh', ['-c', `printf '%s.' ${shellQuote(text)}`]);
    t.is(stdout, `${text}.`);
  });
