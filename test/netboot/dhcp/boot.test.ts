import test from 'ava';
import { bootAnswer, bootOptions } from '../../../conductor/netboot/dhcp/boot.ts';
import type { DhcpClient } from '../../../conductor/netboot/dhcp/client.ts';
import { OPTION } from '../../../conductor/netboot/dhcp/codes.ts';
import { dhcpConfig } from '../../../conductor/netboot/dhcp/config.ts';
import { LOADERS } from '../../../conductor/netboot/dhcp/loaders.ts';
import { readText } from '../../../conductor/netboot/dhcp/options.ts';
import type { DhcpSnapshot } from '../../../conductor/netboot/dhcp/snapshot.ts';
import type { KnownHost } from '../../../conductor/netboot/facts.ts';
import { LOADER_FILES } from '../../../conductor/netboot/tree/loaders.ts';
import { NOW_MS, OPTIONS } from '../support/dhcp.ts';
import { bootFacts, NODE } from '../support/machines.ts';

const URL = 'http://192.0.2.1:8080';
const HOST: KnownHost = { nodeUuid: NODE, hostname: undefined, ipxe: false };

function client(changes: Partial<DhcpClient>): DhcpClient {
  const vendorClass = 'PXEClient';
  return { pxe: true, http: false, ipxe: false, architecture: 7, vendorClass, ...changes };
}

function snapshot(
  host: Partial<KnownHost>,
  missingLoaders = new Map<string, string>(),
): DhcpSnapshot {
  const config = dhcpConfig({ ...OPTIONS, missingLoaders });
  const [subnet] = config.subnets;
  if (subnet === undefined) throw new Error('no subnet');
  return {
    config,
    subnet,
    nowMs: NOW_MS,
    host: { ...HOST, ...host },
    boot: bootFacts(),
    lease: undefined,
    holder: undefined,
    candidate: undefined,
  };
}

const CASES: [string, Partial<DhcpClient>, Partial<KnownHost>, string | undefined][] = [
  ['x64, GRUB', {}, {}, 'bootx64.efi'],
  ['x64 by the other number', { architecture: 9 }, {}, 'bootx64.efi'],
  ['x64, iPXE', {}, { ipxe: true }, 'snponly.efi'],
  ['x64, iPXE with drivers', {}, { ipxe: true, ipxeDrivers: true }, 'ipxe.efi'],
  ['BIOS, iPXE with drivers', { architecture: 0 }, { ipxe: true, ipxeDrivers: true }, 'ipxe.pxe'],
  ['iPXE on UEFI, GRUB node', { ipxe: true }, {}, `${URL}/boot.ipxe`],
  ['iPXE on BIOS, pxelinux node', { ipxe: true, architecture: 0 }, {}, 'pxelinux.0'],
  ['arm64', { architecture: 11 }, {}, 'bootaa64.efi'],
  ['x86 HTTP', { pxe: false, http: true, architecture: 15 }, {}, `${URL}/snponly-ia32.efi`],
  ['x64 HTTP', { pxe: false, http: true, architecture: 16 }, {}, `${URL}/snponly.efi`],
  ['arm32 HTTP', { pxe: false, http: true, architecture: 18 }, {}, `${URL}/snponly-arm32.efi`],
  ['arm64 HTTP', { pxe: false, http: true, architecture: 19 }, {}, `${URL}/snponly-arm64.efi`],
  ['BIOS HTTP', { pxe: false, http: true, architecture: 20 }, {}, `${URL}/undionly.kpxe`],
  ['silent firmware', { architecture: undefined }, {}, 'pxelinux.0'],
  ['silent firmware, UEFI node', { architecture: undefined }, { bootMode: 'uefi' }, 'bootx64.efi'],
  ['the firmware wins', { architecture: 0 }, { bootMode: 'uefi' }, 'pxelinux.0'],
  ['no such architecture', { architecture: 27 }, {}, undefined],
];

for (const [name, changes, host, file] of CASES)
  test(`boot file: ${name}`, (t) => {
    t.is(bootAnswer(client(changes), snapshot(host)).file, file);
  });

test('UEFI HTTP boot is answered with its vendor class and the URL, and no PXE options', (t) => {
  const http = client({ pxe: false, http: true, architecture: 16 });
  const options = new Map(bootOptions(bootAnswer(http, snapshot({})), http));
  t.is(readText(options.get(OPTION.vendorClass)), 'HTTPClient');
  t.is(readText(options.get(OPTION.bootFile)), `${URL}/snponly.efi`);
  t.deepEqual([...options.keys()], [OPTION.bootFile, OPTION.vendorClass]);
});

test('a loader that this host lacks is named, with what to do', (t) => {
  const missing = new Map([['bootaa64.efi', 'install it']]);
  const answer = bootAnswer(client({ architecture: 11 }), snapshot({}, missing));
  t.deepEqual(answer, {
    file: undefined,
    why: 'bootaa64.efi for Arm 64 UEFI is missing: install it',
  });
});

test('every loader of the table is a file of the tree', (t) => {
  for (const { pxe, ipxe, ipxeDrivers } of LOADERS.values())
    for (const name of [pxe, ipxe, ipxeDrivers]) t.true(Object.hasOwn(LOADER_FILES, name), name);
});
