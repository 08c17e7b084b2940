import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';

const BASE = { boot_http: { url: 'http://127.0.0.1:8088' }, dhcp: { enabled: false } };
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const GOOD = { url: 'https://hooks.example/?token=in-the-url', secret: SECRET };
const parse = (...webhooks: readonly object[]) =>
  parseConfig(JSON.stringify({ ...BASE, webhooks }), 'f.yaml').webhooks;

test('what is left out has a default', (t) => {
  t.deepEqual(parse(), []);
  const [webhook] = parse(GOOD);
  t.like(webhook, { ...GOOD, secret: Buffer.from(SECRET.slice(6), 'base64') });
  t.deepEqual(webhook?.events, ['node.*', 'state.*', 'operation.*', 'power.*']);
  t.is(webhook?.give_up_seconds, 86_400);
});

const FAULTS: readonly (readonly [name: string, webhooks: readonly object[], fault: RegExp])[] = [
  ['another scheme', [{ ...GOOD, url: 'ftp://hooks.example/' }], /webhooks\.0\.url/],
  [
    'a user in the URL',
    [{ ...GOOD, url: 'http://me:pw@hooks.example/' }],
    /url: a user in the URL/,
  ],
  ['no secret', [{ url: GOOD.url }], /webhooks\.0\.secret/],
  [
    'a secret in the clear',
    [{ ...GOOD, secret: 'hunter2' }],
    /secret: expected whsec_ and 24 to 64/,
  ],
  ['a short secret', [{ ...GOOD, secret: 'whsec_c2hvcnQ=' }], /secret: expected whsec_/],
  [
    'a kind that is none',
    [{ ...GOOD, events: ['state.changd'] }],
    /events\.0: expected \*, a kind/,
  ],
  ['a group that is none', [{ ...GOOD, events: ['stat.*'] }], /events\.0: expected \*, a kind/],
  ['no kinds', [{ ...GOOD, events: [] }], /webhooks\.0\.events/],
  ['a URL twice', [GOOD, { ...GOOD, events: ['*'] }], /webhooks: a URL stands there twice/],
];

for (const [name, webhooks, fault] of FAULTS)
  test(`${name} is refused, and no secret is told`, (t) => {
    const { message } = t.throws(() => parse(...webhooks)) ?? { message: '' };
    t.regex(message, fault);
    t.notRegex(message, /hunter2|c2hvcnQ|MfKQ|in-the-url|:pw@/);
  });
