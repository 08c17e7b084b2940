import test from 'ava';
import { createRedfishDriver } from '../../../conductor/drivers/redfish/driver.ts';
import type { DriverNode } from '../../../conductor/drivers/types.ts';
import type { IronpxeError } from '../../../conductor/errors/error.ts';
import type { DriveTraits } from '../support/redfishDrives.ts';
import { type RedfishTraits, startRedfish } from '../support/redfishService.ts';

const { signal } = new AbortController();
const ISO = 'http://images.example/tool.iso';
const STOPPED = { isOn: async () => false, start: async () => {}, stop: async () => {} };

/** A machine that has nothing but virtual drives, and a driver that waits for them shortly. */
async function bench(drives: readonly DriveTraits[], traits: RedfishTraits = {}) {
  const service = await startRedfish(STOPPED, { managerVersion: '2.1', ...traits, drives });
  const isEndless = drives.some(({ slow }) => slow === Infinity);
  const mediaDeadlineMs = isEndless ? 100 : 20_000;
  const driver = createRedfishDriver({ pauseMs: 5, mediaDeadlineMs });
  const node: DriverNode = { uuid: 'u', driverInfo: service.driverInfo, macs: [] };
  return {
    service,
    insert: async (device: 'cdrom' | 'disk' | 'floppy', imageUrl = ISO) =>
      driver.insertMedia?.(node, { device, imageUrl }, { signal }),
    eject: async (...devices: ('cdrom' | 'disk' | 'floppy')[]) =>
      driver.ejectMedia?.(node, devices, { signal }),
    async [Symbol.asyncDispose]() {
      await driver.close?.();
      await service[Symbol.asyncDispose]();
    },
  };
}

const CD: DriveTraits = { id: 'Cd', types: ['CD', 'DVD'] };
const DVD: DriveTraits = { id: 'Dvd', types: ['DVD'] };
const STICK: DriveTraits = { id: 'Stick', types: ['USBStick', 'Floppy'] };

for (const drivesOf of ['system', 'manager'] as const)
  test(`an image goes into the drive of its kind, and out of it (${drivesOf})`, async (t) => {
    await using machine = await bench([CD, STICK], { drivesOf });
    await machine.insert('disk');
    t.deepEqual(machine.service.images, { Cd: null, Stick: ISO });
    await machine.insert('cdrom');
    await machine.eject('disk', 'floppy');
    t.deepEqual(machine.service.images, { Cd: ISO, Stick: null });
    await machine.eject('cdrom');
    await machine.eject('cdrom', 'disk', 'floppy');
    t.deepEqual(machine.service.images, { Cd: null, Stick: null });
  });

test('what is in the drives of the kind makes room', async (t) => {
  await using machine = await bench([
    { ...CD, image: 'http://old/1.iso', slow: 2 },
    { ...DVD, image: 'http://old/2.iso' },
    { ...STICK, image: 'http://old/3.img' },
  ]);
  await machine.insert('cdrom');
  t.deepEqual(machine.service.images, { Cd: ISO, Dvd: null, Stick: 'http://old/3.img' });
});

test('a drive of DVDs serves where there is none of CDs', async (t) => {
  await using machine = await bench([DVD]);
  await machine.insert('cdrom');
  t.deepEqual(machine.service.images, { Dvd: ISO });
});

test('a drive without the action is changed by PATCH', async (t) => {
  await using machine = await bench([{ ...CD, by: 'patch' }]);
  await machine.insert('cdrom');
  t.deepEqual(machine.service.images, { Cd: ISO });
  const sent = machine.service.requests.filter((line) => line.startsWith('PATCH'));
  const changes = { Image: ISO, Inserted: true, WriteProtected: true };
  t.true(sent[0]?.endsWith(JSON.stringify(changes)), sent[0]);
  await machine.eject('cdrom');
  t.deepEqual(machine.service.images, { Cd: null });
});

test('drives that only a console serves are passed over', async (t) => {
  await using machine = await bench([
    { ...CD, id: 'Nbd', by: 'console' },
    { ...CD, id: 'Kvm', refuses: true },
    CD,
  ]);
  await machine.insert('cdrom');
  t.deepEqual(machine.service.images, { Nbd: null, Kvm: null, Cd: ISO });
});

const NEEDS = [
  ['an answer names', ['TransferProtocolType', 'TransferMethod', 'UserName', 'Password'], {}],
  ['its ActionInfo names', ['TransferProtocolType'], { infoNames: true }],
] as const;
for (const [who, needs, more] of NEEDS)
  test(`the BMC is given parameters that ${who}`, async (t) => {
    await using machine = await bench([{ ...CD, needs, ...more }]);
    await machine.insert('cdrom', 'https://images.example/tool.iso');
    const posts = machine.service.requests.filter((line) => line.includes('InsertMedia {'));
    t.is(posts.length, 'infoNames' in more ? 1 : needs.length + 1);
    const last = JSON.parse((posts.at(-1) ?? '').replace(/^[^{]*/, ''));
    t.is(last.TransferProtocolType, 'HTTPS');
    t.deepEqual(Object.keys(last), ['Image', ...needs]);
  });

const REFUSALS: readonly (readonly [
  what: string,
  drives: readonly DriveTraits[],
  code: IronpxeError['code'],
  words: RegExp,
])[] = [
  ['no drives', [], 'DRIVER_MEDIA_UNSUPPORTED', /no virtual drive for cdrom: found none/],
  [
    'another kind',
    [STICK],
    'DRIVER_MEDIA_UNSUPPORTED',
    /found USBStick, Floppy, expected CD or DVD/,
  ],
  ['a console', [{ ...CD, by: 'console' }], 'DRIVER_MEDIA_UNSUPPORTED', /takes no image by URL/],
  ['a refusal', [{ ...CD, refuses: true }], 'DRIVER_BMC_REFUSED', /is for the console/],
  ['a parameter of its own', [{ ...CD, needs: ['Oem'] }], 'DRIVER_BMC_REFUSED', /parameter Oem/],
  ['no end', [{ ...CD, slow: Infinity }], 'DRIVER_MEDIA_NOT_REACHED', /still empty after 100 ms/],
];
for (const [what, drives, code, words] of REFUSALS)
  test(`it is told what stands in the way: ${what}`, async (t) => {
    await using machine = await bench(drives);
    const error = await t.throwsAsync<IronpxeError>(machine.insert('cdrom'));
    t.is(error.code, code);
    t.regex(error.message, words);
  });

test('a drive that keeps its image is no success', async (t) => {
  await using machine = await bench([{ ...CD, image: ISO, slow: Infinity }]);
  const error = await t.throwsAsync<IronpxeError>(machine.eject('cdrom'));
  t.is(error.code, 'DRIVER_MEDIA_NOT_REACHED');
});
