import { createHash, randomFillSync } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import tftp from 'tftp';
import type { NewEvent } from '../../../conductor/events/kinds.ts';
import { startTftp, type TftpOptions } from '../../../conductor/netboot/tftp/server.ts';
import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import { mutated, randomBytes, seeded } from '../support/random.ts';
import { RawTftpClient } from '../support/tftpClient.ts';
import { fixedTree } from '../support/tree.ts';

const LOOPBACK = '127.0.0.1' as Ipv4;

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ironpxe-tftp-'));
  t.teardown(() => rm(path, { recursive: true }));
  return path;
}

async function serving(
  t: ExecutionContext,
  sizes: Record<string, number>,
  options: Partial<TftpOptions> = {},
) {
  const path = await folder(t);
  const content = new Map<string, Buffer>();
  for (const [name, size] of Object.entries(sizes)) {
    content.set(name, randomFillSync(Buffer.alloc(size)));
    await writeFile(join(path, name), content.get(name) ?? '');
  }
  const files = Object.fromEntries(Object.keys(sizes).map((name) => [name, join(path, name)]));
  const events: NewEvent[] = [];
  const ended: ((event: NewEvent) => void)[] = [];
  const tree = fixedTree(
    { ...files, gone: join(path, 'gone'), folder: path },
    { note: 'a text\n' },
  );
  const server = await startTftp(
    { listenAddress: LOOPBACK, listenPort: 0, ...options },
    tree,
    (event) => {
      events.push(event);
      if (event.kind !== 'tftp.started') ended.shift()?.(event);
    },
  );
  t.teardown(() => server[Symbol.asyncDispose]());
  const nextEnd = () => new Promise<NewEvent>((resolve) => ended.push(resolve));
  return { server, events, content, nextEnd };
}

/** Fetches with the npm package's client, an implementation of its own. */
async function fetched(listenPort: number, name: string, options: object = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const client = tftp.createClient({ host: '127.0.0.1', port: listenPort, ...options });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Its stream says "close" before "end", which neither pipeline() nor for await takes well.
  const stream = client.createGetStream(name);
  stream
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', resolve)
    .on('error', reject);
  await promise;
  return Buffer.concat(chunks);
}

test('files of awkward sizes, with and without options, through the npm client', async (t) => {
  const sizes = { none: 0, one: 1, short: 511, block: 512, twice: 1024, big: 1_000_003 };
  const { server, content, events } = await serving(t, sizes);
  for (const name of Object.keys(sizes))
    for (const options of [
      { blockSize: 512, windowSize: 1 },
      { blockSize: 1024, windowSize: 4 },
    ])
      t.deepEqual(await fetched(server.listenPort, name, options), content.get(name), name);
  t.is((await fetched(server.listenPort, 'note')).toString(), 'a text\n');
  t.is(events.filter(({ kind }) => kind === 'tftp.started').length, 13);
});

test('the timeline says size, rate and terms', async (t) => {
  const { server, events, nextEnd } = await serving(t, { big: 100_000 });
  const end = nextEnd();
  await fetched(server.listenPort, 'big', { blockSize: 1400, windowSize: 8 });
  const { kind, data, nodeUuid, message } = await end;
  t.is(kind, 'tftp.done');
  t.is(nodeUuid, 'node');
  t.like(data, {
    file: 'big',
    client: '127.0.0.1',
    sizeBytes: 100_000,
    blksize: 1400,
    windowsize: 8,
  });
  t.is(typeof data?.['bytesPerSecond'], 'number');
  t.regex(message, /^TFTP big: 97\.7 KiB sent, .*\/s$/);
  t.is(events[0]?.kind, 'tftp.started');
});

test('what is not there, or not a file, is refused at once', async (t) => {
  const { server, events } = await serving(t, {});
  for (const [name, code] of [
    ['missing', 1],
    ['gone', 1],
    ['folder', 0],
  ] as const) {
    await using client = new RawTftpClient(server.listenPort);
    await client.request(name);
    const answer = await client.next();
    t.deepEqual([...answer.subarray(0, 4)], [0, 5, 0, code], name);
  }
  t.deepEqual(
    events.map(({ kind }) => kind),
    ['tftp.failed', 'tftp.failed', 'tftp.failed'],
  );
});

test('writes are refused, in one datagram', async (t) => {
  const { server, events } = await serving(t, {});
  await using client = new RawTftpClient(server.listenPort);
  await client.say(Buffer.from('\0\x02evil\0octet\0', 'latin1'), server.listenPort);
  const answer = await client.next();
  t.deepEqual([...answer.subarray(0, 4)], [0, 5, 0, 2]);
  t.is(events[0]?.data?.['why'], 'this server is read-only');
});

test('a lost block is sent again; without any answer the transfer ends', async (t) => {
  const { server, nextEnd } = await serving(t, { file: 600 }, { timeoutMs: 20, mostRetries: 3 });
  await using client = new RawTftpClient(server.listenPort);
  const end = nextEnd();
  await client.request('file');
  const first = await client.next();
  t.deepEqual(await client.next(), first);
  await client.ack(1);
  let block = await client.next();
  while (block[3] === 1) block = await client.next();
  t.is(block.length, 4 + 88);
  t.is((await end).data?.['why'], 'no answer from the client');
  while (server.counters.running > 0) await new Promise(setImmediate);
  t.is(server.counters.failed, 1);
});

test('a repeated ACK in lock-step brings no second copy', async (t) => {
  const { server, nextEnd } = await serving(t, { file: 2000 });
  await using client = new RawTftpClient(server.listenPort);
  const end = nextEnd();
  await client.request('file');
  const numbers: (number | undefined)[] = [];
  for (let block = 1; block <= 4; block++) {
    numbers.push((await client.next())[3]);
    for (let count = 0; count < (block === 4 ? 1 : 3); count++) await client.ack(block);
  }
  t.is((await end).kind, 'tftp.done');
  t.deepEqual(numbers, [1, 2, 3, 4]);
});

test('a size probe that stops at the OACK is no failure', async (t) => {
  const { server, events } = await serving(t, { file: 777 });
  await using client = new RawTftpClient(server.listenPort);
  await client.request('file', { tsize: '0' });
  t.is((await client.next()).toString('latin1'), '\0\x06tsize\x00777\0');
  await client.say(Buffer.from('\0\x05\0\0TFTP Aborted\0', 'latin1'), client.transferPort);
  while (server.counters.running > 0) await new Promise(setImmediate);
  t.is(server.counters.probed, 1);
  t.deepEqual(events, []);
});

for (const [acked, expected] of [
  [1, 'tftp.failed'],
  [2, 'tftp.done'],
  [3, 'tftp.done'],
] as const)
  test(`a client that closes after ACK ${acked} of 3 full blocks: ${expected}`, async (t) => {
    const { server, nextEnd } = await serving(t, { file: 3 * 512 });
    await using client = new RawTftpClient(server.listenPort);
    const end = nextEnd();
    await client.request('file');
    for (let block = 1; block <= acked; block++) {
      await client.next();
      await client.ack(block);
    }
    // The block after the last ACK is under way: the third one, or the empty fourth.
    await client.next();
    const close = Buffer.from('\0\x05\0\0No error, file close\0', 'latin1');
    await client.say(close, client.transferPort);
    t.is((await end).kind, expected);
  });

test('a closed client port ends the transfer without waiting', async (t) => {
  const { server, nextEnd } = await serving(t, { file: 2000 }, { timeoutMs: 60_000 });
  const client = new RawTftpClient(server.listenPort);
  await client.request('file');
  await client.next();
  const end = nextEnd();
  const { transferPort } = client;
  await client.ack(1);
  await client[Symbol.asyncDispose]();
  t.true(transferPort > 0);
  t.is((await end).kind, 'tftp.failed');
});

test('transfers are bounded, in all and for each client', async (t) => {
  const { server } = await serving(t, { file: 2000 }, { mostTransfersPerClient: 2 });
  const clients = Array.from({ length: 3 }, () => new RawTftpClient(server.listenPort));
  const answers: number[] = [];
  for (const client of clients) {
    await client.request('file');
    answers.push((await client.next())[1] ?? 0);
  }
  t.deepEqual(answers, [3, 3, 5]);
  t.is(server.counters.running, 2);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

test('what kills the npm package: short datagrams, foreign ones, port 0, seeded noise', async (t) => {
  const { server, content } = await serving(t, { file: 40_000 });
  const random = seeded(1350);
  const request = Buffer.from('\0\x01file\0octet\0blksize\x00512\0', 'latin1');
  await using client = new RawTftpClient(server.listenPort);
  await client.request('file');
  await client.next();
  await using stranger = new RawTftpClient(server.listenPort);
  for (let round = 0; round < 1500; round++) {
    await stranger.say(mutated(request, random), server.listenPort);
    await client.say(randomBytes(random(6), random), client.transferPort);
    await stranger.say(Buffer.of(0, 5, 0, 0, 0), client.transferPort);
  }
  if (process.getuid?.() === 0) await sendFromPortZero(server.listenPort);
  t.true(server.counters.running <= 16 * 2);
  t.deepEqual(await fetched(server.listenPort, 'file', { blockSize: 512 }), content.get('file'));
});

/** Only a raw socket can send from port 0; Node has none. */
async function sendFromPortZero(listenPort: number): Promise<void> {
  const script =
    'import socket,struct,sys;p=int(sys.argv[1]);s=socket.socket(2,3,17);' +
    's.sendto(struct.pack(">HHHH",0,p,12,0)+b"junk",("127.0.0.1",0))';
  await promisify(execFile)('python3', ['-c', script, String(listenPort)]).catch(() => {});
}

test('36 MiB in small blocks: the counter wraps', async (t) => {
  const size = 36 * 1024 * 1024;
  const { server, content } = await serving(t, { ramdisk: size });
  const hash = createHash('sha256');
  await using client = new RawTftpClient(server.listenPort);
  await client.request('ramdisk', { blksize: '512', windowsize: '16' });
  await client.next();
  await client.ack(0);
  for (let expected = 1, length = 512; length === 512;) {
    const data = await client.next();
    if (data.readUInt16BE(2) !== (expected & 0xffff)) continue;
    hash.update(data.subarray(4));
    length = data.length - 4;
    if (expected % 16 === 0 || length < 512) await client.ack(expected);
    expected++;
  }
  t.is(
    hash.digest('hex'),
    createHash('sha256')
      .update(content.get('ramdisk') ?? '')
      .digest('hex'),
  );
});

test('a port in use is an error', async (t) => {
  const { server } = await serving(t, {});
  const options = { listenAddress: LOOPBACK, listenPort: server.listenPort };
  await t.throwsAsync(
    startTftp(options, fixedTree({}), () => {}),
    {
      code: 'NETBOOT_LISTEN_IN_USE',
      message: /TFTP cannot listen on 127\.0\.0\.1:\d+\/udp/,
    },
  );
});
