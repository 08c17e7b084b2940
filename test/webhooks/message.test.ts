import test from 'ava';
import { EVENT_KINDS } from '../../conductor/events/kinds.ts';
import { kindsOf, messageOf } from '../../conductor/webhooks/message.ts';

const EVENT = {
  id: 7,
  at: '2026-01-02T03:04:05.678Z',
  kind: 'state.changed',
  message: 'available → deploying',
  nodeUuid: '11111111-1111-4111-8111-111111111111',
  operationUuid: null,
  data: { from: 'available', to: 'deploying' },
} as const;

test('an event becomes type, timestamp and data', (t) => {
  t.deepEqual(JSON.parse(messageOf('c1', EVENT).body), {
    type: 'state.changed',
    timestamp: '2026-01-02T03:04:05.678Z',
    data: {
      conductor: 'c1',
      event_id: 7,
      node_uuid: EVENT.nodeUuid,
      operation_uuid: null,
      message: 'available → deploying',
      details: { from: 'available', to: 'deploying' },
    },
  });
});

test('the id is the same each time, and no other event has it', (t) => {
  const { id } = messageOf('c1', EVENT);
  t.regex(id, /^evt_[0-9a-f]{32}$/);
  t.is(messageOf('c1', { ...EVENT }).id, id);
  const others = [
    messageOf('c2', EVENT),
    messageOf('c1', { ...EVENT, id: 8 }),
    messageOf('c1', { ...EVENT, at: '2027-01-02T03:04:05.678Z' }),
  ];
  t.is(new Set([id, ...others.map((other) => other.id)]).size, 4);
});

test('patterns name kinds', (t) => {
  t.deepEqual(kindsOf(['state.changed']), ['state.changed']);
  t.deepEqual(kindsOf(['node.*', 'node.created']), [
    'node.created',
    'node.updated',
    'node.deleted',
  ]);
  t.deepEqual(kindsOf(['*']) as string[], Object.keys(EVENT_KINDS));
  t.true(
    kindsOf(['boot.*']).every((kind) => kind.startsWith('boot.')),
    'not boot_facts.*',
  );
});
