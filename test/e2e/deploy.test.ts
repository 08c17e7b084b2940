import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Api } from '../../lab/api.ts';
import { deploy, enroll, type TimelineEntry } from '../../lab/deploy.ts';
import type { HardwareNode } from '../../lab/hardware.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../lab/userImage.ts';
import { type E2eLab, fillWithGarbage, makeE2eLab, rootOffset, sha256 } from './support.ts';

const signal = new AbortController().signal;
const LOGIN_TIMEOUT_MS = 300_000;

async function nodeState(api: Api, uuid: string) {
  return api.get<{ provision_state: string; power_state: string; last_error: string | null }>(
    `/v1/nodes/${uuid}`,
  );
}

async function untilState(api: Api, uuid: string, state: string): Promise<void> {
  for (;;) {
    const found = await nodeState(api, uuid);
    if (found.provision_state === state) return;
    if (found.provision_state.endsWith('failed')) throw new Error(found.last_error ?? 'failed');
    await sleep(200);
  }
}

/** The login prompt after `fromOffset` of the serial log. */
async function untilLogin(node: HardwareNode, fromOffset: number): Promise<void> {
  await waitForSerial(node.serialLogPath, LOGIN_PROMPT, {
    timeoutMs: LOGIN_TIMEOUT_MS,
    fromOffset,
  });
}

async function serialSize(node: HardwareNode): Promise<number> {
  return (await stat(node.serialLogPath).catch(() => undefined))?.size ?? 0;
}

/** The disk is written and flushed, and the machine still runs its deploy ramdisk. */
function isRelease({ kind, data }: TimelineEntry): boolean {
  return kind === 'step.started' && data['step'] === 'release_ramdisk';
}

/** Stops the machine's clock, compares the root partition with the image, and lets it go on. */
async function compareRoot(t: ExecutionContext, lab: E2eLab, node: HardwareNode): Promise<void> {
  await lab.virsh('suspend', node.name);
  const { rootPath, sizeBytes } = lab.image;
  const found = await sha256(node.diskPath, await rootOffset(node.diskPath), sizeBytes);
  t.is(found, await sha256(rootPath, 0, sizeBytes), `${node.name}: the root is the image`);
  await lab.virsh('resume', node.name);
}

/** Deploys, compares the disk before the new system ran, and sees its login prompt. */
async function deployAndProve(t: ExecutionContext, lab: E2eLab, node: HardwareNode, uuid: string) {
  const entries: TimelineEntry[] = [];
  const fromOffset = await serialSize(node);
  const { api } = lab.conductor();
  for await (const entry of deploy(api, uuid, lab.instanceInfo({ swap_mb: 64 }), signal)) {
    entries.push(entry);
    if (isRelease(entry)) await compareRoot(t, lab, node);
  }
  t.true(entries.some(isRelease));
  const { driver_internal_info: info } = await api.get<{
    driver_internal_info: { deploy_receipt?: Readonly<Record<string, unknown>> };
  }>(`/v1/nodes/${uuid}`);
  t.like(info.deploy_receipt, { authenticated: true, verify: 'written' });
  await untilLogin(node, fromOffset);
  return entries;
}

function files(entries: readonly TimelineEntry[], kind: string): string[] {
  return entries
    .filter((entry) => entry.kind === kind)
    .map(({ data }) => String(data['file']).replace(/.*\//, ''));
}

test.serial(
  'two machines full of garbage, one by pxelinux and TFTP, one by undionly.kpxe and HTTP',
  async (t) => {
    await using lab = await makeE2eLab({
      name: 'e2e-boot',
      nodes: 2,
      sections: { pxe: { ipxe_rom: 'chainload' } },
    });
    const [first, second] = lab.hardware.nodes;
    if (!first || !second) throw new Error('there are no machines');
    const { api } = lab.conductor();
    await Promise.all([first, second].map(fillWithGarbage));
    const firstUuid = await enroll(api, first, signal);
    const secondUuid = await enroll(api, second, signal);
    await api.patch(`/v1/nodes/${secondUuid}`, [
      { op: 'add', path: '/driver_info/ipxe_enabled', value: true },
    ]);
    const [byTftp, byHttp] = await Promise.all([
      deployAndProve(t, lab, first, firstUuid),
      deployAndProve(t, lab, second, secondUuid),
    ]);
    const wanted = ['deploy_kernel', 'deploy_ramdisk', 'kernel', 'ramdisk'];
    t.deepEqual(
      files(byTftp, 'tftp.done').filter((file) => wanted.includes(file)),
      wanted,
    );
    t.deepEqual(
      files(byHttp, 'http.done').filter((file) => wanted.includes(file)),
      wanted,
    );
    t.true(files(byHttp, 'tftp.done').includes('undionly.kpxe'));

    const fromOffset = await serialSize(first);
    await api.put(`/v1/nodes/${firstUuid}/states/power`, { target: 'rebooting' });
    await untilLogin(first, fromOffset);

    for (const uuid of [firstUuid, secondUuid]) {
      await api.put(`/v1/nodes/${uuid}/states/provision`, { target: 'deleted' });
      await untilState(api, uuid, 'available');
      t.is((await nodeState(api, uuid)).power_state, 'power off');
    }
  },
);

/** A timeline that goes on over a conductor that is killed while it is read. */
async function* timeline(lab: E2eLab, uuid: string): AsyncGenerator<TimelineEntry> {
  let after = 0;
  for (;;) {
    const path = `/v1/nodes/${uuid}/timeline?after=${after}`;
    const answer = await lab
      .conductor()
      .api.get<{ events: TimelineEntry[] }>(path)
      .catch(() => ({ events: [] }));
    yield* answer.events;
    after = answer.events.at(-1)?.id ?? after;
    await sleep(50);
  }
}

test.serial(
  'a conductor killed with -9 at each step, and in mid-write, still brings the machine to its login',
  async (t) => {
    await using lab = await makeE2eLab({ name: 'e2e-kill' });
    const [node] = lab.hardware.nodes;
    if (!node) throw new Error('there is no machine');
    await fillWithGarbage(node);
    const { api } = lab.conductor();
    const uuid = await enroll(api, node, signal);
    const [last] = (
      await api.get<{ events: TimelineEntry[] }>(`/v1/nodes/${uuid}/timeline`)
    ).events.slice(-1);
    await api.patch(`/v1/nodes/${uuid}`, [
      { op: 'add', path: '/instance_info', value: lab.instanceInfo() },
    ]);
    await api.put(`/v1/nodes/${uuid}/states/provision`, { target: 'active' });
    const killedAt = new Set<string>();
    let compared = false;
    for await (const entry of timeline(lab, uuid)) {
      if (entry.id <= (last?.id ?? 0)) continue;
      const place = entry.kind === 'step.started' ? String(entry.data['step']) : entry.kind;
      const wanted = entry.kind === 'step.started' || entry.kind === 'write.progress';
      if (isRelease(entry) && !compared) {
        compared = true;
        await compareRoot(t, lab, node);
      }
      if (entry.kind === 'state.changed' && entry.data['to'] === 'deploy failed')
        throw new Error(entry.message);
      if (entry.kind === 'state.changed' && entry.data['to'] === 'active') break;
      if (!wanted || killedAt.has(place)) continue;
      killedAt.add(place);
      await lab.killConductor();
    }
    t.true(compared);
    t.log(`killed at ${[...killedAt].join(', ')}`);
    for (const step of [
      'prepare_boot',
      'start_ramdisk',
      'wait_call_back',
      'write_disk',
      'write.progress',
      'verify_disk',
      'commit_disk',
      'release_ramdisk',
    ])
      t.true(killedAt.has(step), step);
    await untilLogin(node, 0);
  },
);

test.serial(
  'no disk for the hints: failed with the reason; then a power cut in mid-write: it goes on',
  async (t) => {
    await using lab = await makeE2eLab({
      name: 'e2e-fault',
      sections: { iscsi: { reconnect_seconds: 10 }, pxe: { ipxe_enabled: true } },
    });
    const [node] = lab.hardware.nodes;
    if (!node) throw new Error('there is no machine');
    const { api } = lab.conductor();
    const uuid = await enroll(api, node, signal);
    await api.patch(`/v1/nodes/${uuid}`, [
      { op: 'add', path: '/properties/root_device', value: { serial: 'no-such-disk' } },
    ]);
    const deployWithCut = async () => {
      let cut = false;
      for await (const entry of deploy(lab.conductor().api, uuid, lab.instanceInfo(), signal)) {
        if (entry.kind !== 'write.progress' || cut) continue;
        cut = true;
        await lab.virsh('destroy', node.name);
      }
    };
    const noDisk = await t.throwsAsync(deployWithCut());
    t.regex(noDisk?.message ?? '', /RAMDISK_ERROR.*no-such-disk.*vda/s);
    t.is((await nodeState(api, uuid)).power_state, 'power off');

    await api.patch(`/v1/nodes/${uuid}`, [{ op: 'remove', path: '/properties/root_device' }]);
    await deployWithCut();
    t.is((await nodeState(api, uuid)).provision_state, 'active');
    await untilLogin(node, 0);
  },
);
