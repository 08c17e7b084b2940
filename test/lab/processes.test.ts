import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import {
  endProcesses,
  isAlive,
  recordedProcesses,
  startDaemon,
  startTicksOf,
  thisProcess,
  type Daemon,
} from '../../lab/processes.ts';

async function stateDir(t: { teardown(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-processes-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** A daemon does not keep this process alive; the timer does. */
function endOf(daemon: Daemon): Promise<string> {
  return Promise.race([daemon.ended, delay(20_000, 'still there')]);
}

test('a daemon is recorded, logs, and is ended', async (t) => {
  const folder = await stateDir(t);
  const script = 'echo "hello $WHO"; exec sleep 600';
  const daemon = await startDaemon(folder, 'one', ['sh', '-c', script], { WHO: 'lab' });
  t.true(isAlive(daemon));
  t.deepEqual(
    (await recordedProcesses(folder)).map(({ name, pid }) => [name, pid]),
    [['one', daemon.pid]],
  );
  await endProcesses([daemon]);
  t.false(isAlive(daemon));
  t.is(await endOf(daemon), 'SIGTERM');
  t.deepEqual(await recordedProcesses(folder), []);
  t.is(await readFile(daemon.logPath, 'utf8'), 'hello lab\n');
});

test('one that does not listen is killed', async (t) => {
  const folder = await stateDir(t);
  const script = `trap '' TERM; echo ready; while :; do sleep 600; done`;
  const daemon = await startDaemon(folder, 'deaf', ['sh', '-c', script]);
  while ((await readFile(daemon.logPath, 'utf8')) !== 'ready\n');
  const child = Number(await readFile(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8'));
  await endProcesses([daemon], 100);
  t.is(await endOf(daemon), 'SIGKILL');
  if (child > 0) process.kill(child);
});

test('one that ends by itself or cannot start says how', async (t) => {
  const folder = await stateDir(t);
  t.is(await endOf(await startDaemon(folder, 'three', ['sh', '-c', 'exit 3'])), 'exit code 3');
  await t.throwsAsync(startDaemon(folder, 'none', ['/nowhere/program']), {
    message: /none did not start: .*ENOENT/,
  });
});

test('another process with a recorded pid is not taken for it', async (t) => {
  const folder = await stateDir(t);
  const me = thisProcess('me');
  t.true(isAlive(me));
  t.false(isAlive({ ...me, startTicks: me.startTicks - 1 }));
  t.is(startTicksOf(4_194_305), undefined);
  const daemon = await startDaemon(folder, 'gone', ['true']);
  await endOf(daemon);
  await writeFile(
    join(folder, 'pids', 'gone.json'),
    JSON.stringify({ ...me, startTicks: me.startTicks - 1 }),
  );
  await writeFile(join(folder, 'pids', 'torn.json'), '{"name":');
  t.is((await readdir(join(folder, 'pids'))).length, 2);
  t.deepEqual(await recordedProcesses(folder), []);
});
