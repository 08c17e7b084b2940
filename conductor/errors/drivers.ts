import type { ErrorRows } from './row.ts';

/** Failures of the room `drivers`. */
export const DRIVER_ERRORS = {
  DRIVER_UNKNOWN: {
    status: 400,
    retry: false,
    cause: 'No driver of this name is built in.',
    next: 'Give the node one of the drivers that `GET /v1/drivers` lists.',
  },
  DRIVER_INFO_INVALID: {
    status: 400,
    retry: false,
    cause: "A key of the node's driver_info is missing, or its value cannot be used.",
    next: "Correct the node's driver_info; `GET /v1/drivers/NAME/properties` explains each key.",
  },
  DRIVER_SSH_UNREACHABLE: {
    status: 503,
    retry: true,
    cause: 'The host of the virtual machine did not answer on its SSH port.',
    next: 'Check ssh_address and ssh_port, that sshd runs there, and the network between.',
  },
  DRIVER_SSH_AUTH: {
    status: 403,
    retry: false,
    cause: 'The host of the virtual machine refused the SSH user or its key or password.',
    next: 'Check ssh_username and the credential; try the same login with ssh by hand.',
  },
  DRIVER_SSH_HOST_KEY: {
    status: 403,
    retry: false,
    cause: 'The SSH host key differs from the one seen first: another host, or a new installation.',
    next: "If the change is expected, remove the host's line from the known_hosts file of the conductor.",
  },
  DRIVER_VIRSH_MISSING: {
    status: 502,
    retry: false,
    cause: 'The host of the virtual machine has no virsh in the PATH of the SSH user.',
    next: 'Install the package libvirt-clients there.',
  },
  DRIVER_LIBVIRT: {
    status: 502,
    retry: true,
    cause: 'virsh reported an error on the host of the virtual machine.',
    next: "Run the named virsh command there by hand; check that libvirtd runs and the user's rights.",
  },
  DRIVER_MACHINE_NOT_FOUND: {
    status: 404,
    retry: false,
    cause: "No virtual machine on that host has a NIC with one of the node's MACs.",
    next: "Compare the node's ports with `virsh domiflist` on the host, and check ssh_libvirt_uri.",
  },
  DRIVER_MACHINE_AMBIGUOUS: {
    status: 409,
    retry: false,
    cause: "Several virtual machines on that host have a NIC with one of the node's MACs.",
    next: 'Give each virtual machine MACs of its own, or remove the wrong port from the node.',
  },
  DRIVER_POWER_NOT_REACHED: {
    status: 504,
    retry: true,
    cause: 'The machine took the power command but did not reach the wished state in time.',
    next: "Look at the machine's state on its host; then send the power command again.",
  },
  DRIVER_BOOT_DEVICE: {
    status: 400,
    retry: false,
    cause: 'The machine has no such boot device.',
    next: 'Ask `GET /v1/nodes/ID/management/boot_device/supported`, or add the device to the machine.',
  },
  DRIVER_BMC_UNREACHABLE: {
    status: 503,
    retry: true,
    cause: 'The BMC did not answer: wrong address, no network to it, or it hangs.',
    next: 'Check the address and port in driver_info and the network between; reset the BMC if it hangs.',
  },
  DRIVER_BMC_AUTH: {
    status: 403,
    retry: false,
    cause: 'The BMC refused the user, the password, the privilege level or the cipher suite.',
    next: "Correct the node's driver_info; try the same user on the BMC's own page.",
  },
  DRIVER_BMC_BUSY: {
    status: 503,
    retry: true,
    cause: 'The BMC said for long that it is busy: too many sessions, or it has just started.',
    next: 'Wait a minute and send the command again; reset the BMC if it stays busy.',
  },
  DRIVER_BMC_REFUSED: {
    status: 502,
    retry: false,
    cause: 'The BMC answered the command with an error: it cannot do it, or not in this state.',
    next: "Read the BMC's words in the message; its firmware may need an update.",
  },
  DRIVER_BMC_TLS: {
    status: 502,
    retry: false,
    cause: "The BMC's certificate cannot be trusted.",
    next: 'Set redfish_verify_ca to the certificate of its issuer, or to false in a network that you trust.',
  },
  DRIVER_RESET_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: 'The machine has no such kind of reset.',
    next: 'Use one of the power targets that it has: power on, power off, rebooting.',
  },
  DRIVER_MEDIA_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: 'The machine has no virtual drive of this kind that takes an image by its URL.',
    next: "Choose another device_type; look on the BMC's own page whether virtual media need a licence.",
  },
  DRIVER_MEDIA_NOT_REACHED: {
    status: 504,
    retry: true,
    cause: 'The BMC took the command, but its virtual drive did not become as it was told to be.',
    next: 'Check that the BMC reaches the URL of the image (external_http_url, or boot_http.url); try again.',
  },
  POWER_NOT_CONFIRMED: {
    status: 504,
    retry: true,
    cause: 'Nobody said within the time that the machine was switched.',
    next: 'Switch it, say so with `ironpxe node power NODE confirm`, and begin again.',
  },
  POWER_DECLINED: {
    status: 409,
    retry: false,
    cause: 'Whoever was asked to switch the machine said that it cannot be done.',
    next: 'Read the reason, mend it, and begin again.',
  },
  POWER_NOT_REQUESTED: {
    status: 409,
    retry: false,
    cause: 'The node waits for nobody: the request was answered, or its time is over.',
    next: 'Look at `ironpxe node events NODE`; begin the verb or the power change anew.',
  },
  POWER_WEBHOOK: {
    status: 502,
    retry: true,
    cause: 'The web hook that switches the machine did not take the request.',
    next: 'Check manual_webhook_url in driver_info, and the service behind it.',
  },
} as const satisfies ErrorRows;
