import test from 'ava';
import { appendEvent } from '../../conductor/store/events.ts';
import { insertNode } from '../../conductor/store/nodes.ts';
import { insertOperation, setOperationStatus } from '../../conductor/store/operations.ts';
import type { EventKind } from '../../conductor/events/kinds.ts';
import type { Harness } from './harness.ts';
import { openHarness } from './harness.ts';

const UUID = '11111111-1111-4111-8111-111111111111';

type Test = { teardown(fn: () => Promise<void>): void };

async function openNode(t: Test): Promise<Harness> {
  const harness = await openHarness();
  t.teardown(harness.close);
  await insertNode(harness.database, {
    uuid: UUID,
    driver: 'pxe_ssh',
    provisionState: 'available',
  });
  return harness;
}

async function startDeploy({ database }: Harness): Promise<string> {
  const steps = ['start_ramdisk', 'wait_call_back'];
  const { uuid } = await insertOperation(database, { nodeUuid: UUID, verb: 'deploy', steps });
  const tell = (kind: EventKind, data: object, operationUuid?: string) =>
    appendEvent(database, {
      kind,
      nodeUuid: UUID,
      operationUuid,
      message: kind,
      data: { ...data },
    });
  await tell('operation.started', { verb: 'deploy' }, uuid);
  await tell('step.started', { step: 'start_ramdisk' }, uuid);
  await tell('power.changed', { target: 'rebooting' }, uuid);
  const vendorClass = 'PXEClient:Arch:00000';
  await tell('dhcp.discover', { vendorClass, mac: '52:54:00:00:00:01' });
  await tell('dhcp.foreign', { server: '192.0.2.66', mac: '52:54:00:00:00:01' });
  return uuid;
}

test('phases, why and recording of a node that never booted', async (t) => {
  const { send } = await openNode(t);
  const phases = await send(`GET /v1/nodes/${UUID}/timeline/phases`);
  t.deepEqual([phases.status, phases.json['phases']], [200, []]);
  const why = await send(`GET /v1/nodes/${UUID}/why`);
  t.deepEqual([why.status, why.json['outcome']], [200, 'well']);
  const recording = await send(`GET /v1/nodes/${UUID}/recording`);
  t.deepEqual([recording.status, recording.json['story']], [200, null]);
  t.is((await send('GET /v1/nodes/nobody/why')).status, 404);
});

test('a boot that goes on, and one that failed', async (t) => {
  const harness = await openNode(t);
  const uuid = await startDeploy(harness);
  const under = await harness.send(`GET /v1/nodes/${UUID}/why`);
  t.is(under.json['outcome'], 'under_way');
  const { json } = await harness.send(`GET /v1/nodes/${UUID}/timeline/phases`);
  const names = (json['phases'] as { name: string }[]).map(({ name }) => name);
  t.deepEqual(names, ['prepare', 'power', 'firmware', 'dhcp']);
  const reason = 'CALLBACK_TIMEOUT: Timeout reached.';
  await setOperationStatus(harness.database, uuid, 'failed', reason);
  const failed = await harness.send(`GET /v1/nodes/${UUID}/why`);
  t.like(failed.json, { outcome: 'explained', code: 'ROGUE_DHCP', certainty: 'certain' });
  t.regex(String(failed.json['fix']), /192\.0\.2\.66/);
  const recording = await harness.send(`GET /v1/nodes/${UUID}/recording`);
  t.is((recording.json['story'] as { entries: unknown[] }).entries.length, 5);
});

/** Reads server-sent events until `count` were seen; their ids and kinds. */
async function readStream(url: string, count: number, headers: Record<string, string> = {}) {
  const stop = new AbortController();
  const reply = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  });
  const seen: string[] = [];
  let text = '';
  for await (const chunk of reply.body ?? []) {
    text += Buffer.from(chunk).toString();
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const [, id, kind] = /^id: (\d+)\nevent: (\S+)\ndata: \{/.exec(frame) ?? [];
      if (id !== undefined) seen.push(`${id} ${kind}`);
    }
    if (seen.length >= count) break;
  }
  stop.abort();
  return { type: reply.headers.get('content-type'), seen };
}

test('events come as a stream, go on after the last one seen, and end with the server', async (t) => {
  const harness = await openNode(t);
  await harness.app.listen({ host: '127.0.0.1', port: 0 });
  const address = harness.app.server.address();
  const listenPort = typeof address === 'object' ? address?.port : 0;
  const url = `http://127.0.0.1:${listenPort}/v1/nodes/${UUID}/timeline`;
  await startDeploy(harness);
  const all = await readStream(url, 6);
  t.is(all.type, 'text/event-stream');
  t.is(all.seen.length, 6);
  const [second = ''] = all.seen[1]?.split(' ') ?? [];
  const rest = await readStream(url, 4, { 'last-event-id': second });
  t.deepEqual(rest.seen, all.seen.slice(2));
  const later = readStream(`${url}?after=${all.seen.at(-1)?.split(' ')[0]}`, 1);
  await appendEvent(harness.database, { kind: 'dhcp.ack', nodeUuid: UUID, message: 'new' });
  t.regex((await later).seen[0] ?? '', / dhcp\.ack$/);
  const open = await fetch(url, { headers: { accept: 'text/event-stream' } });
  await harness.app.close();
  await t.throwsAsync(
    open.text().then((text) => Promise.reject(new Error(`ended: ${text.length}`))),
  );
});

test('JSON is still the answer to everybody else', async (t) => {
  const { send } = await openNode(t);
  const { status, json } = await send(`GET /v1/nodes/${UUID}/timeline`, {
    headers: { accept: 'application/json' },
  });
  t.is(status, 200);
  t.true(Array.isArray(json['events']));
});
