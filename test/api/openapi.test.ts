import test from 'ava';
import { OPERATIONS } from '../../conductor/api/openapi/operations.ts';
import { endpoints } from '../../conductor/api/resource.ts';
import { resources } from '../../conductor/api/resources.ts';
import { contradiction, DOCUMENT } from './conform.ts';
import { openHarness } from './harness.ts';

const ABOUT = { version: '', configDigest: '', startedAt: new Date(0) };

test('every endpoint stands in the document, and nothing else', (t) => {
  const served = endpoints(resources(ABOUT)).map(({ path, method }) => `${method} ${path}`);
  t.deepEqual(Object.keys(OPERATIONS).toSorted(), served.toSorted());
  const documented = Object.values(DOCUMENT.paths).flatMap((place) =>
    Object.keys(place).filter((key) => key !== 'parameters'),
  );
  t.is(documented.length, served.length);
});

test('GET /openapi.json needs no version', async (t) => {
  const api = await openHarness();
  t.teardown(api.close);
  const reply = await api.app.inject({ method: 'GET', url: '/openapi.json' });
  t.is(reply.statusCode, 200);
  t.is(reply.json().openapi, '3.1.0');
  t.is(reply.json().paths['/v1/nodes/{ident}'].patch['x-since'], '1.1');
});

test('every reference in the document leads somewhere', (t) => {
  const text = JSON.stringify(DOCUMENT);
  const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  t.true(names.length > 50);
  for (const name of names) t.true(name !== undefined && name in DOCUMENT.components.schemas, name);
});

const GET = { method: 'GET', url: '/v1/nodes', body: undefined };
const WRONG = [
  ['a status of its own', GET, { status: 299, text: '' }],
  ['another list', GET, { status: 200, text: '{"ports":[]}' }],
  ['a field too many', GET, { status: 200, text: '{"nodes":[{"colour":"red"}]}' }],
  ['another type', GET, { status: 200, text: '{"nodes":[{"maintenance":"no"}]}' }],
  ['an error of another form', GET, { status: 400, text: '{"error":"x"}' }],
  ['a path of its own', { ...GET, url: '/v1/moons' }, { status: 200, text: '{}' }],
  [
    'a request that should have been refused',
    { method: 'POST', url: '/v1/ports', body: { address: 7 } },
    { status: 201, text: '{}' },
  ],
] as const;
for (const [what, request, reply] of WRONG)
  test(`the check of answers sees ${what}`, (t) => {
    t.truthy(contradiction(request, reply));
  });
