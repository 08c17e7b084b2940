import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import test from 'ava';
import { converse } from '../../../conductor/deploy/ramdisk/dialogue.ts';
import { codeOf } from '../../../conductor/deploy/ramdisk/secrets.ts';

const KEY = 'k'.repeat(64);
const THEIRS = 'b'.repeat(64);
const signal = AbortSignal.timeout(60_000);

type Peer = (say: (text: string) => void, ours: string, socket: Socket) => void;

/** Listens as something that took the ramdisk's place, and answers the first line so. */
async function meet(peer: Peer): Promise<{ listenPort: number; close: () => void }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (line) =>
      peer((text) => void socket.write(text), line.toString().slice(4).trim(), socket),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { listenPort: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function ask(peer: Peer, silenceMs = 20_000): Promise<string[]> {
  const { listenPort, close } = await meet(peer);
  const session = { address: '127.0.0.1', key: KEY, listenPort, silenceMs };
  try {
    return await Array.fromAsync(converse(session, { name: 'hash', args: ['-'] }, signal));
  } finally {
    close();
  }
}

const ready = (ours: string, key = KEY) =>
  `ready ${THEIRS} ${codeOf(key, ['ready', ours, THEIRS])}\n`;
const last = (ours: string, word: string, reason: string, lines: string) =>
  `${word} ${codeOf(KEY, [word, ours, THEIRS, reason], lines)}${reason && ` ${reason}`}\n`;

test('lines come through once the end vouches for them, however they are cut', async (t) => {
  const said = await ask((say, ours, socket) => {
    say(ready(ours));
    socket.once('data', () => {
      for (const letter of `= one\n= two\n${last(ours, 'ok', '', '= one\n= two\n')}`) say(letter);
    });
  });
  t.deepEqual(said, ['one', 'two']);
});

const FAULTS: readonly [what: string, peer: Peer, code: string][] = [
  ['a stranger', (say, ours) => say(ready(ours, 'other')), 'RAMDISK_NOT_AUTHENTIC'],
  ['another service', (say) => say('SSH-2.0-OpenSSH\r\n'), 'RAMDISK_NOT_AUTHENTIC'],
  [
    'a changed line',
    (say, ours) => say(`${ready(ours)}= 2\n${last(ours, 'ok', '', '= 1\n')}`),
    'RAMDISK_NOT_AUTHENTIC',
  ],
  [
    'a forged end',
    (say, ours) => say(`${ready(ours)}ok ${'0'.repeat(64)}\n`),
    'RAMDISK_NOT_AUTHENTIC',
  ],
  [
    'a refusal',
    (say, ours) => say(`${ready(ours)}${last(ours, 'refused', 'no such disk', '')}`),
    'RAMDISK_COMMAND_REFUSED',
  ],
  [
    'a failure after lines',
    (say, ours) => say(`${ready(ours)}= 1\n${last(ours, 'failed', 'EIO', '= 1\n')}`),
    'RAMDISK_COMMAND_FAILED',
  ],
  ['a hang-up', (_say, _ours, socket) => socket.end(), 'RAMDISK_UNREACHABLE'],
  ['a reset', (_say, _ours, socket) => socket.resetAndDestroy(), 'RAMDISK_UNREACHABLE'],
  ['a line without an end', (say) => say('x'.repeat(200_000)), 'RAMDISK_UNREACHABLE'],
];

for (const [what, peer, code] of FAULTS)
  test(`${what}: ${code}`, async (t) => {
    await t.throwsAsync(ask(peer), { code });
  });

test('silence: RAMDISK_UNREACHABLE', async (t) => {
  await t.throwsAsync(
    ask(() => {}, 50),
    { code: 'RAMDISK_UNREACHABLE', message: /silent/ },
  );
});
