import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writePlan } from '../../conductor/deploy/writers/inProcess.ts';
import { openIscsiDisk } from '../../conductor/iscsi/disk.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import { Random } from '../deploy/support/random.ts';
import { randomPlan } from '../deploy/support/randomPlan.ts';
import { Tgtd } from '../iscsi/support/tgtd.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-write-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const DISK = 96 * MIB;
const IQN = 'iqn.2026-11.test:disk';
const TIMES = { connectTimeoutMs: 5000, commandTimeoutMs: 20_000, reconnectForMs: 30_000 };

for (const restarts of [0, 2]) {
  test.serial(
    `a real target on a disk of garbage, restarted ${restarts} times meanwhile`,
    async (t) => {
      const backingFile = join(FOLDER, `disk-${restarts}`);
      await makeGarbageDisk(backingFile, DISK);
      const old = await readFile(backingFile);
      const random = new Random(40 + restarts);
      const { plan, expected } = await randomPlan(random, join(FOLDER, `source-${restarts}`), DISK);
      await using tgtd = await Tgtd.start();
      await tgtd.addTarget({ tid: 1, iqn: IQN, backingFile });
      const { host, listenPort } = tgtd;
      const lun = { host, listenPort, iqn: IQN, lun: 1, signal: AbortSignal.timeout(60_000) };
      await using disk = await openIscsiDisk({ ...lun, ...TIMES });
      let restarted = 0;
      for await (const progress of writePlan(plan, disk, { flushEveryBytes: 8 * MIB })) {
        if (restarted >= restarts) continue;
        if (progress.doneBytes < (progress.totalBytes * (restarted + 1)) / 3) continue;
        restarted++;
        await tgtd.kill();
        await tgtd.start();
        await tgtd.addTarget({ tid: 1, iqn: IQN, backingFile });
      }
      t.is(restarted, restarts);
      t.true((await readFile(backingFile)).equals(expected(old)));
    },
  );
}
