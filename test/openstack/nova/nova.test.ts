import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { Random } from '../../deploy/support/random.ts';
import { startConductor } from '../support/conductor.ts';
import { Daemons } from '../support/daemons.ts';
import { identityOf } from '../support/identity.ts';
import { OpenStack } from '../support/openstack.ts';
import { type OpenStackCommand, openStackCommand } from '../support/openstackCommand.ts';
import { MACS, networkRig } from './networks.ts';
import { flavor, startCompute, untilSchedulable } from './compute.ts';

const IRONPXE = join(import.meta.dirname, '..', '..', '..', 'bin', 'ironpxe');
const MAC = '52:54:00:11:22:33';

const startedMs = performance.now();
const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(0)} s`;
const stack = new AsyncDisposableStack();

type Cloud = { readonly openstack: OpenStack; readonly command: OpenStackCommand };

/** Every service, and a conductor that Nova finds in Keystone's catalogue. */
async function start(): Promise<Cloud> {
  const openstack = stack.use(await OpenStack.start());
  const identity = await identityOf(openstack);
  const daemons = stack.use(new Daemons(openstack.folder));
  try {
    // "glance" has the role admin, without which Neutron binds no ports.
    const { authUrl: auth_url, password } = openstack;
    const { url } = await startConductor(daemons, {
      auth: { strategy: 'keystone' },
      keystone: { auth_url, username: 'glance', password },
      neutron: { tftp_server: '192.0.2.1', cleaning_network: 'net' },
    });
    const env = { ...identity.environment, OS_USERNAME: 'admin', OS_PROJECT_NAME: 'admin' };
    await execa(IRONPXE, ['openstack', 'register-service', '--public-url', url], { env });
    await startCompute(daemons, openstack, identity);
    console.log(`Keystone, Glance, Placement, Neutron and Nova answer after ${seconds()}`);
    const image = join(openstack.folder, 'image.raw');
    await writeFile(image, new Random(1).bytes(300_000));
    // "--nic none" and rescue came with later versions than the command asks for by itself.
    const command = stack.use(openStackCommand({ ...env, OS_COMPUTE_API_VERSION: '2.90' }));
    await command.ok(`image create --file ${image} --disk-format raw plain`);
    return { openstack, command };
  } catch (error) {
    throw new Error(await daemons.logs(40), { cause: error });
  }
}

const { openstack, command } = await start().catch(async (error: unknown) => {
  await stack.disposeAsync();
  throw error;
});
test.after.always(() => stack.disposeAsync());
const { ok, json } = command;
const node = () => json('baremetal node show bm');
const server = () => json('server show one');

test.serial('a node that is available becomes a hypervisor, and can be scheduled', async (t) => {
  for (const line of [
    'baremetal node create --driver fake-hardware --name bm --resource-class baremetal --property cpus=4 --property memory_mb=8192 --property local_gb=100 --property cpu_arch=x86_64',
    'baremetal node add trait bm CUSTOM_RAID',
    'baremetal node manage bm --wait 300',
    'baremetal node provide bm --wait 300',
    // Nothing pretends to switch it on: Nova would take the server for one that was stopped.
    'baremetal node power on bm --power-timeout 300',
    flavor(100),
    'network create --provider-network-type flat --provider-physical-network provider net',
    'subnet create --network net --subnet-range 198.51.100.0/24 sub',
  ])
    await ok(line);
  const { uuid } = await node();
  await ok(`baremetal port create ${MAC} --node ${uuid}`);
  await untilSchedulable(command, uuid);
  const hypervisors: readonly Record<string, unknown>[] = await json('hypervisor list');
  t.deepEqual(
    hypervisors.map((each) => each['Hypervisor Hostname']),
    [uuid],
  );
});

test.serial('a trait that the flavor requires decides whether the node is taken', async (t) => {
  const { uuid } = await node();
  await until(t, 'Placement knows the trait', async () => {
    const traits: readonly { name: string }[] = await json(`resource provider trait list ${uuid}`);
    return traits.some(({ name }) => name === 'CUSTOM_RAID');
  });
  await ok('trait create CUSTOM_ELSEWHERE');
  await ok('flavor set --property trait:CUSTOM_ELSEWHERE=required baremetal');
  // The command says nothing of a server that was not built.
  await command.run('server create --flavor baremetal --image plain --nic none --wait one');
  const refused = await server();
  t.is(refused.status, 'ERROR');
  t.regex(refused.fault.message, /No valid host/);
  t.like(await node(), { provision_state: 'available', instance_uuid: null });
  await ok('server delete --wait one');
  await ok('flavor unset --property trait:CUSTOM_ELSEWHERE baremetal');
  await ok('flavor set --property trait:CUSTOM_RAID=required baremetal');
});

test.serial(
  'without a network: create, stop, start, reboot, rebuild, rescue, delete',
  async (t) => {
    await ok('server create --flavor baremetal --image plain --nic none --wait one');
    t.log(`ACTIVE after ${seconds()}`);
    const made = await server();
    t.is(made.status, 'ACTIVE', JSON.stringify(made.fault));
    const deployed = await node();
    t.like(deployed, { provision_state: 'active', instance_uuid: made.id, last_error: null });
    t.like(deployed.instance_info, { display_name: 'one', root_gb: '100', vcpus: '1' });
    t.deepEqual(deployed.instance_info.traits, ['CUSTOM_RAID']);
    for (const [line, power] of [
      ['server stop one', 'Shutdown'],
      ['server start one', 'Running'],
      ['server reboot --hard --wait one', 'Running'],
      ['server reboot --soft --wait one', 'Running'],
    ] as const) {
      await ok(line);
      await until(t, line, async () => {
        const { 'OS-EXT-STS:power_state': state, 'OS-EXT-STS:task_state': task } = await server();
        return task === null && (state === power || state === POWER_STATES[power]);
      });
    }
    await ok('server rebuild --image plain --wait one');
    t.like(await server(), { status: 'ACTIVE', id: made.id });
    await ok('server rebuild --image plain --preserve-ephemeral --wait one');
    t.like(await server(), { status: 'ACTIVE', id: made.id });
    t.is((await node()).instance_info.preserve_ephemeral, 'True');
    for (const [line, status] of [
      ['server rescue one', 'RESCUE'],
      ['server unrescue one', 'ACTIVE'],
    ] as const) {
      await ok(line);
      await until(t, line, async () => (await server()).status === status);
    }
    await ok('server delete --wait one');
    await untilFree(t);
  },
);

test.serial('with Neutron and a config drive: the ports say where to boot from', async (t) => {
  await ok('baremetal node set bm --network-interface flat');
  await ok(
    'server create --flavor baremetal --image plain --network net --config-drive true --wait one',
  );
  t.like(await server(), { status: 'ACTIVE' });
  const { instance_info: info, uuid } = await node();
  t.truthy(info.configdrive);
  const [port, ...more] = await json('port list --long');
  t.is(more.length, 0);
  t.is(port['MAC Address'], MAC);
  const vifs = await json('baremetal node vif list bm');
  t.deepEqual(vifs, [{ ID: port.ID }]);
  const shown = await json(`port show ${port.ID}`);
  t.is(shown.binding_host_id, uuid);
  t.is(shown.binding_vnic_type, 'baremetal');
  const options: readonly { opt_name: string; opt_value: string; ip_version: number }[] =
    shown.extra_dhcp_opts;
  const set = options.map(({ opt_name, opt_value }) => [opt_name, opt_value]);
  t.deepEqual(Object.fromEntries(set), {
    '66': '192.0.2.1',
    '67': 'pxelinux.0',
    '150': '192.0.2.1',
    '255': '192.0.2.1',
  });
  await ok('server rebuild --image plain --wait one');
  t.like(await server(), { status: 'ACTIVE' });
  await ok('server delete --wait one');
  await untilFree(t);
  t.deepEqual(await json('baremetal node vif list bm'), []);
  t.deepEqual(await json('port list'), []);
});

test.serial('a VIF is attached once, to a port that is free, and must be one', async (t) => {
  const { id } = await json('port create --network net a');
  const other = await json('port create --network net b');
  await ok(`baremetal node vif attach bm ${id}`);
  const refused = async (line: string, why: RegExp) => {
    const { status, err } = await command.run(line);
    t.not(status, 0, line);
    t.regex(err, why, line);
  };
  await refused(`baremetal node vif attach bm ${other.id}`, /not enough free physical ports/);
  await refused(`baremetal node vif detach bm ${other.id}`, /not attached/);
  await ok(`baremetal node vif detach bm ${id}`);
  // The MAC of the machine is free for the next one in the same network.
  await ok(`baremetal node vif attach bm ${other.id}`);
  t.is((await json(`port show ${other.id}`)).mac_address, MAC);
  await ok(`baremetal node vif detach bm ${other.id}`);
  await ok(`port delete ${id} ${other.id}`);
  await refused(
    'baremetal node vif attach bm 11111111-2222-4333-8444-555555555555',
    /Neutron has no port/,
  );
  // A deploy without a VIF has no network to boot from.
  await refused('baremetal node deploy bm --wait 300', /deploy failed/);
  t.regex((await node()).last_error, /no VIF/);
  await ok('baremetal node undeploy bm --wait 300');
});

test.serial('networks of the operator: ports are made, once, and removed', async (t) => {
  const { signal } = new AbortController();
  const { database, node: machine, networking, provisionedOn } = await networkRig(openstack);
  t.teardown(() => database.destroy());
  const ports = (): Promise<readonly Record<string, string>[]> =>
    json('port list --device-owner baremetal:none');
  t.notThrows(() => networking.check(machine));
  t.throws(() => provisionedOn(undefined).check(machine), { code: 'NETWORK_NOT_CONFIGURED' });
  for (const purpose of ['deploy', 'deploy', 'service'] as const) {
    // Twice, as a restarted conductor does it.
    t.true(await networking.enter(machine, purpose, signal));
    t.deepEqual(
      (await ports()).map((each) => each['MAC Address']),
      [MACS[0]],
    );
  }
  const shown = await json(`port show ${(await ports())[0]?.['ID']}`);
  t.like(shown, { binding_host_id: machine.uuid, device_id: machine.uuid });
  t.deepEqual(shown.binding_profile, {
    local_link_information: [{ switch_id: '00:11:22:33:44:55', port_id: 'eth0' }],
  });
  const options = shown.extra_dhcp_opts as readonly Record<'opt_name' | 'opt_value', string>[];
  t.deepEqual(Object.fromEntries(options.map(({ opt_name, opt_value }) => [opt_name, opt_value])), {
    '66': '192.0.2.1',
    '150': '192.0.2.1',
    '255': '192.0.2.1',
    'tag:!ipxe,67': 'bootaa64.efi',
    'tag:ipxe,67': 'http://192.0.2.1:8088/boot.ipxe',
  });
  t.true(networking.moves(machine));
  await networking.leave(machine, signal);
  t.deepEqual(await ports(), []);
  await t.throwsAsync(provisionedOn('none-such').enter(machine, 'deploy', signal), {
    code: 'NETWORK_NOT_CONFIGURED',
  });
  await t.throwsAsync(networking.enter(machine, 'instance', signal), { code: 'VIF_MISSING' });
});

test.serial('a Neutron that is down is told of, and nothing is remembered', async (t) => {
  const { signal } = new AbortController();
  const { database, node: machine, networking } = await networkRig(openstack, 'http://127.0.0.1:9');
  t.teardown(() => database.destroy());
  const vif = '11111111-2222-4333-8444-555555555555';
  for (const work of [
    networking.enter(machine, 'deploy', signal),
    networking.attachVif(machine, { vif }, signal),
  ])
    await t.throwsAsync(work, { code: 'OPENSTACK_UNREACHABLE', message: /Neutron/ });
  t.deepEqual(await networking.listVifs(machine), []);
});

/** How a client of a later version shows numbers of the API. */
const POWER_STATES = { Running: 1, Shutdown: 4 } as const;

async function until(
  t: ExecutionContext,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + 600_000;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) return t.fail(`${what}: not so after 600 s`);
    await delay(2000);
  }
}

/** Nova lets a node go once it is available again and has lost its instance. */
async function untilFree(t: ExecutionContext): Promise<void> {
  await until(t, 'the node is free', async () => {
    const { provision_state: state, instance_uuid: instance, instance_info: info } = await node();
    return state === 'available' && instance === null && Object.keys(info).length === 0;
  });
  await untilSchedulable(command, (await node()).uuid);
}
