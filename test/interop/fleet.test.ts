import { rm } from 'node:fs/promises';
import test from 'ava';
import {
  type Admission,
  createAdmission,
  type Turn,
} from '../../conductor/deploy/admission/admission.ts';
import { listEvents } from '../../conductor/store/events.ts';
import {
  assertRootIsImage,
  type Bench,
  folder,
  looksBootable,
  makeBench,
  makeFiles,
  UUID,
} from './support/deployBench.ts';

test.before(makeFiles);
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** A desk with one place, which is taken. */
function takenDesk(): { admission: Admission; turn: Turn | undefined } {
  const admission = createAdmission({ maxConcurrentWrites: 1, links: [] });
  return { admission, turn: admission.tryEnter() };
}

async function untilQueued(bench: Bench): Promise<void> {
  await bench.untilEvent('write.queued');
  await bench.until('wait call-back');
}

test.serial('a deploy whose turn has not come waits, unlocked, and then goes on', async (t) => {
  const { admission, turn } = takenDesk();
  await using bench = await makeBench(t, { admission });
  await bench.provision('deploy');
  await untilQueued(bench);
  t.false(await looksBootable(bench.machine.diskPath));
  turn?.[Symbol.dispose]();
  const node = await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
  const events = await listEvents(bench.database, { nodeUuid: UUID });
  t.like(events.find(({ kind }) => kind === 'write.queued')?.data, { writing: 1, waiting: 0 });
  t.is(node.lastError, null);
  t.deepEqual(admission.queue(), { writing: 0, waiting: 0 });
});

test.serial('a conductor that restarts while a deploy waits lets it wait on', async (t) => {
  const { admission, turn } = takenDesk();
  await using bench = await makeBench(t, { admission });
  await bench.provision('deploy');
  await untilQueued(bench);
  await bench.restart();
  await bench.untilEvent('write.queued', 2);
  await bench.until('wait call-back');
  turn?.[Symbol.dispose]();
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
  t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
});

test.serial('a deploy that is aborted while it waits leaves the queue', async (t) => {
  const { admission, turn } = takenDesk();
  await using bench = await makeBench(t, { admission });
  await bench.provision('deploy');
  await untilQueued(bench);
  await bench.provision('abort');
  await bench.until('deploy failed');
  t.false(await looksBootable(bench.machine.diskPath));
  t.deepEqual(admission.queue(), { writing: 1, waiting: 0 });
  turn?.[Symbol.dispose]();
  t.deepEqual(admission.queue(), { writing: 0, waiting: 0 });
});
