import test from 'ava';
import { bootOptions } from '../../conductor/networking/dhcpOptions.ts';
import { tryParseIpv4 } from '../../conductor/values/ipv4.ts';

const servers = { tftpServer: tryParseIpv4('192.0.2.1'), httpUrl: 'http://192.0.2.1:8088' };
const script = { 'tag:ipxe,67': 'http://192.0.2.1:8088/boot.ipxe' };

/** What the node is said to be, and which file firmware is sent to. */
const ROWS = [
  [{ ipxe: false }, 'x86_64', { '67': 'pxelinux.0' }],
  [{ ipxe: false, bootMode: 'bios' }, undefined, { '67': 'pxelinux.0' }],
  [{ ipxe: true }, 'x86_64', { 'tag:!ipxe,67': 'undionly.kpxe', ...script }],
  [{ ipxe: true, ipxeDrivers: true }, 'x86_64', { 'tag:!ipxe,67': 'ipxe.pxe', ...script }],
  [{ ipxe: false, bootMode: 'uefi' }, 'x86_64', { 'tag:!ipxe,67': 'bootx64.efi', ...script }],
  [{ ipxe: true, bootMode: 'uefi' }, 'x86_64', { 'tag:!ipxe,67': 'snponly.efi', ...script }],
  [{ ipxe: false, bootMode: 'uefi' }, 'aarch64', { 'tag:!ipxe,67': 'bootaa64.efi', ...script }],
] as const;

for (const [host, cpuArch, files] of ROWS)
  test(`${JSON.stringify(host)} on ${cpuArch}`, (t) => {
    const options = bootOptions(host, cpuArch, servers);
    const set = options.flatMap(({ opt_name, opt_value }) =>
      opt_value === null ? [] : [[opt_name, opt_value]],
    );
    t.deepEqual(Object.fromEntries(set), {
      ...files,
      '66': '192.0.2.1',
      '150': '192.0.2.1',
      '255': '192.0.2.1',
    });
    t.true(options.every(({ ip_version: version }) => version === 4));
  });

test('what an earlier deploy set and this one does not is removed', (t) => {
  const options = bootOptions({ ipxe: true }, undefined, { ...servers, tftpServer: undefined });
  t.deepEqual(
    options.filter((option) => option.opt_value === null).map((option) => option.opt_name),
    ['67', '66', '150', '255'],
  );
});
