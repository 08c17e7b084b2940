import { mkdtemp, rm, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import { explain, hasCode, IronpxeError } from '../../conductor/errors/error.ts';
import { createGlance } from '../../conductor/openstack/glance.ts';
import { run } from '../../conductor/process/run.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { FakeCloud } from '../image-tools/glance/support/fakeCloud.ts';
import { makeSparseFile } from '../iscsi/support/tgtd.ts';
import {
  assertAbandoned,
  assertRootIsImage,
  type BenchOptions,
  folder,
  imagePath,
  looksBootable,
  makeBench,
  makeFiles,
  UUID,
} from './support/deployBench.ts';

test.before(makeFiles);
test.after.always(() => rm(folder, { recursive: true, force: true }));

test.serial(
  'a deploy on a disk of garbage: active, the content is the image, and a redeploy works',
  async (t) => {
    await using bench = await makeBench(t, { instanceInfo: { swap_mb: 16, ephemeral_gb: 0 } });
    await bench.provision('deploy');
    await bench.until('active');
    t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
    await assertRootIsImage(t, bench.machine.diskPath);
    const { stdout: uuid } = await run('blkid', ['-s', 'UUID', '-o', 'value', imagePath]);
    const facts = await getBootFacts(bench.database, UUID);
    t.is(facts?.bootOptions, `root=UUID=${uuid} ro text nofb nomodeset vga=normal`);
    t.is(await readFile(facts?.files.kernel ?? '', 'utf8'), 'kernel');
    t.is((await bench.node()).driverInternalInfo['root_uuid_or_disk_id'], uuid);
    await bench.provision('rebuild');
    await bench.until('deploying', 'wait call-back');
    await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
    await bench.provision('delete');
    const node = await bench.until('available');
    t.deepEqual(node.instanceInfo, {});
    t.is(bench.machine.power, 'power off');
    t.is(await getBootFacts(bench.database, UUID), undefined);
    await t.throwsAsync(stat(facts?.files.kernel ?? ''), { code: 'ENOENT' });
  },
);

test.serial('an image of Glance brings its kernel, its ramdisk and its boot options', async (t) => {
  await using fake = await FakeCloud.start();
  const kernel_id = fake.add({ disk_format: 'aki' }, Buffer.from("Glance's kernel"));
  const ramdisk_id = fake.add({ disk_format: 'ari' }, Buffer.from("Glance's ramdisk"));
  const boot = { root_device: '/dev/mapper/a-root', kernel_append_params: 'ostree=/x %default%' };
  const fields = { disk_format: 'ami', kernel_id, ramdisk_id, ...boot };
  const image_source = fake.add(fields, await readFile(imagePath));
  const keystone = `keystone: {auth_url: "${fake.url}", username: u, password: p}`;
  const config = parseConfig(
    `boot_http: {url: "http://h"}\ndhcp: {enabled: false}\n${keystone}`,
    'c',
  );
  const glance = createGlance(config);
  const instanceInfo = { image_source, kernel: undefined, ramdisk: undefined };
  await using bench = await makeBench(t, { glance, instanceInfo });
  const before = await bench.conductor.kernelLine(await bench.node());
  await bench.provision('deploy');
  // Whoever changes the properties now changes the next deploy, not this one.
  await bench.until('wait call-back', 'active');
  Object.assign(fake.images.get(image_source) ?? {}, { kernel_append_params: 'other' });
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
  const facts = await getBootFacts(bench.database, UUID);
  const expected = 'root=/dev/mapper/a-root ro text ostree=/x nofb nomodeset vga=normal';
  t.is(facts?.bootOptions, expected);
  t.is(before.line, expected);
  t.is((await bench.conductor.kernelLine(await bench.node())).line, expected);
  t.is(await readFile(facts?.files.kernel ?? '', 'utf8'), "Glance's kernel");
  // What the next deploy would take.
  t.deepEqual((await bench.conductor.validate(await bench.node()))['deploy'], {
    result: true,
    reason: 'Kernel line: root=/dev/mapper/a-root [image] ro text [ironpxe] other [image]',
  });
  await bench.provision('delete');
  t.false('glance_image' in (await bench.until('available')).driverInternalInfo);
});

type Fault = {
  readonly name: string;
  readonly options: BenchOptions;
  readonly reason: RegExp;
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the ramdisk reports an error',
    options: { misbehaviour: { error: 'No disk was found.' } },
    reason: /^RAMDISK_ERROR: No disk was found\./,
  },
  {
    name: 'the ramdisk never calls back',
    options: { misbehaviour: { silent: true }, config: 'deploy: {callback_timeout_seconds: 1}' },
    reason: /^CALLBACK_TIMEOUT: Timeout reached while waiting for callback/,
  },
  {
    name: 'a call-back with a wrong key is not listened to',
    options: {
      misbehaviour: { key: 'X'.repeat(32) },
      config: 'deploy: {callback_timeout_seconds: 2}',
    },
    reason: /^CALLBACK_TIMEOUT/,
  },
  {
    name: 'the written machine never comes for its kernel',
    options: { misbehaviour: { neverBoots: true }, config: 'deploy: {boot_timeout_seconds: 1}' },
    reason: /^BOOT_NOT_SEEN/,
  },
  {
    name: 'the image is larger than root_gb',
    options: { instanceInfo: { image_source: `file://${folder}/large.img` } },
    reason: /^IMAGE_[A-Z_]+: .*root_gb/,
  },
  {
    name: 'root_gb is larger than the disk',
    options: { instanceInfo: { root_gb: 9 } },
    reason: /^DISK_[A-Z_]+: /,
  },
  {
    name: 'the checksum differs',
    options: { instanceInfo: { image_checksum: '0'.repeat(64) } },
    reason: /^IMAGE_CHECKSUM_MISMATCH: .*0{64}/,
  },
  {
    name: 'the image is not what its name says',
    options: { instanceInfo: { image_source: `file://${folder}/raw-in-fact.qcow2` } },
    reason: /^IMAGE_FORMAT_MISMATCH: /,
  },
  {
    name: 'the qcow2 has a backing file',
    options: { instanceInfo: { image_source: `file://${folder}/backed.qcow2` } },
    reason: /^IMAGE_UNSAFE: .*backing file/,
  },
  {
    name: 'the image lies outside of the allowed folders',
    options: { instanceInfo: { image_source: 'file:///etc/shadow' } },
    reason: /^IMAGE_PATH_NOT_ALLOWED: /,
  },
];

for (const { name, options, reason } of FAULTS)
  test.serial(`${name}: deploy failed, with the reason`, async (t) => {
    await using bench = await makeBench(t, options);
    await bench.provision('deploy');
    const node = await bench.until('deploy failed');
    t.regex(node.lastError ?? '', reason);
    t.is(bench.machine.power, 'power off');
    await assertAbandoned(t, bench);
    if (!reason.source.includes('BOOT')) t.false(await looksBootable(bench.machine.diskPath));
  });

test.serial('after a failed deploy, the next one works', async (t) => {
  await using bench = await makeBench(t, { misbehaviour: { error: 'no disk' } });
  await bench.provision('deploy');
  await bench.until('deploy failed');
  bench.machine.misbehaviour = {};
  await bench.provision('deploy');
  await bench.until('deploying', 'wait call-back');
  t.is((await bench.until('active')).lastError, null);
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial(
  'call-backs that nobody waits for are refused, and repeated ones change nothing',
  async (t) => {
    await using bench = await makeBench(t);
    const stranger = await t.throwsAsync(bench.machine.callBack());
    t.true(hasCode(stranger, 'DEPLOY_NOT_WAITING'));
    await bench.provision('deploy');
    await bench.untilEvent('ramdisk.callback');
    await bench.machine.callBack();
    await bench.until('active');
    t.deepEqual(bench.machine.callBackAnswers, ['accepted']);
    const late = await t.throwsAsync(bench.machine.callBack());
    t.true(hasCode(late, 'DEPLOY_NOT_WAITING'));
    await assertRootIsImage(t, bench.machine.diskPath);
  },
);

test.serial('the target vanishes in mid-write and comes back: the content is whole', async (t) => {
  await using bench = await makeBench(t);
  await bench.provision('deploy');
  await bench.untilEvent('write.progress');
  await bench.machine.tgtd.kill();
  await bench.untilEvent('iscsi.lost');
  await bench.machine.tgtd.start();
  await bench.machine.exportDisk();
  await bench.until('active');
  await assertRootIsImage(t, bench.machine.diskPath);
});

test.serial(
  'the target vanishes in mid-write for good: deploy failed, and the disk does not boot',
  async (t) => {
    await using bench = await makeBench(t, { config: 'iscsi: {reconnect_seconds: 1}' });
    await bench.provision('deploy');
    await bench.untilEvent('write.progress');
    await bench.machine.tgtd.kill();
    const node = await bench.until('deploy failed');
    t.regex(node.lastError ?? '', /^ISCSI_TARGET_LOST: /);
    t.false(await looksBootable(bench.machine.diskPath));
    await assertAbandoned(t, bench);
  },
);

test.serial(
  'a write error of the disk: deploy failed, and the reason names the place',
  async (t) => {
    const small = await mkdtemp(join(folder, 'small-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]);
    try {
      await using bench = await makeBench(t, {
        disk: { diskFolder: small, makeDisk: makeSparseFile },
      });
      await bench.provision('deploy');
      const node = await bench.until('deploy failed');
      t.regex(node.lastError ?? '', /^ISCSI_[A-Z_]+: .*(write|space|medium|LBA|block)/i);
      t.false(await looksBootable(bench.machine.diskPath));
      await assertAbandoned(t, bench);
    } finally {
      await run('umount', [small]);
    }
  },
);

test.serial(
  'a machine that cannot be switched: deploy failed with what the driver says',
  async (t) => {
    const powerFails = new IronpxeError('COMMAND_FAILED', 'ssh: connection refused.');
    await using bench = await makeBench(t, { misbehaviour: { powerFails } });
    await bench.provision('deploy');
    t.is((await bench.until('deploy failed')).lastError, explain(powerFails));
  },
);

test.serial(
  'a ramdisk that does not listen on port 10000 is power cycled into its system',
  async (t) => {
    await using bench = await makeBench(t, { misbehaviour: { noRelease: true } });
    await bench.provision('deploy');
    await bench.until('active');
    t.deepEqual(bench.machine.boots, ['deploy', 'boot_partition']);
  },
);

test.serial('a delete while the ramdisk is waited for cancels the deploy', async (t) => {
  await using bench = await makeBench(t, { misbehaviour: { silent: true } });
  await bench.provision('deploy');
  await bench.until('wait call-back');
  await bench.provision('delete');
  await bench.until('available');
  t.is(await getBootFacts(bench.database, UUID), undefined);
  t.is(bench.machine.power, 'power off');
});

test.serial('a verb on a busy node is refused as busy, an illegal one as illegal', async (t) => {
  await using bench = await makeBench(t);
  await bench.provision('deploy');
  await bench.untilEvent('iscsi.connected');
  const busy = await t.throwsAsync(bench.provision('delete'));
  t.true(hasCode(busy, 'NODE_LOCKED'));
  await bench.until('active');
  const illegal = await t.throwsAsync(bench.provision('provide'));
  t.true(hasCode(illegal, 'INVALID_STATE'));
  const unsupported = await t.throwsAsync(bench.provision('rescue'));
  t.true(hasCode(unsupported, 'VERB_UNSUPPORTED'));
});

for (const kind of [
  'step.started',
  'boot_facts.changed',
  'ramdisk.callback',
  'iscsi.connected',
  'write.progress',
  'ramdisk.released',
])
  test.serial(`a conductor that stops at ${kind} goes on after its restart`, async (t) => {
    await using bench = await makeBench(t);
    await bench.provision('deploy');
    await bench.untilEvent(kind);
    await bench.restart();
    await bench.until('active');
    await assertRootIsImage(t, bench.machine.diskPath);
  });
