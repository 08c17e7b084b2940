import type { ErrorRows } from './row.ts';

/** Failures of the room `netboot`. */
export const NETBOOT_ERRORS = {
  NETBOOT_LOADER_MISSING: {
    status: 500,
    retry: false,
    cause: 'A boot loader that machines fetch is not on this host.',
    next: 'Install the distribution package that the message names.',
  },
  NETBOOT_LISTEN_IN_USE: {
    status: 500,
    retry: true,
    cause: 'Another program already listens where a netboot service wants to.',
    next: 'Stop that program, or give the service another address in the configuration.',
  },
  NETBOOT_LISTEN_REFUSED: {
    status: 500,
    retry: false,
    cause: 'The operating system did not let a netboot service listen.',
    next: 'Check that the address belongs to this host and that the service may use ports below 1024 (root or CAP_NET_BIND_SERVICE).',
  },
  NETBOOT_SUBNET_INVALID: {
    status: 500,
    retry: false,
    cause: 'A DHCP subnet of the configuration contradicts itself or another one.',
    next: 'Correct the subnet in the configuration.',
  },
  BOOT_TEMPLATE_INVALID: {
    status: 500,
    retry: false,
    cause: 'A boot template is missing, or uses placeholders that it may not.',
    next: 'Compare the template with the one that ironpxe ships in pxe-templates/.',
  },
  BOOT_FACTS_INVALID: {
    status: 500,
    retry: false,
    cause: 'What the node is to boot cannot be written into a boot config.',
    next: 'Correct the kernel parameters or images of the node and deploy again.',
  },
} as const satisfies ErrorRows;
