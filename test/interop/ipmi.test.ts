import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { createIpmiDrivers, type IpmiOptions } from '../../conductor/drivers/ipmi/driver.ts';
import type { Driver, DriverNode } from '../../conductor/drivers/types.ts';
import { hasCode, type IronpxeError } from '../../conductor/errors/error.ts';
import { freeUdpPort, startIpmiSim, type IpmiSim } from '../drivers/support/ipmiSim.ts';
import { makeQemuMachine, type QemuMachine } from '../drivers/support/qemuMachine.ts';

const FAST: IpmiOptions = { minIntervalMs: 0, waitSeconds: 4, repeats: 2, pauseMs: 50 };
const { signal } = new AbortController();

type Bench = {
  readonly sim: IpmiSim;
  readonly machine: QemuMachine;
  readonly driver: Driver;
  readonly node: DriverNode;
  readonly nodeWith: (info: Readonly<Record<string, unknown>>) => DriverNode;
};

function driverWith(options: IpmiOptions = {}): Driver {
  const [driver] = createIpmiDrivers({ ...FAST, ...options });
  if (driver === undefined) throw new Error('no driver');
  return driver;
}

function withBmc(title: string, body: (t: ExecutionContext, bench: Bench) => Promise<void>) {
  test(title, async (t) => {
    await using machine = await makeQemuMachine();
    await using sim = await startIpmiSim(machine);
    const nodeWith = (info: Readonly<Record<string, unknown>>) => ({
      uuid: '11111111-1111-4111-8111-111111111111',
      driverInfo: { ...sim.driverInfo, ...info },
      macs: [],
    });
    await body(t, { sim, machine, driver: driverWith(), node: nodeWith({}), nodeWith });
  });
}

withBmc('a BMC switches the machine on, off, off and on, and softly', async (t, bench) => {
  const { driver, node, machine } = bench;
  t.is(await driver.powerState(node, { signal }), 'power off');
  await driver.setPower(node, 'power on', { signal });
  t.true(await machine.isOn());
  t.is(await driver.powerState(node, { signal }), 'power on');
  await driver.setPower(node, 'rebooting', { signal });
  t.true(await machine.isOn());
  await driver.reset?.(node, { signal });
  t.true(await machine.isOn());
  await driver.softPower?.(node, 'soft rebooting', { signal });
  t.true(await machine.isOn());
  await driver.softPower?.(node, 'soft power off', { signal });
  t.false(await machine.isOn());
  await driver.setPower(node, 'power off', { signal });
  const set = (await machine.calls()).filter((call) => call.startsWith('set'));
  t.deepEqual(set, [
    'set power 1',
    'set power 0',
    'set power 1',
    'set reset 1',
    'set shutdown 1',
    'set power 1',
    'set shutdown 1',
  ]);
});

withBmc('the boot device is set and read back, and the BMC says what it is', async (t, bench) => {
  const { driver, node, machine } = bench;
  for (const device of ['pxe', 'cdrom', 'disk'] as const) {
    await driver.setBootDevice(node, device, { persistent: true, signal });
    const found = await driver.bootDevice(node, { signal });
    t.is(found.device, device);
  }
  t.true((await machine.calls()).includes('set boot pxe'));
  t.regex((await driver.model?.(node, { signal })) ?? '', /^MontaVista Software, Inc\. Unknown/);
});

withBmc('what a BMC refuses is told apart', async (t, { driver, nodeWith }) => {
  const cases = [
    [{ ipmi_password: 'wrong' }, 'DRIVER_BMC_AUTH', /password is wrong/],
    [{ ipmi_username: 'nobody' }, 'DRIVER_BMC_AUTH', /no such user/],
    [{ ipmi_cipher_suite: 17 }, 'DRIVER_BMC_AUTH', /cipher suite/],
    [{ ipmi_address: 'bmc.invalid' }, 'DRIVER_BMC_UNREACHABLE', /host name is unknown/],
  ] as const;
  for (const [info, code, text] of cases) {
    const call = driver.powerState(nodeWith(info), { signal });
    const error = await t.throwsAsync<IronpxeError>(call);
    t.is(error.code, code, JSON.stringify(info));
    t.regex(error.message, text);
  }
  const low = driver.setPower(nodeWith({ ipmi_priv_level: 'USER' }), 'power on', { signal });
  t.is((await t.throwsAsync<IronpxeError>(low)).code, 'DRIVER_BMC_AUTH');
});

withBmc(
  'a BMC that hangs ends in an error, and another one is not kept waiting',
  async (t, bench) => {
    const { sim, driver, node, nodeWith } = bench;
    await using machine = await makeQemuMachine();
    await using other = await startIpmiSim(machine);
    sim.hang();
    const impatient = driverWith({ waitSeconds: 1, repeats: 1 });
    const dead = nodeWith({ ipmi_port: await freeUdpPort() });
    const silent = t.throwsAsync<IronpxeError>(impatient.powerState(dead, { signal }));
    const hung = t.throwsAsync<IronpxeError>(impatient.powerState(node, { signal }));
    const otherNode = nodeWith({ ...other.driverInfo });
    t.is(await driver.powerState(otherNode, { signal }), 'power off');
    t.true(hasCode(await hung, 'DRIVER_BMC_UNREACHABLE'));
    t.true(hasCode(await silent, 'DRIVER_BMC_UNREACHABLE'));
    sim.goOn();
    t.is(await driver.powerState(node, { signal }), 'power off');
  },
);

withBmc('a slow BMC gets one command at a time, and an abort ends the wait', async (t, bench) => {
  const { sim, driver, node } = bench;
  await sim.slow(0.5);
  const abort = new AbortController();
  const first = driver.powerState(node, { signal });
  const second = driver.powerState(node, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await t.throwsAsync(second, { message: 'enough' });
  t.is(await first, 'power off');
  t.is(await driver.powerState(node, { signal }), 'power off');
});

withBmc(
  'the password is in no argument and no environment, and its file is removed',
  async (t, bench) => {
    const { sim, driver, node } = bench;
    await sim.slow(1);
    const call = driver.powerState(node, { signal });
    const seen = await processesOf('ipmitool', String(sim.listenPort), call);
    await call;
    t.true(seen.length > 0, 'ipmitool was seen running');
    for (const text of seen) t.false(text.includes('swordfish-41'));
    const [, file = ''] = /\0-f\0([^\0]+)/.exec(seen[0] ?? '') ?? [];
    t.regex(file, /password$/);
    t.false(existsSync(file));
  },
);

/** Command line and environment of every process of that name and with that argument, until `work` ends. */
async function processesOf(
  name: string,
  argument: string,
  work: Promise<unknown>,
): Promise<readonly string[]> {
  const seen: string[] = [];
  const over = new AbortController();
  const end = () => over.abort();
  work.then(end, end);
  while (!over.signal.aborted) {
    const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    const found = pids.map(processText).filter((text) => text.startsWith(name));
    seen.push(...found.filter((text) => text.includes(argument)));
    await delay(50);
  }
  return seen;
}

/** Command line and environment; nothing for a process that ended meanwhile. */
function processText(pid: string): string {
  try {
    const [line, environment] = ['cmdline', 'environ'].map((file) =>
      readFileSync(`/proc/${pid}/${file}`, 'utf8'),
    );
    return `${line}${environment}`;
  } catch {
    return '';
  }
}
