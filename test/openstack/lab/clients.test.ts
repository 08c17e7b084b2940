import test from 'ava';
import { netArgument } from '../../../lab/network.ts';
import { waitForSerial } from '../../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../../lab/userImage.ts';
import { makeE2eLab } from '../../e2e/support.ts';
import { openStackCommand } from '../support/openstackCommand.ts';
import { sdkWalk, SEEN } from '../support/sdkWalk.ts';

const ENV = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://127.0.0.1:6385' };
const WAIT_SECONDS = 900;

const startedMs = performance.now();
function log(what: string): void {
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s: ${what}`);
}

/** Words of options such as `--driver-info key=value`. */
function pairs(option: string, values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [option, `${key}=${String(value)}`]);
}

test('openstack baremetal, then openstacksdk: a machine boots over PXE and is given back', async (t) => {
  t.timeout(3_600_000);
  await using lab = await makeE2eLab({ name: 'clients' });
  const [machine] = lab.hardware.nodes;
  if (machine === undefined) throw new Error('there is no machine');
  const inLab = ['nsenter', netArgument(lab.hardware.netns), '--'];
  await using command = openStackCommand(ENV, inLab);
  const properties = { cpus: 1, memory_mb: machine.memoryMib, local_gb: 3, cpu_arch: 'x86_64' };
  const info = lab.instanceInfo();

  const create = 'baremetal node create --driver pxe_ssh --name by-cli';
  const { uuid } = await command.json([
    ...create.split(' '),
    ...pairs('--driver-info', machine.driverInfo),
    ...pairs('--property', properties),
  ]);
  for (const line of [
    `baremetal port create ${machine.mac} --node ${uuid}`,
    `baremetal node manage by-cli --wait ${WAIT_SECONDS}`,
    `baremetal node provide by-cli --wait ${WAIT_SECONDS}`,
    ['baremetal', 'node', 'set', 'by-cli', ...pairs('--instance-info', info)],
    `baremetal node deploy by-cli --wait ${WAIT_SECONDS}`,
  ])
    await command.ok(line);
  t.is((await command.json('baremetal node show by-cli')).provision_state, 'active');
  log('"openstack baremetal" has deployed the machine');
  await waitForSerial(machine.serialLogPath, LOGIN_PROMPT, { timeoutMs: WAIT_SECONDS * 1000 });
  log('the machine asks who logs in');
  await command.ok(`baremetal node undeploy by-cli --wait ${WAIT_SECONDS}`);
  await command.ok('baremetal node delete by-cli');

  const node = { driver: 'pxe_ssh', driver_info: machine.driverInfo, properties };
  const wanted = { node, address: machine.mac, instance_info: info, timeout: WAIT_SECONDS };
  t.deepEqual(await sdkWalk(ENV, wanted, inLab), SEEN);
  log('openstacksdk has deployed the machine and given it back');
});
