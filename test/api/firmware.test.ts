import test from 'ava';
import { putFirmwareVersions } from '../../conductor/store/firmwareComponents.ts';
import type { JsonObject } from '../../conductor/store/types.ts';
import { type Harness, openHarness } from './harness.ts';

const A = '11111111-1111-4111-8111-111111111111';
const FIRMWARE = 'GET /v1/nodes/one/firmware';
const VMEDIA = '/v1/nodes/one/vmedia';
type Test = { teardown(fn: () => Promise<void>): void };

async function withNode(t: Test, body: JsonObject = {}): Promise<Harness> {
  const api = await openHarness('http://h');
  t.teardown(api.close);
  const node = { driver: 'fake-hardware', uuid: A, name: 'one', ...body };
  await api.send('POST /v1/nodes', { body: node });
  return api;
}

test('firmware_interface is the default of the driver, or what was chosen', async (t) => {
  const api = await withNode(t);
  const patch = (body: readonly object[], query = '', minor?: number) =>
    api.send(`PATCH /v1/nodes/one${query}`, { body, ...(minor && { minor }) });
  t.is((await api.send('GET /v1/nodes/one')).json.firmware_interface, 'fake');
  const chosen = { op: 'add', path: '/firmware_interface', value: 'no-firmware' };
  t.is((await patch([chosen], '', 85)).status, 406);
  t.is((await patch([{ ...chosen, value: 'redfish' }])).status, 400);
  t.is((await patch([chosen])).json.firmware_interface, 'no-firmware');
  const gone = { op: 'remove', path: '/firmware_interface' };
  t.is((await patch([gone])).json.firmware_interface, 'fake');
  await patch([chosen]);
  const driver = { op: 'replace', path: '/driver', value: 'fake-hardware' };
  const reset = await patch([driver], '?reset_interfaces=true');
  t.is(reset.json.firmware_interface, 'fake');
  const body = { driver: 'pxe_ssh', firmware_interface: 'no-firmware' };
  t.is((await api.send('POST /v1/nodes', { body, minor: 85 })).status, 406);
  t.is((await api.send('POST /v1/nodes', { body })).json.firmware_interface, 'no-firmware');
});

test('drivers tell their firmware interfaces from 1.86 on', async (t) => {
  const api = await withNode(t);
  const show = async (minor: number) =>
    (await api.send('GET /v1/drivers/fake-hardware', { minor })).json;
  t.false('default_firmware_interface' in (await show(85)));
  t.like(await show(86), {
    default_firmware_interface: 'fake',
    enabled_firmware_interfaces: ['fake', 'no-firmware'],
  });
});

test('validate tells whether there is a firmware interface', async (t) => {
  const api = await withNode(t, { firmware_interface: 'no-firmware' });
  const { json } = await api.send('GET /v1/nodes/one/validate');
  t.deepEqual(json.firmware, {
    result: false,
    reason: 'Driver fake-hardware does not support firmware (disabled or not implemented).',
  });
});

test('components are listed with their versions', async (t) => {
  const api = await withNode(t);
  t.deepEqual((await api.send(FIRMWARE)).json, { firmware: [] });
  t.is((await api.send(FIRMWARE, { minor: 85 })).status, 404);
  t.is((await api.send('GET /v1/nodes/two/firmware')).status, 404);
  const put = (component: string, version: string) =>
    putFirmwareVersions(api.database, A, [{ component, version }]);
  await put('bmc', '2.1');
  await put('bios', 'P79');
  await put('bmc', '2.2');
  const list = async (query: string) => {
    const { json } = await api.send(`${FIRMWARE}${query}`, { minor: 86 });
    return json.firmware as JsonObject[];
  };
  const [bmc, bios] = await list('');
  t.like(bmc, {
    component: 'bmc',
    initial_version: '2.1',
    current_version: '2.2',
    last_version_flashed: '2.2',
  });
  t.like(bios, { component: 'bios', last_version_flashed: null, updated_at: null });
  const [row] = await list('?fields=component,current_version');
  const names = ['component', 'current_version', 'created_at', 'updated_at'];
  t.deepEqual(Object.keys(row ?? {}), names);
  t.deepEqual(await list('?detail=true'), await list(''));
  for (const query of ['fields=vendor', 'fields=component&detail=true', 'sort=x', 'detail=perhaps'])
    t.is((await api.send(`${FIRMWARE}?${query}`)).status, 400, query);
});

test('what a driver without virtual media cannot do is refused', async (t) => {
  const api = await withNode(t);
  const body = { device_type: 'cdrom', image_url: 'http://images.example/x.iso' };
  const attach = await api.send(`POST ${VMEDIA}`, { body });
  t.is(attach.status, 400);
  t.regex(String(attach.error.faultstring), /fake-hardware does not support attach_virtual_media/);
  const detach = await api.send(`DELETE ${VMEDIA}`);
  t.is(detach.status, 400);
  t.regex(String(detach.error.faultstring), /does not support detach_virtual_media/);
  t.is((await api.send(`POST ${VMEDIA}`, { body, minor: 88 })).status, 404);
  t.is((await api.send(`DELETE ${VMEDIA}`, { minor: 88 })).status, 404);
  t.is((await api.send('POST /v1/nodes/two/vmedia', { body })).status, 404);
  t.is((await api.send(`GET ${VMEDIA}`)).status, 405, 'it came with 1.93');
});

const GOOD = { device_type: 'cdrom', image_url: 'http://images.example/x.iso' };
const BAD: readonly (readonly [what: string, body: unknown, words: RegExp])[] = [
  ['no body', undefined, /virtual media/],
  ['no device', { image_url: GOOD.image_url }, /device_type/],
  ['no image', { device_type: 'disk' }, /image_url/],
  ['another device', { ...GOOD, device_type: 'dvd' }, /device_type/],
  ['another source', { ...GOOD, image_download_source: 'ftp' }, /image_download_source/],
  ['a field too many', { ...GOOD, username: 'u' }, /username/],
  ['a file', { ...GOOD, image_url: 'file:///x.iso' }, /found a URL of the kind file:/],
  ['no URL', { ...GOOD, image_url: 'x.iso' }, /found no URL/],
  ['what is not fetched', { ...GOOD, image_url: 'nfs://h/x.iso' }, /image_download_source "http"/],
];
for (const [what, body, words] of BAD)
  test(`an image for a virtual drive is refused: ${what}`, async (t) => {
    const api = await withNode(t);
    const reply = await api.send(`POST ${VMEDIA}`, body === undefined ? {} : { body });
    t.is(reply.status, 400);
    t.regex(String(reply.error.faultstring), words);
  });

test('virtual drives are named by commas', async (t) => {
  const api = await withNode(t);
  const refusal = async (query: string) => {
    const { status, error } = await api.send(`DELETE ${VMEDIA}?${query}`);
    t.is(status, 400);
    return String(error.faultstring);
  };
  t.regex(await refusal('device_types=cdrom,dvd'), /found dvd, expected some of disk, cdrom/);
  t.regex(await refusal('devices=cdrom'), /Unexpected arguments: devices/);
  for (const query of ['device_types=CDROM,%20disk', 'device_types='])
    t.regex(await refusal(query), /does not support detach_virtual_media/);
});
