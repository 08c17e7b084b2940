import test from 'ava';
import { DATA, FLUSH, KIB, WRITE, WRITE_SAME, first, open } from './support/scriptedDisk.ts';
import { isCommand, ScriptedTarget } from './support/scriptedTarget.ts';

test.serial('writes, reads, flushes and tells who it is', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target);
  t.deepEqual(disk.identity, { vendor: 'SCRIPTED', product: 'DISK', serial: 'SERIAL1' });
  t.is(disk.sizeBytes, 4096 * KIB);
  t.is(disk.blockSizeBytes, 512);
  await disk.write(512, DATA);
  await disk.flush();
  t.deepEqual(await disk.read(512, DATA.length), DATA);
  t.deepEqual(target.disk.subarray(512, 512 + DATA.length), DATA);
  t.is(disk.sentBytes, DATA.length);
});

test.serial('digests on both sides', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target, { headerDigest: true, dataDigest: true });
  await disk.write(0, DATA);
  t.deepEqual(await disk.read(0, DATA.length), DATA);
});

test.serial('a target that refuses digests that are asked for', async (t) => {
  await using target = await ScriptedTarget.start();
  target.script = (pdu) => {
    // Agrees to less than was asked: the keys are taken out of the request before it answers.
    const text = pdu.data.toString('latin1').replaceAll('Digest=CRC32C', 'Digest=None');
    pdu.data.fill(0).write(text, 'latin1');
    return false;
  };
  await t.throwsAsync(open(target, { dataDigest: true }), { code: 'ISCSI_NEGOTIATION_FAILED' });
});

for (const [offsetBytes, lengthBytes] of [
  [1, 512],
  [0, 100],
  [-512, 512],
  [4096 * KIB, 512],
  [Number.NaN, 512],
] as const)
  test.serial(`refuses ${lengthBytes} bytes at ${offsetBytes}`, async (t) => {
    await using target = await ScriptedTarget.start();
    await using disk = await open(target);
    const expected = { instanceOf: RangeError };
    await t.throwsAsync(disk.write(offsetBytes, Buffer.alloc(lengthBytes)), expected);
    await t.throwsAsync(disk.read(offsetBytes, lengthBytes), expected);
    await t.throwsAsync(disk.zero(offsetBytes, lengthBytes), expected);
  });

test.serial('zeros go over the wire where the disk knows nothing better', async (t) => {
  await using target = await ScriptedTarget.start();
  await using disk = await open(target);
  t.is(disk.zeroing, 'write_same');
  await disk.zero(1024 * KIB, 2048 * KIB);
  t.is(disk.zeroing, 'write');
  t.true(target.disk.subarray(1024 * KIB, 3072 * KIB).equals(Buffer.alloc(2048 * KIB)));
  t.is(target.disk[1024 * KIB - 1], 0x5a);
  t.is(target.disk[3072 * KIB], 0x5a);
});

test.serial('an unmap that leaves something else than zeros is not trusted', async (t) => {
  const seen: number[] = [];
  await using target = await ScriptedTarget.start((pdu, connection) => {
    if (isCommand(pdu, 0x9e)) {
      const thin = Buffer.alloc(32);
      thin.writeUInt32BE(8191, 4);
      thin.writeUInt32BE(512, 8);
      thin.writeUInt8(0xc0, 14);
      connection.sendData(pdu, thin);
      return true;
    }
    if (!isCommand(pdu, WRITE_SAME)) return false;
    seen.push(pdu.header.readUInt8(33));
    if (pdu.header.readUInt8(33) === 0x08) connection.respond(pdu);
    return pdu.header.readUInt8(33) === 0x08;
  });
  await using disk = await open(target);
  t.is(disk.zeroing, 'unmap');
  await disk.zero(0, 64 * KIB);
  t.deepEqual(seen, [0x08, 0]);
  t.is(disk.zeroing, 'write');
  t.true(target.disk.subarray(0, 64 * KIB).equals(Buffer.alloc(64 * KIB)));
});

for (const { name, opcode, sense, code, text } of [
  {
    name: 'a bad block',
    opcode: WRITE,
    sense: { key: 3, asc: 0x0c, ascq: 0 },
    code: 'ISCSI_MEDIUM_ERROR',
    text: /write 1200 blocks at LBA 8: MEDIUM ERROR, write error/,
  },
  {
    name: 'write protection',
    opcode: WRITE,
    sense: { key: 7, asc: 0x27, ascq: 0 },
    code: 'ISCSI_WRITE_PROTECTED',
    text: /write protected/,
  },
  {
    name: 'a broken disk at the flush',
    opcode: FLUSH,
    sense: { key: 4, asc: 0x44, ascq: 0 },
    code: 'ISCSI_HARDWARE_ERROR',
    text: /flush its cache: HARDWARE ERROR/,
  },
] as const)
  test.serial(`tells of ${name}`, async (t) => {
    await using target = await ScriptedTarget.start(
      first(1, opcode, (pdu, connection) => {
        connection.respond(pdu, 2, sense);
        return true;
      }),
    );
    await using disk = await open(target);
    const work = async (): Promise<void> => {
      await disk.write(4096, DATA);
      await disk.flush();
    };
    await t.throwsAsync(work(), { code, message: text });
    await disk.write(4096, DATA);
  });

test.serial('busy and unit attention pass', async (t) => {
  let count = 0;
  await using target = await ScriptedTarget.start(
    first(3, WRITE, (pdu, connection) => {
      if (count++ === 0) connection.respond(pdu, 8);
      else connection.respond(pdu, 2, { key: 6, asc: 0x2a, ascq: 1 });
      return true;
    }),
  );
  await using disk = await open(target);
  await disk.write(0, DATA);
  await disk.flush();
  t.deepEqual(target.disk.subarray(0, DATA.length), DATA);
});

test.serial('the signal ends all I/O with its reason, also while the target is away', async (t) => {
  await using target = await ScriptedTarget.start(first(99, WRITE, () => true));
  for (const isAway of [false, true]) {
    const controller = new AbortController();
    await using disk = await open(target, { signal: controller.signal });
    const writing = disk.write(0, DATA);
    if (isAway) await target.stop();
    controller.abort(new Error('the deploy was aborted'));
    await t.throwsAsync(writing, { message: 'the deploy was aborted' });
    await t.throwsAsync(disk.flush(), { message: 'the deploy was aborted' });
  }
});

test.serial('closing ends the session on both sides, also while the target is away', async (t) => {
  await using target = await ScriptedTarget.start();
  const loggedOut = Promise.withResolvers<void>();
  target.script = (pdu) => {
    if (pdu.opcode === 6) loggedOut.resolve();
    return false;
  };
  const first = await open(target);
  await first[Symbol.asyncDispose]();
  await loggedOut.promise;
  await t.throwsAsync(first.flush());
  const second = await open(target);
  await target.stop();
  const writing = t.throwsAsync(second.write(0, DATA));
  await second[Symbol.asyncDispose]();
  await writing;
});

test.serial('several writers share the room in flight', async (t) => {
  let open_ = 0;
  let most = 0;
  await using target = await ScriptedTarget.start((pdu) => {
    if (isCommand(pdu, WRITE)) most = Math.max(most, ++open_);
    return false;
  });
  await using disk = await open(target, { maxInFlightBytes: 128 * KIB });
  const jobs = Array.from({ length: 32 }, async (_, index) => {
    await disk.write(index * 64 * KIB, DATA.subarray(0, 64 * KIB));
    open_--;
  });
  await Promise.all(jobs);
  t.true(most >= 1 && most <= 2, `${most} in flight`);
});
