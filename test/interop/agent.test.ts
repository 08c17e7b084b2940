import { createHash } from 'node:crypto';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import got from 'got';
import { buildConfigDrive } from '../../conductor/deploy/configDrive/build.ts';
import { run } from '../../conductor/process/run.ts';
import { getBootFacts } from '../../conductor/store/bootFacts.ts';
import { getInventory } from '../../conductor/store/inventories.ts';
import { listPorts } from '../../conductor/store/ports.ts';
import { MIB } from '../../conductor/values/units.ts';
import { makeGarbageDisk } from '../deploy/support/garbageDisk.ts';
import {
  type AgentBenchOptions,
  folder,
  makeAgentBench,
  makeCertificate,
  UUID,
} from './support/agentBench.ts';
import { INVENTORY } from './support/testAgent.ts';

const IMAGE_BYTES = 24 * MIB;
const DISK_BYTES = 64 * MIB;
const PARTITIONED_DISK_BYTES = 1100 * MIB;
const wholeDisk = join(folder, 'disk.qcow2');
const partition = join(folder, 'root.img');
const raw = join(folder, 'disk.raw');
let tls = { cert: '', key: '' };
let configdrive = '';

test.before(async () => {
  await writeFile(join(folder, 'kernel'), 'kernel');
  await writeFile(join(folder, 'ramdisk'), 'ramdisk');
  tls = makeCertificate('agent');
  configdrive = await buildConfigDrive({ uuid: UUID, name: 'n', networkData: {} }, {});
  for (const path of [raw, partition]) await run('truncate', ['-s', String(IMAGE_BYTES), path]);
  await run('mkfs.ext4', ['-q', '-F', '-d', '/usr/lib/syslinux', partition]);
  const table = 'label: dos\nlabel-id: 0x12345678\n1MiB,,L\n';
  await run('sfdisk', ['--no-reread', '--no-tell-kernel', raw], { input: table });
  await using file = await open(raw, 'r+');
  await file.write(Buffer.alloc(MIB, 7), 0, MIB, 4 * MIB);
  await run('qemu-img', ['convert', '-O', 'qcow2', raw, wholeDisk]);
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

const STEPS = [
  { interface: 'deploy', step: 'erase_devices_metadata', priority: 99 },
  { interface: 'deploy', step: 'erase_devices', priority: 10 },
  { interface: 'deploy', step: 'break', priority: 0 },
  { interface: 'raid', step: 'delete_configuration', priority: 0 },
];

/** A bench with an agent of today: it has TLS, and a disk that was used before. */
const bench = (more: Partial<AgentBenchOptions> = {}) =>
  makeAgentBench({
    instanceInfo: { image_source: `file://${wholeDisk}`, configdrive },
    makeDisk: (path) => makeGarbageDisk(path, DISK_BYTES),
    tls,
    ...more,
  });

async function sha256(path: string, startBytes = 0): Promise<string> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(IMAGE_BYTES), 0, IMAGE_BYTES, startBytes);
  return createHash('sha256').update(buffer).digest('hex');
}

test.serial('a whole-disk image: written by the agent, booted from the disk', async (t) => {
  await using it = await bench();
  await it.provision('deploy');
  const node = await it.until('active');
  t.is(await sha256(it.diskPath), await sha256(raw), 'the disk is the image');
  t.deepEqual(it.agents[0]?.taken, [
    'deploy.get_deploy_steps',
    'standby.prepare_image',
    'standby.get_partition_uuids',
    'standby.sync',
    'standby.power_off',
  ]);
  t.is(it.agents[0]?.configDrive?.toString('latin1', 0x8001, 0x8006), 'CD001');
  t.deepEqual(it.boots, ['deploy', 'boot_whole_disk']);
  t.is(it.bootDevice, 'disk');
  t.like(await getBootFacts(it.database, UUID), { diskIdentifier: '0x12345678' });
  const { driverInternalInfo: info } = node;
  t.like(info, { is_whole_disk_image: true, agent_version: '9.4.0', deploy_steps: undefined });
  for (const gone of ['agent_secret_token', 'agent_url', 'agent_verify_ca'])
    t.false(gone in info, `${gone} is forgotten`);
  t.is(it.power, 'power on');
});

test.serial(
  'a partition image boots by its kernel and the UUID that the agent tells',
  async (t) => {
    const files = { kernel: `file://${folder}/kernel`, ramdisk: `file://${folder}/ramdisk` };
    await using it = await bench({
      instanceInfo: { image_source: `file://${partition}`, root_gb: 1, ...files },
      makeDisk: (path) => run('truncate', ['-s', String(PARTITIONED_DISK_BYTES), path]),
    });
    await it.provision('deploy');
    // The boot device stays the network.
    await it.until('active');
    t.is(await sha256(it.diskPath, MIB), await sha256(partition));
    const { stdout } = await run('blkid', ['-s', 'UUID', '-o', 'value', partition]);
    const facts = await getBootFacts(it.database, UUID);
    t.regex(facts?.bootOptions ?? '', new RegExp(`root=UUID=${stdout.trim()}`));
    t.is(await readFile(facts?.files.kernel ?? '', 'utf8'), 'kernel');
    t.deepEqual(it.boots, ['deploy', 'boot_partition']);
  },
);

test.serial('UEFI machines get a boot loader entry', async (t) => {
  await using it = await bench({ properties: { capabilities: 'boot_mode:uefi' } });
  await it.provision('deploy');
  await it.until('active');
  const command = it.agents[0]?.commands.find((one) => one.command_name === 'install_bootloader');
  t.like(command?.command_params, { root_uuid: null, target_boot_mode: 'uefi' });
});

test.serial(
  'a conductor that is stopped in mid-write gives the command no second time',
  async (t) => {
    const write = Promise.withResolvers<void>();
    await using it = await bench({ faults: { writeAfter: write.promise } });
    await it.provision('deploy');
    const taken = () => it.agents[0]?.taken.includes('standby.prepare_image');
    await it.poll(() => taken() || undefined);
    await it.restart();
    t.is((await it.node()).provisionState, 'wait call-back');
    write.resolve();
    await it.until('active');
    const count = it.agents[0]?.taken.filter((name) => name === 'standby.prepare_image').length;
    t.is(count, 1);
    t.is(await sha256(it.diskPath), await sha256(raw));
  },
);

test.serial('an answer that is lost does not lead to a second write', async (t) => {
  await using it = await bench({ faults: { losesAnswerOf: 'standby.prepare_image' } });
  await it.provision('deploy');
  await it.until('active');
  t.is(it.agents[0]?.taken.filter((name) => name === 'standby.prepare_image').length, 1);
});

type Fault = {
  readonly name: string;
  readonly options: Partial<AgentBenchOptions>;
  readonly reason: RegExp;
};

const FAULTS: readonly Fault[] = [
  {
    name: 'what the agent wrote is not what it was to write',
    options: { faults: { corrupts: true } },
    reason:
      /^AGENT_COMMAND_FAILED: standby\.prepare_image on the agent at https:.*ImageChecksumError/,
  },
  {
    name: 'another one answers with a certificate of its own',
    options: { faults: { hidesCertificate: true } },
    reason: /^AGENT_TLS: The agent at https:/,
  },
  {
    name: 'no agent comes',
    options: { tls: undefined as never, config: 'deploy: {callback_timeout_seconds: 2}' },
    reason: /^CALLBACK_TIMEOUT: Timeout reached while waiting for the agent/,
  },
];

for (const { name, options, reason } of FAULTS)
  test.serial(`${name}: deploy failed, with the reason, and the machine is off`, async (t) => {
    await using it = await bench(options);
    await it.provision('deploy');
    const node = await it.until('deploy failed');
    t.regex(node.lastError ?? '', reason);
    t.notRegex(node.lastError ?? '', /agent_token/);
    t.is(it.power, 'power off');
    t.is(await getBootFacts(it.database, UUID), undefined);
    t.false('agent_secret_token' in node.driverInternalInfo);
  });

test.serial('an agent without TLS is taken where the configuration says so', async (t) => {
  await using it = await bench({ tls: undefined as never, config: 'agent: {require_tls: false}' });
  await it.provision('deploy');
  await it.until('active');
  t.is(await sha256(it.diskPath), await sha256(raw));
});

test.serial('abort in mid-write ends the deploy; the next one works', async (t) => {
  const never = Promise.withResolvers<void>();
  await using it = await bench({ faults: { writeAfter: never.promise } });
  await it.provision('deploy');
  await it.poll(() => it.agents[0]?.taken.includes('standby.prepare_image') || undefined);
  await it.until('wait call-back');
  await it.provision('abort');
  await it.until('deploy failed');
  t.is(it.power, 'power off');
  it.faults = {};
  await it.provision('deploy');
  await it.poll(async () => ((await it.node()).provisionState === 'active' ? true : undefined));
  t.is(it.agents.length, 2);
  t.not(it.agents[0]?.token, it.agents[1]?.token, 'each boot has a token of its own');
});

test.serial('the steps of users and of the hardware: in a deploy and in a cleaning', async (t) => {
  await using it = await bench({ steps: STEPS, config: 'clean: {automated: true}' });
  const deploySteps = [
    { interface: 'raid', step: 'delete_configuration', args: { all: true }, priority: 90 },
  ];
  await it.provision('deploy', { deploySteps });
  await it.until('active');
  t.deepEqual(it.agents[0]?.steps, [
    'deploy.erase_devices_metadata {}',
    'deploy.erase_devices {}',
    'raid.delete_configuration {"all":true}',
  ]);
  await it.provision('delete');
  await it.until('available');
  t.deepEqual(it.agents[1]?.steps, ['deploy.erase_devices_metadata {}'], 'by configuration');
  t.is(it.power, 'power off');
  t.false('agent_url' in (await it.node()).driverInternalInfo);
});

test.serial(
  'manual cleaning: in the order of asking, unknown steps before any is done',
  async (t) => {
    await using it = await bench({ steps: STEPS, state: 'manageable' });
    const step = (name: string) => ({ interface: 'deploy', step: name });
    await it.provision('clean', { cleanSteps: [step('erase_devices'), step('polish')] });
    const failed = await it.until('clean failed');
    t.regex(failed.lastError ?? '', /STEP_UNKNOWN: .*deploy\.polish; there are: deploy\.erase_dev/);
    t.deepEqual(it.agents[0]?.steps, []);
    t.false(failed.maintenance, 'nothing was done');
    await it.provision('manage');
    await it.provision('clean', { cleanSteps: [step('erase_devices'), step('break')] });
    const broken = await it.until('clean failed');
    t.regex(
      broken.lastError ?? '',
      /AGENT_COMMAND_FAILED: clean\.execute_clean_step .*disk is broken/,
    );
    t.true(broken.maintenance, 'nobody knows what it left');
    t.deepEqual(it.agents[1]?.steps, ['deploy.erase_devices {}', 'deploy.break {}']);
  },
);

test.serial('an inspection keeps what the agent tells', async (t) => {
  await using it = await bench({ state: 'manageable' });
  await it.provision('inspect');
  await it.poll(async () => ((await it.node()).inspectionFinishedAt ? true : undefined));
  const node = await it.until('manageable');
  t.like(node.properties, { cpus: 4, memory_mb: 8192, local_gb: 19, cpu_arch: 'x86_64' });
  t.is(node.properties['capabilities'], 'boot_mode:uefi');
  const { inventory, pluginData } = await getInventory(it.database, UUID);
  t.deepEqual(inventory, INVENTORY);
  t.deepEqual(pluginData, { lshw: { id: 'core' } });
  const ports = await listPorts(it.database, { nodeUuid: UUID });
  const enabled = Object.fromEntries(ports.map((port) => [String(port.address), port.pxeEnabled]));
  t.deepEqual(enabled, { '52:54:00:00:00:01': true, '52:54:00:00:00:02': false });
  t.is(it.power, 'power off');
});

test.serial('the URL of an image is good for its agent and its time only', async (t) => {
  const write = Promise.withResolvers<void>();
  await using it = await bench({ faults: { writeAfter: write.promise } });
  await it.provision('deploy');
  const command = await it.poll(() =>
    it.agents[0]?.commands.find((one) => one.command_name === 'prepare_image'),
  );
  const { urls } = command.command_params['image_info'] as { urls: readonly [string] };
  const status = async (url: string) => (await got(url, { throwHttpErrors: false })).statusCode;
  const wrong = urls[0].replace(/signature=./, 'signature=x');
  const later = urls[0].replace(/expires=\d+/, 'expires=99999999999');
  t.is(await status(urls[0]), 200);
  t.is(await status(wrong), 403);
  t.is(await status(later), 403);
  const part = await got(urls[0], { headers: { range: 'bytes=0-3' } }).buffer();
  t.is(part.length, 4);
  write.resolve();
  await it.until('active');
  t.is(await status(urls[0]), 403, 'the deploy is over');
});

const flow = (step: string) => ({ interface: 'power', step });
const asked = (step: string) => ({ interface: 'deploy', step });

test.serial('a service has the agent work, and boots the system again', async (t) => {
  await using it = await bench({ steps: STEPS });
  await it.provision('deploy');
  await it.until('active');
  const before = await getBootFacts(it.database, UUID);
  const boots = it.boots.length;
  const serviceSteps = [
    asked('erase_devices'),
    flow('hold'),
    flow('reboot'),
    asked('erase_devices'),
  ];
  await it.provision('service', { serviceSteps });
  await it.until('service hold');
  await it.restart();
  await it.provision('unhold');
  const node = await it.until('active');
  t.like(node, { lastError: null, serviceStep: {}, powerState: 'power on' });
  const steps = it.agents.slice(1).flatMap((agent) => agent.steps);
  t.deepEqual(steps, ['deploy.erase_devices {}', 'deploy.erase_devices {}']);
  t.deepEqual(await getBootFacts(it.database, UUID), before);
  t.not(it.boots.at(-1), 'deploy');
  t.true(it.boots.slice(boots, -1).every((label) => label === 'deploy'));
  t.false('service_steps' in node.driverInternalInfo);
});

test.serial(
  'a service that an agent fails, or does not know, boots the system again',
  async (t) => {
    await using it = await bench({ steps: STEPS });
    await it.provision('deploy');
    await it.until('active');
    await it.provision('service', { serviceSteps: [asked('polish')] });
    t.regex((await it.until('service failed')).lastError ?? '', /^STEP_UNKNOWN: .*deploy\.polish/);
    t.not(it.boots.at(-1), 'deploy');
    t.false((await it.node()).maintenance, 'nothing was done');
    await it.provision('service', { serviceSteps: [asked('break')] });
    await it.until('service wait');
    const failed = await it.until('service failed');
    t.regex(failed.lastError ?? '', /AGENT_COMMAND_FAILED: service\.execute_service_step/);
    t.like(failed, { maintenance: true, fault: 'service failure' });
    t.not(it.boots.at(-1), 'deploy');
    t.is(it.power, 'power on');
  },
);

test.serial('an agent that was switched away is booted again, also in a deploy', async (t) => {
  await using it = await bench({ steps: STEPS });
  const deploySteps = [
    { ...flow('power_off'), args: {}, priority: 95 },
    { ...asked('erase_devices'), args: {}, priority: 90 },
    { ...flow('reboot'), args: {}, priority: 85 },
    { ...flow('wait'), args: {}, priority: 82 },
  ];
  await it.provision('deploy', { deploySteps });
  t.is((await it.until('active')).lastError, null);
  t.true(it.agents.length >= 3);
  t.true(it.agents.some(({ steps }) => steps.includes('deploy.erase_devices {}')));
});
