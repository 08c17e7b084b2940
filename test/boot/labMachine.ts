import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../conductor/process/run.ts';
import type { HardwareFacts } from '../../lab/hardware.ts';
import { libvirtUri } from '../../lab/libvirt.ts';
import type { SwitchedMachine } from '../drivers/support/qemuMachine.ts';

/**
 * A machine of the lab for a BMC to switch. What stands in the file `boot` of its folder when it is
 * started is the only device it can boot from (`pxe`, else its disk), so a boot device that is not set
 * fails the boot.
 */
export async function labMachine(
  { stateDir }: HardwareFacts,
  name: string,
): Promise<SwitchedMachine> {
  const folder = join(stateDir, 'bmc', name);
  const script = join(folder, 'machine');
  const uri = libvirtUri(stateDir);
  await mkdir(folder, { recursive: true });
  const { stdout: xml } = await run('virsh', ['-q', '-c', uri, 'dumpxml', '--inactive', name]);
  await writeFile(join(folder, 'pxe.xml'), withoutOrder(xml, 'disk'));
  await writeFile(join(folder, 'disk.xml'), withoutOrder(xml, 'interface'));
  await writeFile(script, switchScript(folder, uri, name));
  await chmod(script, 0o700);
  return { folder, script };
}

function withoutOrder(xml: string, device: 'disk' | 'interface'): string {
  const pattern = new RegExp(`(<${device} (?:(?!</${device}>).)*)<boot order='\\d'/>`, 's');
  if (!pattern.test(xml)) throw new Error(`no boot order of ${device} in ${xml}`);
  return xml.replace(pattern, '$1');
}

function switchScript(folder: string, uri: string, name: string): string {
  return `#!/bin/sh
cd '${folder}'
v() { virsh -q -c '${uri}' "$@" 2>>log; }
is_on() { [ "$(v domstate ${name})" = running ]; }
if [ "$1" = state ]; then is_on && echo 1 || echo 0; exit; fi
case "$1" in
  on) is_on || { [ "$(cat boot)" = pxe ] && from=pxe || from=disk; v define $from.xml; v start ${name}; } ;;
  off) ! is_on || v destroy ${name} ;;
esac >>log
`;
}
