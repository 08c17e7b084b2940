import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig, parseConfig } from '../../conductor/config/load.ts';
import { hasCode, IronpxeError } from '../../conductor/errors/error.ts';

const SMALLEST = 'boot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}\n';

function faultsOf(text: string): string[] {
  try {
    parseConfig(text, 'f.yaml');
  } catch (error) {
    if (error instanceof IronpxeError)
      return error.message.split('\n').filter((l) => l.startsWith('f.yaml:'));
    throw error;
  }
  return [];
}

const FAULTS: readonly (readonly [name: string, text: string, faults: readonly RegExp[]])[] = [
  ['an empty file', '', [/^f\.yaml:1: boot_http: /]],
  ['an unknown option', `${SMALLEST}colour: red\n`, [/^f\.yaml:3: colour: no such option$/]],
  [
    'an unknown nested option',
    `${SMALLEST}tftp:\n  enabled: true\n  prot: 1\n`,
    [/^f\.yaml:5: tftp\.prot: no such option$/],
  ],
  [
    'a wrong type',
    `${SMALLEST}tftp:\n  listen_port: many\n`,
    [/^f\.yaml:4: tftp\.listen_port: .*number/],
  ],
  [
    'a relative path',
    `state_dir: var\n${SMALLEST}`,
    [/^f\.yaml:1: state_dir: expected an absolute path$/],
  ],
  [
    'a Keystone without credentials',
    `${SMALLEST}keystone:\n  auth_url: http://k:5000\n`,
    [/^f\.yaml:4: keystone\.username: needed/, /^f\.yaml:4: keystone\.password: needed/],
  ],
  [
    'an application credential without its secret',
    `${SMALLEST}keystone: {auth_url: "http://k:5000", application_credential_id: i}\n`,
    [/^f\.yaml:3: keystone\.application_credential_secret: needed/],
  ],
  [
    'a newline in kernel parameters',
    `${SMALLEST}pxe: {append_params: "a\\nb"}\n`,
    [/pxe\.append_params: expected printable/],
  ],
  ['broken YAML', 'a: [1\n', [/^f\.yaml:\d+: /]],
  ['the same key twice', `${SMALLEST}dhcp: {enabled: false}\n`, [/^f\.yaml:3: .*unique/]],
  [
    'DHCP without an address or a subnet',
    'boot_http: {url: "http://192.0.2.1:8088"}\n',
    [/dhcp\.server_address: needed/, /dhcp\.subnets: at least one/],
  ],
  [
    'a range outside its network, and in the wrong order',
    'boot_http: {url: "http://a"}\ndhcp:\n  server_address: 192.0.2.1\n  subnets:\n    - cidr: 192.0.2.0/24\n      range_start: 192.0.2.9\n      range_end: 192.0.1.5\n',
    [
      /^f\.yaml:7: dhcp\.subnets\.0\.range_end: 192\.0\.1\.5 is not in the network$/,
      /range_start is after range_end/,
    ],
  ],
  [
    'several faults at once',
    'state_dir: x\nlog_level: loud\nboot_http: {url: "ftp://a"}\n',
    [/^f\.yaml:1: state_dir/, /^f\.yaml:2: log_level/, /^f\.yaml:3: boot_http\.url/],
  ],
];

for (const [name, text, expected] of FAULTS)
  test(`a configuration with ${name} is refused`, (t) => {
    const faults = faultsOf(text);
    for (const pattern of expected)
      t.true(
        faults.some((fault) => pattern.test(fault)),
        `${pattern} in ${JSON.stringify(faults)}`,
      );
  });

test('the smallest configuration gets the defaults', (t) => {
  const config = parseConfig(SMALLEST, 'f.yaml');
  t.is(config.deploy.callback_timeout_seconds, 1800);
  t.is(config.api.listen_address, '127.0.0.1');
  t.true(config.host.length > 0);
});

test('a file is read with its digest; a missing one is named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ironpxe-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'c.yaml');
  writeFileSync(path, SMALLEST);
  t.regex(loadConfig(path).digest, /^[0-9a-f]{64}$/);
  const error = t.throws(() => loadConfig(join(folder, 'none.yaml')));
  t.true(hasCode(error, 'CONFIG_NOT_READABLE'));
  t.regex(error?.message ?? '', /none\.yaml/);
});
