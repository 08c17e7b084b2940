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
  'boot_device.changed': 'The boot device was set.',
  'boot_facts.changed': 'What the machine boots next was changed.',
  'dhcp.discover': 'A DISCOVER arrived from the machine.',
  'dhcp.offer': 'An address and boot options were offered.',
  'dhcp.ack': 'A lease was confirmed.',
  'dhcp.nak': 'A REQUEST was refused.',
  'dhcp.decline': 'The machine said that the address is in use by another.',
  'dhcp.release': 'The machine gave its address back.',
  'dhcp.inform': 'The machine asked for options only.',
  'tftp.started': 'A TFTP transfer began.',
  'tftp.done': 'A TFTP transfer ended well.',
  'tftp.failed': 'A TFTP transfer was refused or broke off.',
  'http.done': 'An HTTP boot transfer ended well.',
  'http.failed': 'An HTTP boot transfer was refused or broke off.',
  'ramdisk.callback': 'The deploy ramdisk called back.',
  'ramdisk.error': 'The deploy ramdisk reported an error.',
  'ramdisk.released': 'The deploy ramdisk was told to reboot.',
  'image.progress': 'An image is being fetched or checked.',
  'iscsi.connected': 'The iSCSI session was established.',
  'iscsi.lost': 'The iSCSI connection broke; it is being made again.',
  'write.progress': 'The disk is being written.',
  'write.done': 'The disk was written and flushed.',
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
