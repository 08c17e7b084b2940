import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { followLog, readable, tailOf, waitForSerial } from '../../lab/serial.ts';

async function logFile(t: { teardown(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-serial-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return join(folder, 'node.log');
}

test('what is there already is found, with the offset behind it', async (t) => {
  const path = await logFile(t);
  await writeFile(path, 'one two\ntwo three');
  const first = await waitForSerial(path, /t(w)o/, { timeoutMs: 5000 });
  t.deepEqual([first.match[1], first.endOffset], ['w', 7]);
  const second = await waitForSerial(path, /two/g, { fromOffset: 7, timeoutMs: 5000 });
  t.is(second.endOffset, 11);
});

test('what comes later is found, also in a file that is not there yet, and across pieces', async (t) => {
  const path = await logFile(t);
  const found = waitForSerial(path, /login: /, { timeoutMs: 10_000 });
  await appendFile(path, 'metal lo');
  await appendFile(path, 'gin');
  await appendFile(path, ': ');
  t.is((await found).endOffset, 13);
});

test('bytes count as characters, whatever they are', async (t) => {
  const path = await logFile(t);
  await writeFile(path, Buffer.from([0xff, 0xc3, 0xa9, 0x00, 0x41]));
  t.is((await waitForSerial(path, /A/, { timeoutMs: 5000 })).endOffset, 5);
});

test('a wait ends at its time with the last lines, or by its signal', async (t) => {
  const path = await logFile(t);
  await writeFile(path, 'first\n\u001B[31mlast\u001B[0m\n');
  await t.throwsAsync(waitForSerial(path, /never/, { timeoutMs: 100 }), {
    message: /node\.log: no \/never\/ within 100 ms; last lines: first \| last$/,
  });
  const stop = new AbortController();
  const waiting = waitForSerial(path, /never/, { timeoutMs: 60_000, signal: stop.signal });
  stop.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
  await t.throwsAsync(waitForSerial(path, /never/, { timeoutMs: 9, signal: stop.signal }), {
    message: 'enough',
  });
});

test('a log is followed while it grows, in many small pieces', async (t) => {
  const path = await logFile(t);
  let seen = '';
  const writing = (async () => {
    for (let line = 0; line < 3000; line++) await appendFile(path, `${line}\n`);
    await appendFile(path, 'end');
  })();
  for await (const { text, endOffset } of followLog(path, {
    signal: AbortSignal.timeout(30_000),
  })) {
    seen += text;
    t.is(endOffset, seen.length);
    if (seen.endsWith('end')) break;
  }
  await writing;
  t.is(seen.split('\n').length, 3001);
});

test('terminal sequences are removed for people', async (t) => {
  t.is(readable('\u001B[0;1miPXE\u001B[0m \u001B[2J\u001B(Bx\u001Bcy'), 'iPXE xy');
  t.is(await tailOf(await logFile(t)), '(empty)');
});
