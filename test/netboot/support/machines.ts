import type { BootFacts } from '../../../conductor/netboot/facts.ts';
import type { Mac } from '../../../conductor/values/mac.ts';
import type { TestMachine } from './memoryFacts.ts';

export const NODE = '11111111-2222-4333-8444-555555555555';
export const OTHER_NODE = '99999999-2222-4333-8444-555555555555';
/** The MAC of the captured PXE dialogues. */
export const MAC = '52:54:00:00:00:01' as Mac;
export const OTHER_MAC = '52:54:00:00:00:02' as Mac;

/** Boot facts in the deploy state, with `changes`. */
export function bootFacts(changes: Partial<BootFacts> = {}): BootFacts {
  return {
    nodeUuid: NODE,
    label: 'deploy',
    files: { deploy_kernel: '/nowhere/kernel', deploy_ramdisk: '/nowhere/ramdisk' },
    deployOptions: 'console=ttyS0',
    bootOptions: 'root=UUID=1234 ro',
    diskIdentifier: undefined,
    ...changes,
  };
}

/** A known machine. */
export function machine(changes: Partial<TestMachine> & { ipxe?: boolean } = {}): TestMachine {
  const { ipxe = false, ...rest } = changes;
  const host = { nodeUuid: NODE, hostname: undefined, ipxe };
  return { mac: MAC, host, boot: bootFacts({ nodeUuid: rest.host?.nodeUuid ?? NODE }), ...rest };
}
