import test, { type ExecutionContext } from 'ava';
import { createRedfishDriver } from '../../conductor/drivers/redfish/driver.ts';
import type { Driver, DriverNode } from '../../conductor/drivers/types.ts';
import type { IronpxeError } from '../../conductor/errors/error.ts';
import { makeQemuMachine, type QemuMachine } from '../drivers/support/qemuMachine.ts';
import {
  startRedfish,
  type RedfishService,
  type RedfishTraits,
} from '../drivers/support/redfishService.ts';

const { signal } = new AbortController();

type Bench = {
  readonly service: RedfishService;
  readonly machine: QemuMachine;
  readonly driver: Driver;
  readonly nodeWith: (info?: Readonly<Record<string, unknown>>) => DriverNode;
};

function withService(
  title: string,
  traits: RedfishTraits,
  body: (t: ExecutionContext, bench: Bench) => Promise<void>,
) {
  test(title, async (t) => {
    await using machine = await makeQemuMachine();
    await using service = await startRedfish(machine, traits);
    const driver = createRedfishDriver({ pauseMs: 20, retryEveryMs: 20, busyForMs: 5000 });
    const nodeWith = (info: Readonly<Record<string, unknown>> = {}) => ({
      uuid: '11111111-1111-4111-8111-111111111111',
      driverInfo: { ...service.driverInfo, ...info },
      macs: [],
    });
    await body(t, { service, machine, driver, nodeWith });
  });
}

withService('a machine is switched, with one session that ends', {}, async (t, bench) => {
  const { driver, service, machine } = bench;
  const node = bench.nodeWith();
  t.is(await driver.powerState(node, { signal }), 'power off');
  await driver.setPower(node, 'power on', { signal });
  t.true(await machine.isOn());
  await driver.setPower(node, 'rebooting', { signal });
  await driver.reset?.(node, { signal });
  t.true(await machine.isOn());
  await driver.softPower?.(node, 'soft power off', { signal });
  t.false(await machine.isOn());
  t.is(await driver.model?.(node, { signal }), 'QEMU Standard PC');
  t.is(service.openSessions(), 1);
  await driver.close?.();
  t.is(service.openSessions(), 0);
});

withService('a session that the BMC forgot is opened anew', {}, async (t, { driver, ...bench }) => {
  await driver.powerState(bench.nodeWith(), { signal });
  bench.service.forgetSessions();
  t.is(await driver.powerState(bench.nodeWith(), { signal }), 'power off');
  t.is(bench.service.openSessions(), 1);
});

for (const weakEtag of [false, true])
  withService(
    `the boot device is set against ${weakEtag ? 'a weak' : 'an'} ETag`,
    { weakEtag },
    async (t, { driver, service, nodeWith }) => {
      const node: DriverNode = { ...nodeWith(), bootMode: 'uefi' };
      await driver.setBootDevice(node, 'pxe', { persistent: true, signal });
      t.like(service.boot, {
        BootSourceOverrideTarget: 'Pxe',
        BootSourceOverrideEnabled: 'Continuous',
        BootSourceOverrideMode: 'UEFI',
      });
      t.deepEqual(await driver.bootDevice(node, { signal }), { device: 'pxe', persistent: true });
      await driver.setBootDevice(node, 'disk', { persistent: false, signal });
      t.deepEqual(await driver.bootDevice(node, { signal }), { device: 'disk', persistent: false });
      await driver.setBootMode?.(node, 'bios', { signal });
      t.is(service.boot['BootSourceOverrideMode'], 'Legacy');
      await driver.setSecureBoot?.(node, true, { signal });
    },
  );

for (const [manufacturer, sent] of [
  ['Dell Inc.', false],
  ['Supermicro', true],
] as const)
  withService(
    `what stays the same is ${sent ? '' : 'not '}sent again to ${manufacturer}`,
    { manufacturer },
    async (t, { driver, service, nodeWith }) => {
      for (const device of ['pxe', 'disk'] as const)
        await driver.setBootDevice(nodeWith(), device, { persistent: true, signal });
      const last = service.requests.findLast((line) => line.startsWith('PATCH')) ?? '';
      t.is(last.includes('BootSourceOverrideEnabled'), sent);
    },
  );

withService(
  'without sessions, basic serves; a busy BMC is asked again',
  { sessions: false, busyFor: 1 },
  async (t, bench) => {
    t.is(await bench.driver.powerState(bench.nodeWith(), { signal }), 'power off');
    const strict = bench.nodeWith({ redfish_auth_type: 'session' });
    const error = await t.throwsAsync<IronpxeError>(bench.driver.powerState(strict, { signal }));
    t.is(error.code, 'DRIVER_BMC_REFUSED');
  },
);

withService(
  'what a BMC cannot do is refused',
  { enabledValues: ['Disabled', 'Once'], resetTypes: ['On', 'ForceOff'], systems: ['1', '2'] },
  async (t, bench) => {
    const { driver, nodeWith, machine } = bench;
    const one = nodeWith({ redfish_system_id: '1' });
    const cases = [
      [() => driver.powerState(nodeWith(), { signal }), 'DRIVER_INFO_INVALID'],
      [
        () => driver.powerState(nodeWith({ redfish_system_id: '9' }), { signal }),
        'DRIVER_BMC_REFUSED',
      ],
      [
        () => driver.powerState(nodeWith({ redfish_password: 'no' }), { signal }),
        'DRIVER_BMC_AUTH',
      ],
      [
        () => driver.powerState(nodeWith({ redfish_address: 'http://127.0.0.1:1' }), { signal }),
        'DRIVER_BMC_UNREACHABLE',
      ],
      [() => driver.setBootDevice(one, 'pxe', { persistent: true, signal }), 'DRIVER_BOOT_DEVICE'],
    ] as const;
    for (const [call, code] of cases)
      t.is((await t.throwsAsync<IronpxeError>(async () => void (await call()))).code, code);
    await driver.setPower(one, 'power on', { signal });
    t.true(await machine.isOn());
    const soft = async () => driver.softPower?.(one, 'soft power off', { signal });
    t.is((await t.throwsAsync<IronpxeError>(soft())).code, 'DRIVER_RESET_UNSUPPORTED');
  },
);
