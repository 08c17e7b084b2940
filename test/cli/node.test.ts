import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openClient } from '../../conductor/cli/client.ts';
import { followOperation } from '../../conductor/cli/follow.ts';
import { appendEvent } from '../../conductor/store/events.ts';
import { getNode, insertNode, transition, updateNode } from '../../conductor/store/nodes.ts';
import { insertPort, listPorts } from '../../conductor/store/ports.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { type CliHarness, jsonLines, openCli } from './harness.ts';

const MAC = '52:54:00:00:00:01';
const ENROLL = `node enroll one --driver pxe_ssh --driver-info ssh_address=192.0.2.1 --property cpus=4 --port ${MAC}`;

test('enroll makes node and ports, and waits until the node is available', async (t) => {
  const cli = await openCli(t);
  const first = await cli.run(ENROLL);
  t.is(first.status, 0, first.err);
  t.regex(first.out, /node one created\nport 52:54:00:00:00:01 added\n/);
  t.regex(first.out, /enroll → verifying\n.*verifying → manageable\n/);
  t.regex(first.out, /one is available\. Deploy it with/);
  const node = await getNode(cli.database, 'one');
  t.like(node, {
    provisionState: 'available',
    driverInfo: { ssh_address: '192.0.2.1' },
    properties: { cpus: 4 },
  });
  t.is((await listPorts(cli.database)).length, 1);
  const again = await cli.run(ENROLL);
  t.is(again.status, 0);
  t.is(again.out, 'one is already enrolled and available.\n');
});

test('enroll refuses another node of the same name, and tells what differs', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const { status, err } = await cli.run(ENROLL.replace('192.0.2.1', '192.0.2.2'));
  t.is(status, 5);
  t.regex(err, /with other data: driver_info\/ssh_address differs/);
});

test('enroll that stopped half way says what exists, and goes on when run again', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const second = ENROLL.replace(' one ', ' two ');
  const stopped = await cli.run(second);
  t.is(stopped.status, 5);
  t.regex(stopped.err, /node two exists now, without this port/);
  const goneOn = await cli.run(second.replace(MAC, '52:54:00:00:00:02'));
  t.is(goneOn.status, 0, goneOn.err);
  t.is((await getNode(cli.database, 'two')).provisionState, 'available');
});

test('a mistake in a node that was never managed is corrected by running enroll again', async (t) => {
  const cli = await openCli(t);
  const wrong = { driver: 'fake-hardware', name: 'one', driver_info: { ssh_port: 'x', old: 1 } };
  await cli.send('POST /v1/nodes', { body: wrong });
  const { status, out, err } = await cli.run(ENROLL);
  t.is(status, 0, err);
  t.regex(out, /going on with the data given now/);
  const node = await getNode(cli.database, 'one');
  t.like(node, { driver: 'pxe_ssh', provisionState: 'available', properties: { cpus: 4 } });
  t.deepEqual(node.driverInfo, { ssh_address: '192.0.2.1' });
});

test('a machine that enrolled itself gets the name and the driver that enroll is told', async (t) => {
  const cli = await openCli(t);
  const uuid = '22222222-2222-4222-8222-222222222222';
  const driverInternalInfo = { enrolled_itself: true };
  const stranger = { uuid, driver: 'fake-hardware', provisionState: 'enroll' } as const;
  const interfaces = { power: 'fake' };
  await insertNode(cli.database, { ...stranger, name: 'new-1', driverInternalInfo, interfaces });
  await insertPort(cli.database, { uuid, nodeUuid: uuid, address: MAC as Mac });
  const { status, out, err } = await cli.run(ENROLL);
  t.is(status, 0, err);
  t.regex(out, /^new-1 enrolled itself; it is one now\n/);
  const node = await getNode(cli.database, uuid);
  t.like(node, { name: 'one', driver: 'pxe_ssh', provisionState: 'available', interfaces: {} });
});

test('validate tells what is ready, and what of the rest a deploy needs', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const { status, out } = await cli.run('node validate one');
  t.is(status, 1);
  t.regex(out, /^INTERFACE +RESULT +REASON\npower +ready\n/);
  t.regex(out, /^deploy +not ready +image_source is missing$/m);
  t.like(jsonLines((await cli.run('node validate one --json')).out)[0], {
    validation: { power: { result: true }, deploy: { result: false } },
  });
  t.is((await cli.run('node validate two')).status, 4);
});

test('enroll takes long values from files', async (t) => {
  const cli = await openCli(t);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-cli-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'key'), 'PRIVATE KEY\n');
  const { status } = await cli.run(`${ENROLL} --driver-info ssh_key_contents=@${folder}/key`);
  t.is(status, 0);
  t.is((await getNode(cli.database, 'one')).driverInfo.ssh_key_contents, 'PRIVATE KEY\n');
  t.false((await cli.run('node show one')).out.includes('PRIVATE'));
});

test('list and show, for people and for programs', async (t) => {
  const cli = await openCli(t);
  t.regex((await cli.run('node list')).out, /There are no nodes/);
  await cli.run(ENROLL);
  await updateNode(cli.database, (await getNode(cli.database, 'one')).uuid, {
    lastError: 'broken\u001b[2J',
    maintenance: true,
  });
  const list = await cli.run('node list');
  t.regex(
    list.out,
    /^NAME +UUID +DRIVER +POWER +STATE +LAST ERROR\none +\S+ +pxe_ssh +- +available \(maintenance\) +broken \[2J\n$/,
  );
  t.like(jsonLines((await cli.run('node list --json')).out)[0], { nodes: [{ name: 'one' }] });
  t.regex((await cli.run('node list --state active')).out, /There are no nodes/);
  const { out } = await cli.run('node show one');
  for (const text of [
    /^Node +one$/m,
    /^State +available$/m,
    /^Ports +52:54:00:00:00:01$/m,
    /^properties\/cpus +4$/m,
    /^Kernel line +root=x$/m,
    /^ {2}from image +root=x$/m,
  ])
    t.regex(out, text);
  t.like(jsonLines((await cli.run('node show one --json')).out)[0], {
    node: { name: 'one' },
    ports: [{ address: MAC }],
    operation: null,
    kernel_line: { line: 'root=x', reason: null },
  });
  t.regex((await cli.run('port list')).out, /^MAC +NODE +UUID\n52:54:00:00:00:01 +one /);
});

const DEPLOY =
  'node deploy one --image http://h/i.qcow2 --kernel http://h/k --ramdisk http://h/r --root-gb 4 --swap-mb 64 --checksum abc --kernel-options "%default% quiet"';

/** Plays the conductor's part of a deploy, once the command has begun it. */
async function playDeploy(cli: CliHarness, end: 'done' | 'fail'): Promise<void> {
  const { uuid } = await getNode(cli.database, 'one');
  const note = (kind: 'ramdisk.callback' | 'write.progress', message: string, data = {}) =>
    appendEvent(cli.database, { nodeUuid: uuid, kind, message, data });
  await transition(cli.database, uuid, 'wait');
  await note('ramdisk.callback', 'the ramdisk called from 192.0.2.9');
  await transition(cli.database, uuid, 'resume');
  for (const part of [0, 5, 10])
    await note('write.progress', '', { done_bytes: part * 1024, total_bytes: 10_240 });
  await transition(
    cli.database,
    uuid,
    end,
    end === 'fail' ? { patch: { lastError: 'disk on fire' } } : {},
  );
}

for (const end of ['done', 'fail'] as const)
  test(`deploy follows each stage to its ${end}`, async (t) => {
    const cli = await openCli(t);
    await cli.run(ENROLL);
    let played: Promise<void> | undefined;
    const ran = await cli.run(DEPLOY, {
      onOut: (out) => {
        if (out.includes('available → deploying')) played ??= playDeploy(cli, end);
      },
    });
    await played;
    t.false(ran.out.includes('one created'), 'what was before is not shown');
    for (const text of [
      /· available → deploying/,
      /✓ the ramdisk called from/,
      /50 % {2}5\.0 KiB of 10\.0 KiB/,
    ])
      t.regex(ran.out, text);
    t.is(ran.status, end === 'done' ? 0 : 1);
    if (end === 'done') t.regex(ran.out, /one is active after 0:0\d\.\n$/);
    else t.regex(ran.err, /one is in state "deploy failed": disk on fire\n.*ironpxe node events/);
    const { instanceInfo } = await getNode(cli.database, 'one');
    t.deepEqual(instanceInfo, {
      image_source: 'http://h/i.qcow2',
      image_type: 'partition',
      kernel: 'http://h/k',
      ramdisk: 'http://h/r',
      root_gb: 4,
      swap_mb: 64,
      image_checksum: 'abc',
      kernel_append_params: '%default% quiet',
    });
  });

test('deploy --no-wait returns at once; --json gives one JSON text per line', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const ran = await cli.run(`${DEPLOY} --no-wait --json`);
  t.is(ran.status, 0, ran.err);
  t.like(jsonLines(ran.out)[0], { node: { provision_state: 'deploying' } });
});

test('deploy of a node that is not available is refused with the way out', async (t) => {
  const cli = await openCli(t);
  await cli.run(`${ENROLL} --no-wait`);
  const { status, err } = await cli.run(DEPLOY);
  t.is(status, 1);
  t.regex(err, /one is in state "manageable".*ironpxe node enroll/);
  t.deepEqual((await getNode(cli.database, 'one')).instanceInfo, {}, 'and nothing was changed');
});

test('interrupting a deploy leaves it running', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const interrupt = new AbortController();
  const ran = await cli.run(DEPLOY, {
    signal: interrupt.signal,
    onOut: (out) => {
      if (out.includes('deploying')) interrupt.abort();
    },
  });
  t.is(ran.status, 130);
  t.is((await getNode(cli.database, 'one')).provisionState, 'deploying');
});

test('undeploy, power and delete', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  await cli.run(`${DEPLOY} --no-wait`);
  const { uuid } = await getNode(cli.database, 'one');
  await transition(cli.database, uuid, 'done');
  t.is((await cli.run('node delete one')).status, 5);
  t.regex((await cli.run('node undeploy one')).out, /one is available\.\n$/);
  t.is((await cli.run('node power one status')).out, 'unknown\n');
  t.is((await cli.run('node power one on')).out, 'one: power on\n');
  t.is((await cli.run('node power one status')).out, 'power on\n');
  t.is((await cli.run('node power one off --json')).status, 0);
  t.is((await cli.run('node delete one')).out, 'one removed\n');
  t.is((await cli.run('node delete one')).status, 4);
});

test('events: all of them once, in order, and new ones with --follow', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const { uuid } = await getNode(cli.database, 'one');
  for (let count = 0; count < 1100; count += 1)
    await appendEvent(cli.database, { nodeUuid: uuid, kind: 'dhcp.ack', message: `ack ${count}` });
  const events = jsonLines((await cli.run('node events one --json')).out);
  const ids = events.map(({ id }) => Number(id));
  t.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  );
  t.is(new Set(ids).size, ids.length);
  t.is(events.filter(({ kind }) => kind === 'dhcp.ack').length, 1100);
  const interrupt = new AbortController();
  let added: Promise<number> | undefined;
  const followed = await cli.run('node events one --follow', {
    signal: interrupt.signal,
    onOut: (out) => {
      if (out.includes('ack 1099'))
        added ??= appendEvent(cli.database, { nodeUuid: uuid, kind: 'dhcp.nak', message: 'late' });
      if (out.includes('late')) interrupt.abort();
    },
  });
  t.is(followed.status, 130);
  t.regex(followed.out, /✗ dhcp\.nak +late\n$/);
});

test('following outlives a conductor that is away, up to its patience', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  const { signal } = new AbortController();
  let requests = 0;
  const real = openClient(cli.url, { signal });
  const away = openClient('unix:/nope.sock', { signal });
  const flaky = {
    ...real,
    get: (path: string) => {
      requests += 1;
      return requests % 2 === 0 ? real.get(path) : away.get(path);
    },
  };
  const options = { until: () => requests > 5, onEvent: () => undefined, signal, pollMs: 1 };
  t.is((await followOperation(flaky, 'one', options)).name, 'one');
  const impatient = followOperation(away, 'one', { ...options, patienceMs: 30 });
  await t.throwsAsync(impatient, { message: /No API answers/ });
});
