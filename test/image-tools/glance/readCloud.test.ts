import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readCloud } from '../../../image-tools/glance/readCloud.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'ironpxe-clouds-'));
test.after.always(() => rmSync(FOLDER, { recursive: true, force: true }));

const PASSWORD = {
  OS_AUTH_URL: 'http://k:5000/v3',
  OS_USERNAME: 'u',
  OS_PASSWORD: 'p',
  OS_PROJECT_NAME: 'pr',
};
const USER = { name: 'u', domain: { name: 'Default' } };
const PROJECT = { name: 'pr', domain: { name: 'Default' } };

type Good = readonly [title: string, variables: Record<string, string>, expected: object];
const GOOD: readonly Good[] = [
  [
    'a password',
    PASSWORD,
    { credentials: { kind: 'password', user: USER, password: 'p', project: PROJECT } },
  ],
  [
    'domains by name',
    { ...PASSWORD, OS_USER_DOMAIN_NAME: 'a', OS_PROJECT_DOMAIN_NAME: 'b' },
    {
      credentials: {
        user: { name: 'u', domain: { name: 'a' } },
        project: { name: 'pr', domain: { name: 'b' } },
      },
    },
  ],
  [
    'domains by id',
    { ...PASSWORD, OS_USER_DOMAIN_ID: 'd', OS_DEFAULT_DOMAIN_ID: 'e' },
    {
      credentials: {
        user: { name: 'u', domain: { id: 'd' } },
        project: { name: 'pr', domain: { id: 'e' } },
      },
    },
  ],
  [
    'ids',
    { ...PASSWORD, OS_USER_ID: 'uid', OS_PROJECT_ID: 'pid' },
    { credentials: { user: { id: 'uid' }, project: { id: 'pid' } } },
  ],
  [
    'a tenant, as in 2014',
    { ...PASSWORD, OS_PROJECT_NAME: '', OS_TENANT_NAME: 'pr' },
    { credentials: { project: PROJECT } },
  ],
  [
    'an application credential',
    {
      OS_AUTH_URL: 'http://k',
      OS_APPLICATION_CREDENTIAL_ID: 'i',
      OS_APPLICATION_CREDENTIAL_SECRET: 's',
    },
    { credentials: { kind: 'application-credential', id: 'i', secret: 's', user: undefined } },
  ],
  [
    'one by name',
    { ...PASSWORD, OS_APPLICATION_CREDENTIAL_NAME: 'n', OS_APPLICATION_CREDENTIAL_SECRET: 's' },
    { credentials: { kind: 'application-credential', id: undefined, name: 'n', user: USER } },
  ],
  [
    'region, interface, endpoint',
    {
      ...PASSWORD,
      OS_REGION_NAME: 'r',
      OS_ENDPOINT_TYPE: 'internalURL',
      OS_IMAGE_ENDPOINT_OVERRIDE: 'http://g',
    },
    { region: 'r', interface: 'internal', imageUrl: 'http://g' },
  ],
  ['certificates are checked', PASSWORD, { verifyCertificate: true }],
  ['unless said otherwise', { ...PASSWORD, OS_INSECURE: '1' }, { verifyCertificate: false }],
];
for (const [title, variables, expected] of GOOD)
  test(`variables: ${title}`, (t) => {
    t.like(readCloud(variables), expected);
  });

type Bad = readonly [title: string, variables: Record<string, string>, message: RegExp];
const BAD: readonly Bad[] = [
  ['nothing', {}, /OS_AUTH_URL is not set/],
  ['no password', { ...PASSWORD, OS_PASSWORD: '' }, /OS_PASSWORD is not set/],
  ['no project', { ...PASSWORD, OS_PROJECT_NAME: '' }, /OS_PROJECT_NAME is not set/],
  [
    'no secret',
    { ...PASSWORD, OS_APPLICATION_CREDENTIAL_ID: 'i' },
    /OS_APPLICATION_CREDENTIAL_SECRET/,
  ],
  ['a strange interface', { ...PASSWORD, OS_INTERFACE: 'x' }, /expected public, internal or admin/],
  ['certificates that are not there', { ...PASSWORD, OS_CACERT: '/nowhere/ca' }, /\/nowhere\/ca/],
];
for (const [title, variables, message] of BAD)
  test(`variables: ${title}`, (t) => {
    t.throws(() => readCloud(variables), { name: 'OpenStackFailure', message });
  });

test('a cloud of clouds.yaml', (t) => {
  const path = join(FOLDER, 'clouds.yaml');
  writeFileSync(
    path,
    `clouds:
  lab:
    auth: {auth_url: "http://k:5000", username: u, password: 1234, project_name: pr, user_domain_name: Default}
    region_name: RegionOne
    interface: internal
    verify: false
`,
  );
  const variables = { OS_CLIENT_CONFIG_FILE: path, OS_CLOUD: 'lab' };
  t.like(readCloud(variables), {
    authUrl: 'http://k:5000',
    credentials: { kind: 'password', user: USER, password: '1234', project: PROJECT },
    region: 'RegionOne',
    interface: 'internal',
    verifyCertificate: false,
  });
  t.throws(() => readCloud(variables, 'other'), { message: /No cloud "other"/ });
});

test('a clouds.yaml that is broken does not show its secrets', (t) => {
  const path = join(FOLDER, 'broken.yaml');
  writeFileSync(path, 'clouds:\n  lab: {password: "hunter2\n');
  const error = t.throws(() => readCloud({ OS_CLIENT_CONFIG_FILE: path, OS_CLOUD: 'lab' }));
  t.notRegex(error.message, /hunter2/);
  t.regex(error.message, /broken\.yaml.* is no YAML/);
});
