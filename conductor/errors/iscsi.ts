import type { ErrorRows } from './row.ts';

/** Failures of the room `iscsi`. */
export const ISCSI_ERRORS = {
  ISCSI_CONNECT_FAILED: {
    status: 502,
    retry: true,
    cause: 'No TCP connection to the iSCSI portal could be made.',
    next: 'Check that the ramdisk runs its target, the address and listen port, and firewalls between.',
  },
  ISCSI_CONNECT_TIMED_OUT: {
    status: 504,
    retry: true,
    cause: 'The iSCSI portal did not answer in time.',
    next: 'Check that the node is up and that the conductor can reach its network.',
  },
  ISCSI_LOGIN_AUTH_FAILED: {
    status: 502,
    retry: false,
    cause: 'The target did not accept the CHAP name or secret, or does not admit this initiator.',
    next: 'Check that the ramdisk of this very deploy is running: the secret is made new for each.',
  },
  ISCSI_TARGET_NOT_AUTHENTIC: {
    status: 502,
    retry: false,
    cause: 'The target could not prove that it knows the secret of mutual CHAP.',
    next: 'Something else may answer at this address: check which machine holds it.',
  },
  ISCSI_TARGET_NOT_FOUND: {
    status: 502,
    retry: true,
    cause: 'The portal answers, but has no target of this name.',
    next: 'Check the IQN, and that the ramdisk of this very deploy is running.',
  },
  ISCSI_LOGIN_REFUSED: {
    status: 502,
    retry: true,
    cause: 'The target refused the login.',
    next: 'Read the reason in the message; look at the log of the target.',
  },
  ISCSI_LOGIN_REDIRECTED: {
    status: 502,
    retry: false,
    cause: 'The target sends its initiators to another address, which ironpxe does not follow.',
    next: 'Use the address that the message names as the portal.',
  },
  ISCSI_NEGOTIATION_FAILED: {
    status: 502,
    retry: false,
    cause: 'Initiator and target found no common parameters.',
    next: 'Compare the settings (CHAP, digests) with what the target is set up for.',
  },
  ISCSI_PROTOCOL_ERROR: {
    status: 502,
    retry: true,
    cause: 'The target sent something that RFC 7143 does not allow.',
    next: 'Check that an iSCSI target listens there; if so, report the message as a bug.',
  },
  ISCSI_DIGEST_MISMATCH: {
    status: 502,
    retry: true,
    cause: 'Bytes changed between target and conductor: a CRC32C digest does not fit.',
    next: 'Check network cards, cables and switches on the way; checksum offload is a usual culprit.',
  },
  ISCSI_CONNECTION_LOST: {
    status: 502,
    retry: true,
    cause: 'The connection to the target broke.',
    next: 'Check the power and the network of the node.',
  },
  ISCSI_TARGET_LOST: {
    status: 504,
    retry: true,
    cause: 'The target went away and did not come back in time.',
    next: 'Check the power, the network and the console of the node, then deploy again.',
  },
  ISCSI_TARGET_CHANGED: {
    status: 502,
    retry: false,
    cause: 'After a reconnect, another disk answers under the same target name.',
    next: 'Check which machine holds the address; then deploy again.',
  },
  ISCSI_COMMAND_TIMED_OUT: {
    status: 504,
    retry: true,
    cause: 'The target took a command and never answered it.',
    next: 'Check the health of the disk, and the console of the node.',
  },
  ISCSI_SESSION_LOST_BEFORE_FLUSH: {
    status: 502,
    retry: true,
    cause: 'The session was lost after writes were acknowledged and before they were flushed.',
    next: 'The writer goes back to its last flushed point and writes again.',
  },
  ISCSI_LUN_NOT_FOUND: {
    status: 502,
    retry: false,
    cause: 'The target has no such logical unit.',
    next: 'Use one of the LUNs that the message lists.',
  },
  ISCSI_NOT_A_DISK: {
    status: 502,
    retry: false,
    cause: 'The logical unit is not a disk.',
    next: 'Use the LUN of the disk; the disks of tgt start at LUN 1.',
  },
  ISCSI_MEDIUM_ERROR: {
    status: 502,
    retry: false,
    cause: 'The disk of the node cannot read or write one of its blocks.',
    next: 'Replace the disk, or choose another one with root device hints.',
  },
  ISCSI_HARDWARE_ERROR: {
    status: 502,
    retry: false,
    cause: 'The disk of the node, or the way to it, is broken.',
    next: 'Look at the kernel log on the console of the node; replace the disk.',
  },
  ISCSI_ILLEGAL_REQUEST: {
    status: 502,
    retry: false,
    cause: 'The disk does not know the command or rejects a field of it.',
    next: 'Report the message as a bug, with the vendor and product of the disk.',
  },
  ISCSI_WRITE_PROTECTED: {
    status: 502,
    retry: false,
    cause: 'The disk takes no writes: it is write-protected, or its thin pool is full.',
    next: 'Remove the write protection, or give the pool behind the disk more room.',
  },
  ISCSI_NOT_READY: {
    status: 502,
    retry: true,
    cause: 'The disk is there but did not become ready.',
    next: 'Wait for the disk to start up; look at the console of the node.',
  },
  ISCSI_COMMAND_FAILED: {
    status: 502,
    retry: true,
    cause: 'The disk ended a command with an error.',
    next: 'Look up the sense data in the message; look at the log of the target.',
  },
} as const satisfies ErrorRows;
