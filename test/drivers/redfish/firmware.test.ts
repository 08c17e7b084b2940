import test from 'ava';
import { createRedfishDriver } from '../../../conductor/drivers/redfish/driver.ts';
import { type RedfishTraits, startRedfish } from '../support/redfishService.ts';

const { signal } = new AbortController();
const STOPPED = { isOn: async () => false, start: async () => {}, stop: async () => {} };

const CASES: readonly (readonly [RedfishTraits, Readonly<Record<string, string>>])[] = [
  [
    { biosVersion: 'P79 v1.45', managerVersion: '2.1' },
    { bios: 'P79 v1.45', bmc: '2.1' },
  ],
  [{ biosVersion: 'P79 v1.45' }, { bios: 'P79 v1.45' }],
  [{ managerVersion: '2.1' }, { bmc: '2.1' }],
  [{}, {}],
];
for (const [traits, expected] of CASES)
  test(`versions of firmware: ${JSON.stringify(expected)}`, async (t) => {
    await using service = await startRedfish(STOPPED, traits);
    const driver = createRedfishDriver();
    const node = { uuid: 'u', driverInfo: service.driverInfo, macs: [] };
    const found = (await driver.firmware?.(node, { signal })) ?? [];
    t.deepEqual(
      Object.fromEntries(found.map(({ component, version }) => [component, version])),
      expected,
    );
    await driver.close?.();
  });
