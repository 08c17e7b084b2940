import test from 'ava';
import { MAX_MINOR, MICROVERSIONS, SINCE } from '../../conductor/api/gates.ts';
import { negotiate, type VersionHeaders } from '../../conductor/api/versions.ts';
import { openHarness } from './harness.ts';

const GOOD: readonly [VersionHeaders, number][] = [
  [{}, 1],
  [{ 'x-openstack-ironic-api-version': '1.1' }, 1],
  [{ 'x-openstack-ironic-api-version': `1.${MAX_MINOR}` }, MAX_MINOR],
  [{ 'x-openstack-ironic-api-version': 'LATEST' }, MAX_MINOR],
  [{ 'openstack-api-version': 'baremetal 1.5' }, 5],
  [{ 'openstack-api-version': 'compute 2.90, baremetal 1.6' }, 6],
  [{ 'openstack-api-version': 'compute 2.90' }, 1],
  [{ 'x-openstack-ironic-api-version': '1.4', 'openstack-api-version': 'baremetal 1.5' }, 4],
];

for (const [headers, minor] of GOOD)
  test(`${JSON.stringify(headers)} is 1.${minor}`, (t) => {
    t.is(negotiate(headers), minor);
  });

for (const asked of [
  '1.0',
  `1.${MAX_MINOR + 1}`,
  '2.1',
  '0.5',
  'abc',
  '1',
  '1.2.3',
  '1.-1',
  '1.1e1',
])
  test(`${asked} is 406 with the range in the headers`, async (t) => {
    const api = await openHarness();
    t.teardown(api.close);
    const headers = { 'x-openstack-ironic-api-version': asked };
    const reply = await api.send('GET /v1/nodes', { headers });
    t.is(reply.status, 406);
    t.is(reply.headers['x-openstack-ironic-api-minimum-version'], '1.1');
    t.is(reply.headers['x-openstack-ironic-api-maximum-version'], `1.${MAX_MINOR}`);
    t.is(reply.error.faultcode, 'Client');
    t.is(reply.error.debuginfo, null);
  });

test('every answer below /v1 carries the three headers, errors too', async (t) => {
  const api = await openHarness();
  t.teardown(api.close);
  for (const [request, status] of [
    ['GET /v1', 200],
    ['GET /v1/nodes', 200],
    ['GET /v1/nodes/nope', 404],
    ['GET /v1/nowhere', 404],
    ['PUT /v1/nodes', 405],
    ['POST /v1/nodes', 400],
  ] as const) {
    const reply = await api.send(request, { minor: 5 });
    t.is(reply.status, status, request);
    t.is(reply.headers['x-openstack-ironic-api-version'], '1.5', request);
    t.is(reply.headers['x-openstack-ironic-api-minimum-version'], '1.1', request);
    t.is(reply.headers['x-openstack-ironic-api-maximum-version'], `1.${MAX_MINOR}`, request);
  }
});

test('the table has no gap, and no gate beyond it', (t) => {
  t.deepEqual(
    Object.keys(MICROVERSIONS).map(Number),
    Array.from({ length: MAX_MINOR }, (_, index) => index + 1),
  );
  const { verbs: _maybeNewer, ...groups } = SINCE;
  for (const group of Object.values(groups))
    for (const [name, minor] of Object.entries(group)) t.true(minor <= MAX_MINOR, name);
});
