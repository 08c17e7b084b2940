import test from 'ava';
import { endpoints } from '../../../conductor/api/resource.ts';
import { resources } from '../../../conductor/api/resources.ts';
import { policyOf, ROUTES } from '../../../conductor/auth/policy/routes.ts';
import { RULES } from '../../../conductor/auth/policy/rules.ts';

const about = { version: '', configDigest: '', startedAt: new Date(0) };

test('every route of the API has a row in the policy', (t) => {
  const all = endpoints(resources(about));
  t.true(all.length > 50);
  const without = all.filter(({ method, path }) => policyOf(method, path) === undefined);
  t.deepEqual(
    without.map(({ method, path }) => `${method} ${path}`),
    [],
  );
});

test('every rule is used by a route, by a patch or by a field', (t) => {
  const elsewhere = /:update|:get:|disable_cleaning|view_target_properties|allocation:(get|list)/;
  const used = Object.values(ROUTES).flatMap(({ rule, narrowed }) => [rule, narrowed]);
  const unused = Object.keys(RULES).filter(
    (name) => !used.includes(name as keyof typeof RULES) && !elsewhere.test(name),
  );
  t.deepEqual(unused, []);
});

const OPEN = [
  'GET /',
  'GET /openapi.json',
  'GET /v1',
  'GET /v1/lookup',
  'POST /v1/continue_inspection',
  'POST /v1/heartbeat/*',
  'POST /v1/nodes/*/vendor_passthru/*',
];

test('these routes, and no others, are open to requests without credentials', (t) => {
  const open = Object.entries(ROUTES).filter(([, { open: isOpen }]) => isOpen !== undefined);
  t.deepEqual(open.map(([name]) => name).toSorted(), OPEN);
  t.deepEqual(ROUTES['POST /v1/nodes/*/vendor_passthru/*']?.open, [
    'pass_deploy_info',
    'pass_bootloader_install_info',
  ]);
});

test('a method without a row, HEAD aside, has no policy', (t) => {
  t.is(policyOf('HEAD', '/v1/nodes'), ROUTES['GET /v1/nodes']);
  t.is(policyOf('PUT', '/v1/nodes'), undefined);
  t.is(policyOf('GET', '/constructor'), undefined);
});
