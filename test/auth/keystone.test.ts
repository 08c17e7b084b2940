import test from 'ava';
import { keystoneAuthenticator } from '../../conductor/auth/keystone.ts';
import type { TokenFacts } from '../../conductor/openstack/keystoneTokens.ts';
import { Random } from '../deploy/support/random.ts';

const START_MS = Date.parse('2030-01-01T00:00:00Z');
const at = (seconds: number) => new Date(START_MS + seconds * 1000).toISOString();

function facts(role: string, endsAfterSeconds: number): TokenFacts {
  return {
    expires_at: at(endsAfterSeconds),
    user: { id: 'u', name: 'user' },
    roles: [{ id: role, name: role }],
    project: { id: 'p', name: 'project', domain: { id: 'default' } },
  };
}

function rig(known: Record<string, TokenFacts>) {
  const clock = { nowMs: START_MS };
  const asked: string[] = [];
  const authenticator = keystoneAuthenticator({
    describe: async (token, { allowExpired }) => {
      asked.push(`${token}${allowExpired ? '+' : ''}`);
      if (token === 'down') throw new Error('Keystone does not answer');
      const found = known[token];
      const ended = found !== undefined && Date.parse(found.expires_at) <= clock.nowMs;
      return ended && !allowExpired ? undefined : found;
    },
    publicUrl: 'http://keystone:5000',
    cacheMs: 60_000,
    now: () => clock.nowMs,
  });
  const ask = (token?: string, service?: string) =>
    authenticator.authenticate({
      ...(token !== undefined && { 'x-auth-token': token }),
      ...(service !== undefined && { 'x-service-token': service }),
    });
  return { ask, asked, clock, challenge: authenticator.challenge };
}

test('a token is asked about once a minute, and never used beyond its end', async (t) => {
  const { ask, asked, clock, challenge } = rig({
    long: facts('member', 3600),
    short: facts('member', 30),
  });
  t.is(challenge, 'Keystone uri="http://keystone:5000"');
  await Promise.all([ask('long'), ask('long'), ask('long'), ask('short')]);
  t.deepEqual(asked, ['long', 'short']);
  clock.nowMs += 31_000;
  await ask('long');
  await t.throwsAsync(ask('short'), { code: 'UNAUTHORIZED' });
  t.deepEqual(asked, ['long', 'short', 'short']);
  clock.nowMs += 31_000;
  await ask('long');
  t.deepEqual(asked.slice(3), ['long']);
});

test('an unknown token is not asked about again for a while', async (t) => {
  const { ask, asked, clock } = rig({});
  for (let round = 0; round < 5; round++)
    await t.throwsAsync(ask('forged'), { code: 'UNAUTHORIZED' });
  t.is(asked.length, 1);
  clock.nowMs += 11_000;
  await t.throwsAsync(ask('forged'), { code: 'UNAUTHORIZED' });
  t.is(asked.length, 2);
});

test('Keystone in trouble is no refusal, and is not remembered', async (t) => {
  const { ask, asked } = rig({});
  await t.throwsAsync(ask('down'), { code: 'AUTH_UNAVAILABLE' });
  await t.throwsAsync(ask('down'), { code: 'AUTH_UNAVAILABLE' });
  t.is(asked.length, 2);
});

test('a token that ended is good for a service that carries it on', async (t) => {
  const known = { user: facts('member', -10), nova: facts('service', 99), man: facts('admin', 99) };
  const { ask } = rig(known);
  await t.throwsAsync(ask('user'), { code: 'UNAUTHORIZED' });
  await t.throwsAsync(ask('user', 'man'), { code: 'UNAUTHORIZED' });
  await t.throwsAsync(ask('user', 'forged'), { code: 'UNAUTHORIZED' });
  const caller = await ask('user', 'nova');
  t.like(caller, { userName: 'user', roles: ['member'], system: false });
  await t.throwsAsync(ask('user'), { code: 'UNAUTHORIZED' });
});

test('a token without a scope is no use', async (t) => {
  const { project: _, ...unscoped } = facts('admin', 99);
  const { ask } = rig({ unscoped, all: { ...unscoped, system: { all: true } } });
  await t.throwsAsync(ask('unscoped'), { code: 'UNAUTHORIZED' });
  t.like(await ask('all'), { system: true });
});

test('headers that are no tokens never reach Keystone', async (t) => {
  const { ask, asked } = rig({});
  const random = new Random(11);
  for (let round = 0; round < 2000; round++) {
    const text = `${random.bytes(random.below(40)).toString('latin1')} \n`;
    await t.throwsAsync(ask(text), { code: 'UNAUTHORIZED' });
  }
  await t.throwsAsync(ask('x'.repeat(9000)), { code: 'UNAUTHORIZED' });
  await t.throwsAsync(ask(), { code: 'UNAUTHORIZED' });
  t.deepEqual(asked, []);
});
