import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LabFault } from './fault.ts';
import { findHardware } from './hardware.ts';
import { libvirtUri } from './libvirt.ts';

/** `lab console NODE`: connects the terminal to a machine's serial port; returns the exit code. */
export async function openConsole(stateDir: string, nodeName: string): Promise<number> {
  const hardware = await findHardware(stateDir);
  const names = hardware?.nodes.map(({ name }) => name) ?? [];
  if (!names.includes(nodeName))
    throw new LabFault(
      hardware
        ? `There is no machine "${nodeName}"; there are ${names.join(', ')}.`
        : 'No lab stands.',
      'npm run lab -- status tells what stands.',
    );
  const args = ['-c', libvirtUri(stateDir), 'console', '--domain', nodeName];
  const child = spawn('virsh', args, { stdio: 'inherit' });
  // Ctrl-C belongs to the machine's system, not to this command.
  process.on('SIGINT', () => undefined);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
