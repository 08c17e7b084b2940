import test from 'ava';
import type { IronpxeError } from '../../conductor/errors/error.ts';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import { openIscsiDisk } from '../../conductor/iscsi/disk.ts';
import { DATA, FLUSH, KIB, READ, WRITE, first, open } from './support/scriptedDisk.ts';
import { isCommand, type Script, ScriptedTarget } from './support/scriptedTarget.ts';
import { freeListenPort } from './support/tgtd.ts';

test.serial('a disk that was reset may have lost what it acknowledged', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target);
  await disk.write(0, DATA);
  target.script = first(1, WRITE, (pdu, connection) => {
    connection.respond(pdu, 2, { key: 6, asc: 0x29, ascq: 0 });
    return true;
  });
  await disk.write(0, DATA);
  await t.throwsAsync(disk.flush(), { code: 'ISCSI_SESSION_LOST_BEFORE_FLUSH' });
});

test.serial(
  'goes on after the connection dropped amid a write, and the next flush says so once',
  async (t) => {
    const events: NewEvent[] = [];
    await using target = await ScriptedTarget.start(
      first(2, WRITE, (_pdu, connection) => {
        connection.destroy();
        return true;
      }),
    );
    await using disk = await open(target, { observe: (event) => events.push(event) });
    await disk.write(0, DATA);
    t.true(disk.sessionLostSinceFlush);
    await t.throwsAsync(disk.flush(), { code: 'ISCSI_SESSION_LOST_BEFORE_FLUSH' });
    t.false(disk.sessionLostSinceFlush);
    await disk.write(0, DATA);
    await disk.flush();
    t.deepEqual(target.disk.subarray(0, DATA.length), DATA);
    t.is(target.connections, 3);
    const kinds = events.map(({ kind }) => kind);
    t.deepEqual(kinds, [
      'iscsi.connected',
      'iscsi.lost',
      'iscsi.connected',
      'iscsi.lost',
      'iscsi.connected',
    ]);
  },
);

test.serial('a drop with nothing unflushed needs no second write', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target);
  await disk.write(0, DATA);
  await disk.flush();
  target.script = first(1, FLUSH, (_pdu, connection) => {
    connection.destroy();
    return true;
  });
  await t.notThrowsAsync(disk.flush());
  t.is(target.connections, 2);
});

test.serial('gives up on a target that stays away', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target, { reconnectForMs: 400 });
  await target.stop();
  const error = await t.throwsAsync<IronpxeError>(disk.write(0, DATA), {
    code: 'ISCSI_TARGET_LOST',
  });
  t.regex(
    error?.message ?? '',
    /did not come back in \d+\.?\d* s and \d+ tries\. Cannot connect .*ECONNREFUSED/,
  );
  await t.throwsAsync(disk.flush(), { code: 'ISCSI_TARGET_LOST' });
});

test.serial('waits for a target that comes back', async (t) => {
  await using target = await ScriptedTarget.start();
  const away = Promise.withResolvers<void>();
  await using disk = await open(target, {
    observe: ({ kind }) => kind === 'iscsi.lost' && away.resolve(),
  });
  await target.stop();
  const writing = disk.write(0, DATA);
  await away.promise;
  await target.listen();
  await writing;
  t.deepEqual(target.disk.subarray(0, DATA.length), DATA);
});

test.serial('does not go on with another disk', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target);
  await using other = await ScriptedTarget.start(undefined, 1024 * KIB);
  await target.stop();
  other.script = () => false;
  await other.stop();
  other.listenPort = target.listenPort;
  await other.listen();
  const error = await t.throwsAsync(disk.write(0, DATA), { code: 'ISCSI_TARGET_CHANGED' });
  t.regex(error?.message ?? '', /found .* 2048 blocks .* expected .* 8192 blocks/);
});

test.serial('a command that is never answered is tried three times', async (t) => {
  await using target = await ScriptedTarget.start(first(99, WRITE, () => true));
  await using disk = await open(target, { commandTimeoutMs: 300 });
  await t.throwsAsync(disk.write(0, DATA), { code: 'ISCSI_COMMAND_TIMED_OUT' });
  t.true(target.connections >= 3);
});

test.serial('a command that ends every session is not sent for ever', async (t) => {
  await using target = await ScriptedTarget.start(
    first(99, WRITE, (_pdu, connection) => {
      connection.destroy();
      return true;
    }),
  );
  await using disk = await open(target, { reconnectForMs: 1000 });
  await t.throwsAsync(disk.write(0, DATA), { code: 'ISCSI_TARGET_LOST' });
});

test.serial('a silent target is asked for a sign of life, then given up', async (t) => {
  let pings = 0;
  await using target = await ScriptedTarget.start();
  const lost = Promise.withResolvers<NewEvent>();
  await using disk = await open(target, {
    keepaliveMs: 50,
    reconnectForMs: 0,
    observe: (event) => event.kind === 'iscsi.lost' && lost.resolve(event),
  });
  const answered = Promise.withResolvers<void>();
  target.script = (pdu) => {
    if (pdu.opcode === 0 && ++pings === 3) answered.resolve();
    return pings > 3;
  };
  await answered.promise;
  t.regex((await lost.promise).message, /nothing was heard for/);
  await t.throwsAsync(disk.flush(), { code: 'ISCSI_TARGET_LOST' });
});

test.serial("answers the target's own ping", async (t) => {
  const answered = Promise.withResolvers<number>();
  await using target = await ScriptedTarget.start((pdu, connection) => {
    if (isCommand(pdu, FLUSH)) connection.ping(0x4711);
    if (pdu.opcode === 0) answered.resolve(pdu.header.readUInt32BE(20));
    return false;
  });
  await using disk = await open(target);
  await disk.flush();
  t.is(await answered.promise, 0x4711);
});

test.serial('damaged data is read again in a new session', async (t) => {
  await using target = await ScriptedTarget.start(
    first(1, READ, (pdu, connection) => {
      connection.digests = { header: true, data: false };
      connection.sendData(pdu, Buffer.alloc(512, 1));
      // Where the digest of the data belongs.
      connection.sendRaw(Buffer.from('bad!'));
      return true;
    }),
  );
  await using disk = await open(target, { headerDigest: true, dataDigest: true });
  t.deepEqual(await disk.read(0, 512), Buffer.alloc(512, 0x5a));
  t.is(target.connections, 2);
});

test.serial('a target that asks for a logout gets a new session', async (t) => {
  await using target = await ScriptedTarget.start(
    first(1, WRITE, (_pdu, connection) => {
      connection.asyncMessage(1);
      return true;
    }),
  );
  await using disk = await open(target);
  await disk.write(0, DATA);
  t.is(target.connections, 2);
});

test.serial('a rejected command fails with the reason', async (t) => {
  await using target = await ScriptedTarget.start(
    first(1, WRITE, (pdu, connection) => {
      connection.reject(pdu.header, 9);
      return true;
    }),
  );
  await using disk = await open(target);
  const expected = { code: 'ISCSI_COMMAND_FAILED', message: /invalid PDU field \(0x09\)/ };
  await t.throwsAsync(disk.write(0, DATA), expected);
});

for (const { name, act } of [
  {
    name: 'an R2T past the end',
    act: (pdu, connection) => {
      connection.requestData(pdu, DATA.length, 512);
      return true;
    },
  },
  {
    name: 'noise',
    act: (_pdu, connection) => {
      connection.sendRaw(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(96)));
      return true;
    },
  },
  {
    name: 'good status before the data',
    act: (pdu, connection) => {
      connection.respond(pdu);
      return true;
    },
  },
] satisfies { name: string; act: Script }[])
  test.serial(`${name} is a protocol error, and final`, async (t) => {
    await using target = await ScriptedTarget.start(first(1, WRITE, act));
    await using disk = await open(target);
    await t.throwsAsync(disk.write(0, DATA), { code: 'ISCSI_PROTOCOL_ERROR' });
    await t.throwsAsync(disk.flush(), { code: 'ISCSI_PROTOCOL_ERROR' });
    t.is(target.connections, 1);
  });

test.serial('something else than a target answers the login', async (t) => {
  await using target = await ScriptedTarget.start((_pdu, connection) => {
    connection.sendRaw(Buffer.from('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'.repeat(4)));
    return true;
  });
  await t.throwsAsync(open(target), { code: 'ISCSI_PROTOCOL_ERROR' });
});

test.serial('nothing answers the login', async (t) => {
  await using target = await ScriptedTarget.start(() => true);
  await t.throwsAsync(open(target, { connectTimeoutMs: 100 }), { code: 'ISCSI_CONNECT_TIMED_OUT' });
});

test.serial('nobody listens', async (t) => {
  await using target = await ScriptedTarget.start();
  const opening = openIscsiDisk({
    host: target.host,
    listenPort: await freeListenPort(),
    iqn: 'iqn.2026-11.test:none',
    lun: 1,
    connectTimeoutMs: 10_000,
    commandTimeoutMs: 2000,
    reconnectForMs: 0,
    signal: new AbortController().signal,
  });
  await t.throwsAsync(opening, { code: 'ISCSI_CONNECT_FAILED', message: /ECONNREFUSED/ });
});
