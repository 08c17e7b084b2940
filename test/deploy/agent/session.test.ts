import test from 'ava';
import {
  agentSession,
  checkAgentUrl,
  withoutAgent,
} from '../../../conductor/deploy/agent/session.ts';
import { nodeWith } from '../support/node.ts';

const KNOWN = { agent_url: 'https://10.0.0.9:9999', agent_secret_token: 'secret' };

const URLS: readonly (readonly [url: string, requireTls: boolean, code: string | undefined])[] = [
  ['https://10.0.0.9:9999', true, undefined],
  ['https://[fd00::9]:9999', true, undefined],
  ['http://10.0.0.9:9999', false, undefined],
  ['http://10.0.0.9:9999', true, 'AGENT_TLS_REQUIRED'],
  ['ftp://10.0.0.9', false, 'AGENT_URL_INVALID'],
  ['https://user:pass@10.0.0.9', true, 'AGENT_URL_INVALID'],
  ['https://10.0.0.9/?a=b', true, 'AGENT_URL_INVALID'],
  ['10.0.0.9:9999', false, 'AGENT_URL_INVALID'],
  ['', false, 'AGENT_URL_INVALID'],
];

for (const [url, requireTls, code] of URLS)
  test(`"${url}" with TLS ${requireTls ? 'required' : 'optional'}: ${code ?? 'taken'}`, (t) => {
    const check = () => checkAgentUrl(url, { requireTls });
    if (code === undefined) t.notThrows(check);
    else t.throws(check, { code });
  });

test('an agent is known once it reported, and what it sent is what it is trusted by', (t) => {
  t.is(agentSession(nodeWith({ driverInternalInfo: { agent_secret_token: 'x' } })), undefined);
  const pinned = { ...KNOWN, agent_verify_ca: 'PEM' };
  t.like(agentSession(nodeWith({ driverInternalInfo: pinned })), {
    url: 'https://10.0.0.9:9999',
    token: 'secret',
    trust: { kind: 'pinned', certificates: 'PEM' },
  });
});

test('without a certificate of its own, driver_info says what it is trusted by', (t) => {
  const kindFor = (agent_verify_ca: unknown) =>
    agentSession(nodeWith({ driverInternalInfo: KNOWN, driverInfo: { agent_verify_ca } }))?.trust
      .kind;
  t.is(kindFor(undefined), 'system');
  t.is(kindFor('True'), 'system');
  t.is(kindFor(false), 'none');
  t.is(kindFor(import.meta.filename), 'file');
  t.throws(() => kindFor('/nowhere.pem'), { code: 'DEPLOY_PARAMETER_INVALID' });
});

test('what belongs to one boot goes, the rest stays', (t) => {
  const info = { ...KNOWN, agent_verify_ca: 'PEM', agent_version: '9', model: 'x' };
  t.deepEqual(withoutAgent(info), { agent_version: '9', model: 'x' });
});
