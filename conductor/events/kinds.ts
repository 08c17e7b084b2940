/** Every kind of entry in a node's timeline, with what it says. */
export const EVENT_KINDS = {
  'node.created': 'The node was enrolled.',
  'node.updated': 'Fields of the node were changed through the API.',
  'node.deleted': 'The node was removed.',
  'state.changed': 'The provision state changed.',
  'operation.started': 'A verb was accepted and its steps were planned.',
  'operation.resumed': 'A restarted conductor went on with the operation.',
  'operation.ended': 'The operation ended, well or not.',
  'step.started': 'A step was journaled and started.',
  'step.done': 'A step ended well.',
  'step.failed': 'A step failed.',
  'power.changed': 'The machine was switched, or its power state was found changed.',
  'power.unexpected': 'The machine was found switched by somebody else.',
  'power.failure':
    'The power state could not be read or set for too long: the node is in maintenance.',
  'power.recovered': 'The power state can be read again: the node left maintenance.',
  'power.requested': 'Somebody is asked to switch the machine.',
  'power.confirmed': 'Somebody said that the machine was switched.',
  'power.declined': 'Somebody said that the machine cannot be switched.',
  'boot.pxe_seen': 'The machine came to boot from the network, as it was told.',
  'boot.pxe_missing': 'The BMC accepted the boot device, but no PXE request came.',
  'boot_device.changed': 'The boot device was set.',
  'firmware.read':
    "The versions of the machine's firmware were read and had changed, or were not told.",
  'media.attached': 'An image was put into a virtual drive of the machine.',
  'media.detached': 'Virtual drives of the machine were emptied.',
  'media.failed': 'A virtual drive of the machine could not be changed.',
  'agent.heartbeat': 'An agent (IPA) reported for the first time, or told of its work.',
  'network.changed': 'The machine was put on networks of Neutron, or taken from them.',
  'agent.step': 'An agent (IPA) carried out a clean, deploy or service step.',
  'network.event': 'Neutron told of a port of the machine.',
  'boot_facts.changed': 'What the machine boots next was changed.',
  'dhcp.discover': 'A DISCOVER arrived from the machine.',
  'dhcp.offer': 'An address and boot options were offered.',
  'dhcp.ack': 'A lease was confirmed.',
  'dhcp.nak': 'A REQUEST was refused.',
  'dhcp.decline': 'The machine said that the address is in use by another.',
  'dhcp.release': 'The machine gave its address back.',
  'dhcp.conflict': 'An address was found in use before it was offered.',
  'dhcp.foreign': 'Another DHCP server answers on the network, or the machine follows it.',
  'dhcp.unknown': 'A machine that is a port of no node asked to boot from the network.',
  'dhcp.inform': 'The machine asked for options only.',
  'tftp.started': 'A TFTP transfer began.',
  'tftp.done': 'A TFTP transfer ended well.',
  'tftp.failed': 'A TFTP transfer was refused or broke off.',
  'http.done': 'An HTTP boot transfer ended well.',
  'http.failed': 'An HTTP boot transfer was refused or broke off.',
  'ramdisk.callback': 'The deploy ramdisk called back.',
  'ramdisk.error': 'The deploy ramdisk reported an error.',
  'ramdisk.released': 'The deploy ramdisk was told to reboot.',
  'ramdisk.classic': 'The ramdisk is a classic one: its disk is open to all, nothing is verified.',
  'ramdisk.rebooted': 'The machine lost its ramdisk in the middle of the work and boots it again.',
  'clean.progress': 'Disks are being wiped or erased.',
  'inspect.done': 'The hardware was looked at.',
  'image.progress': 'An image is being fetched or checked.',
  'iscsi.connected': 'The iSCSI session was established.',
  'iscsi.lost': 'The iSCSI connection broke; it is being made again.',
  'write.queued': 'As many disks as may be are being written: this one waits for its turn.',
  'write.progress': 'The disk is being written.',
  'write.relayed': 'Another machine that has the image handed it on.',
  'write.feeding': 'The machine stays in its ramdisk and hands the image on to others.',
  'write.done': 'The disk was written and flushed.',
  'write.compared': 'The disk was compared with what shall be written.',
  'write.zeroed': 'The ramdisk made parts of the disk zero.',
  'bootloader.progress': 'The boot loader in the image is being installed on the disk.',
  'verify.progress': 'The disk is being read back.',
  'verify.mismatch': 'The disk returned something else than was written; it is written again.',
  'verify.done': 'The disk was read back, and a receipt was stored.',
  'verify.drift': 'The disk of an active node differs from what was deployed.',
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

/**
 * An entry to append to the timeline. `data` holds no secrets; its keys are stored in snake case, as
 * the API shows them.
 */
export type NewEvent = {
  readonly kind: EventKind;
  readonly message: string;
  readonly nodeUuid?: string | undefined;
  readonly operationUuid?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
};
