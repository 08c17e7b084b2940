import test from 'ava';
import { parseConfig } from '../../../conductor/config/load.ts';
import { delayMs } from '../../../conductor/drivers/fake/delay.ts';
import { createFakeDriver } from '../../../conductor/drivers/fake/driver.ts';
import { SIMULATED_PARTS } from '../../../conductor/drivers/types.ts';

const node = { uuid: 'u', driverInfo: {}, macs: [] };
const call = { signal: new AbortController().signal };

test('a delay is a number of seconds, or drawn between two, nearer to the first', (t) => {
  t.is(
    delayMs('2', 'x', () => 0.5),
    2000,
  );
  t.is(
    delayMs('1,5', 'x', () => 0),
    1000,
  );
  const draws = Array.from({ length: 1000 }, (_, i) => delayMs('1,5', 'x', () => i / 1000));
  t.true(draws.every((ms) => ms >= 1000 && ms < 5000));
  t.true(draws.filter((ms) => ms < 3000).length > 700);
});

for (const text of ['', 'a', '-1', '1,2,3', '5,1', '1,', null])
  test(`${JSON.stringify(text)} is no delay`, (t) => {
    t.throws(() => delayMs(text, 'fake_power_delay', Math.random), {
      code: 'DRIVER_INFO_INVALID',
      message: /fake_power_delay/,
    });
  });

test('driver_info wins over the configuration, and a wrong one is told', async (t) => {
  const driver = createFakeDriver({ delays: { power_delay: '3600' } });
  const own = {
    ...node,
    driverInfo: { fake_power_delay: '0' },
    lastPowerState: 'power on',
  } as const;
  t.is(await driver.powerState(own, call), 'power on');
  const wrong = { ...node, driverInfo: { fake_bios_delay: 'soon' } };
  t.throws(() => driver.validate(wrong), { message: /fake_bios_delay: found "soon"/ });
});

test('a delay ends with the signal', async (t) => {
  const driver = createFakeDriver({ delays: { deploy_delay: '3600' } });
  const abort = new AbortController();
  const waiting = driver.simulate?.(node, 'deploy', { signal: abort.signal });
  abort.abort();
  await t.throwsAsync(async () => waiting, { name: 'AbortError' });
});

test('a machine that was never switched is off, and a boot device is remembered', async (t) => {
  const driver = createFakeDriver();
  t.is(await driver.powerState(node, call), 'power off');
  t.deepEqual(await driver.bootDevice(node, call), { device: 'pxe', persistent: false });
  await driver.setBootDevice(node, 'pxe', { ...call, persistent: true });
  t.deepEqual(await driver.bootDevice(node, call), { device: 'pxe', persistent: true });
});

test('the vendor methods compare a word', (t) => {
  const methods = createFakeDriver().vendorMethods ?? {};
  t.deepEqual(Object.keys(methods), [
    'second_method',
    'third_method_sync',
    'fourth_method_shared_lock',
  ]);
  t.true(methods['third_method_sync']?.call(node, { bar: 'meow' }));
  t.false(methods['third_method_sync']?.call(node, { bar: 'woof' }));
  t.throws(() => methods['second_method']?.call(node, {}), { code: 'INVALID_REQUEST' });
});

test('the configuration has a delay for every part', (t) => {
  const { fake } = parseConfig('boot_http: {url: "http://h"}\ndhcp: {enabled: false}\n', 'c');
  t.deepEqual(
    Object.keys(fake),
    SIMULATED_PARTS.map((part) => `${part}_delay`),
  );
});
