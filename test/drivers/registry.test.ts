import test from 'ava';
import { createDrivers, driverByName } from '../../conductor/drivers/registry.ts';
import { BOOT_DEVICES } from '../../conductor/drivers/types.ts';

test('drivers are found by name', (t) => {
  const drivers = createDrivers();
  t.is(driverByName(drivers, 'pxe_ssh').name, 'pxe_ssh');
  t.throws(() => driverByName(drivers, 'fake'), {
    code: 'DRIVER_UNKNOWN',
    message: /"fake".*pxe_ssh/,
  });
});

for (const [name, driver] of createDrivers())
  test(`${name} tells what it can`, (t) => {
    t.is(driver.name, name);
    t.true(Object.values(driver.properties).every((text) => text.endsWith('.')));
    t.true(driver.supportedBootDevices.every((device) => BOOT_DEVICES.includes(device)));
    const node = { uuid: 'u', driverInfo: {}, macs: [] };
    if (driver.simulate !== undefined) return t.notThrows(() => driver.validate(node));
    return t.throws(() => driver.validate(node), { code: 'DRIVER_INFO_INVALID' });
  });

test('a node without ports is not valid', (t) => {
  const driverInfo = {
    ssh_address: 'h',
    ssh_username: 'u',
    ssh_password: 'p',
    ssh_virt_type: 'virsh',
  };
  const driver = driverByName(createDrivers(), 'pxe_ssh');
  t.throws(() => driver.validate({ uuid: 'u', driverInfo, macs: [] }), { message: /no ports/ });
});
