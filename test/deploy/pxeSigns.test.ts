import test from 'ava';
import { BOOT_METHODS, methodsFor } from '../../conductor/deploy/bootMethods.ts';
import { readSigns } from '../../conductor/deploy/pxeSigns.ts';

const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:01:00.000Z';

function event(kind: string, data: Record<string, unknown> = {}, at = AT) {
  return { id: 1, at, nodeUuid: null, operationUuid: null, kind, message: '', data };
}

const OS = event('dhcp.discover');
const VENDOR = event('dhcp.discover', { vendor_class: 'MSFT 5.0' });
const PXE = event('dhcp.discover', { vendor_class: 'PXEClient:Arch:00000:UNDI:002001' }, LATER);
const HTTP = event('dhcp.discover', { vendor_class: 'HTTPClient:Arch:00016' }, LATER);

const TABLE = [
  ['nothing', [], undefined, false],
  ['a power event only', [event('power.changed')], undefined, false],
  ['a system asks for an address', [OS], undefined, true],
  ['another system asks', [VENDOR], undefined, true],
  ['firmware asks', [PXE], LATER, false],
  ['UEFI HTTP boot asks', [HTTP], LATER, false],
  ['a file is fetched', [event('tftp.started')], AT, false],
  ['a file is fetched over HTTP', [event('http.done')], AT, false],
  ['first the old system, then firmware', [OS, PXE], LATER, false],
] as const;

for (const [title, events, pxeAt, otherSystem] of TABLE)
  test(title, (t) => {
    t.deepEqual(readSigns(events), { pxeAt, otherSystem });
  });

test('the method that is known to work comes first, a reset only where there is one', (t) => {
  const names = (driver: object, known?: string) =>
    methodsFor(driver, known).map(({ name }) => name);
  const all = BOOT_METHODS.map(({ name }) => name);
  t.deepEqual(names({ reset: () => undefined }), all);
  t.deepEqual(
    names({}),
    all.filter((name) => name !== 'once_reset'),
  );
  t.deepEqual(names({}, 'once'), ['once', 'persistent', 'persistent_while_off']);
  t.deepEqual(names({ powerSync: false }, 'once'), ['persistent']);
});
