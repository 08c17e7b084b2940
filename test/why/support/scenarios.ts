import type { Ipv4 } from '../../../conductor/values/ipv4.ts';
import type { Act, Scenario } from './acts.ts';

const LEASE: Act = { do: 'dhcp', as: 'pxe', reaction: 'take' };
const LOADER: readonly Act[] = [
  { do: 'tftp', file: 'pxelinux.0' },
  { do: 'tftp', file: 'ldlinux.c32' },
  { do: 'tftp', file: 'pxelinux.cfg/01-52-54-00-00-00-01' },
];
const KERNEL: Act = { do: 'tftp', file: '{uuid}/deploy_kernel' };
const RAMDISK: Act = { do: 'tftp', file: '{uuid}/deploy_ramdisk' };
const FETCHED: readonly Act[] = [LEASE, ...LOADER, KERNEL, RAMDISK];
const UP: readonly Act[] = [...FETCHED, { do: 'dhcp', as: 'ramdisk', reaction: 'take' }];
const STRAY = '192.0.2.101' as Ipv4;

/** Faults, each in the phase of the boot where it shows; the machine is played, the rest is real. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'power-not-reached': { code: 'BMC_IGNORES_POWER', acts: [], power: 'DRIVER_POWER_NOT_REACHED' },
  'bmc-unreachable': { code: 'BMC_UNREACHABLE', acts: [], power: 'DRIVER_BMC_UNREACHABLE' },
  'image-missing': { code: 'KNOWN_ERROR', acts: [], image: 'missing' },
  'never-asked': { code: 'NO_DISCOVER', acts: [] },
  'asked-before': {
    code: 'BMC_SILENT',
    before: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore' }],
    acts: [],
  },
  'other-system': {
    code: 'BOOT_DEVICE_IGNORED',
    acts: [{ do: 'dhcp', as: 'os', reaction: 'take' }],
  },
  'wrong-mac': { code: 'WRONG_MAC', acts: [LEASE], port: 'other' },
  'port-disabled': { code: 'PORT_NOT_PXE_ENABLED', acts: [LEASE], port: 'disabled' },
  'unknown-relay': {
    code: 'NO_SUBNET',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore', times: 2, relay: '198.51.100.9' as Ipv4 }],
  },
  'addresses-exhausted': {
    code: 'ADDRESSES_EXHAUSTED',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore', times: 2 }],
    full: true,
  },
  'no-loader': {
    code: 'LOADER_NOT_INSTALLED',
    acts: [{ do: 'dhcp', as: 'arm64', reaction: 'take' }],
  },
  'alien-architecture': {
    code: 'ARCHITECTURE_UNKNOWN',
    acts: [{ do: 'dhcp', as: 'alien', reaction: 'take' }],
  },
  'foreign-dhcp': {
    code: 'FOREIGN_DHCP',
    before: [{ do: 'serve', ms: 4500 }],
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore', times: 3 }],
    search: true,
  },
  'rogue-dhcp': { code: 'ROGUE_DHCP', acts: [{ do: 'dhcp', as: 'pxe', reaction: 'other' }] },
  'address-declined': {
    code: 'ADDRESS_IN_USE',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'decline', times: 3 }],
  },
  'dhcp-refused': {
    code: 'DHCP_REFUSED',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'take', times: 3, requested: '203.0.113.7' as Ipv4 }],
  },
  'offer-lost': {
    code: 'OFFER_LOST',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore', times: 4 }],
  },
  'proxy-unused': {
    code: 'PROXY_OFFER_UNUSED',
    acts: [{ do: 'dhcp', as: 'pxe', reaction: 'ignore', times: 4 }],
    mode: 'proxy',
  },
  'tftp-blocked': { code: 'TRANSFER_NEVER_BEGAN', acts: [LEASE] },
  'lease-of-another': {
    code: 'LEASE_OF_ANOTHER',
    acts: [
      LEASE,
      ...LOADER.slice(0, 2),
      { do: 'tftp', file: 'pxelinux.cfg/01-52-54-00-00-00-01', from: STRAY },
    ],
  },
  'kernel-gone': { code: 'FILE_MISSING', acts: [LEASE, ...LOADER, KERNEL], kernel: 'gone' },
  'tftp-loss': {
    code: 'TFTP_LOSS',
    acts: [LEASE, ...LOADER, { ...KERNEL, stopAfter: 40 }],
  },
  'transfer-aborted': {
    code: 'TRANSFER_ABORTED',
    acts: [LEASE, ...LOADER, KERNEL, { ...RAMDISK, stopAfter: 40, abort: true }],
  },
  'kernel-rejected': { code: 'KERNEL_REJECTED', acts: [LEASE, ...LOADER, KERNEL] },
  'wrong-kernel': { code: 'KERNEL_INVALID', acts: [LEASE, ...LOADER, KERNEL], kernel: 'text' },
  'wrong-kernel-pxelinux': { code: 'KERNEL_INVALID', acts: FETCHED, kernel: 'text' },
  'wrong-ramdisk': { code: 'RAMDISK_INVALID', acts: FETCHED, ramdisk: 'text' },
  'nothing-came-back': {
    code: 'NOTHING_CAME_BACK',
    acts: [
      { do: 'dhcp', as: 'pxe', reaction: 'other', requested: '192.0.2.100' as Ipv4 },
      ...FETCHED.slice(1),
    ],
    mode: 'proxy',
  },
  'no-nic-driver': { code: 'RAMDISK_NO_NETWORK', acts: FETCHED },
  'ramdisk-offer-lost': {
    code: 'RAMDISK_OFFER_LOST',
    acts: [...FETCHED, { do: 'dhcp', as: 'ramdisk', reaction: 'ignore', times: 3 }],
  },
  'callback-blocked': { code: 'CALLBACK_BLOCKED', acts: UP },
  'callback-refused': {
    code: 'CALLBACK_REFUSED',
    acts: [...UP, { do: 'callback', key: 'an-old-one' }],
  },
  'ramdisk-restarts': {
    code: 'RAMDISK_RESTARTS',
    acts: [...FETCHED, ...FETCHED, ...FETCHED],
  },
  'iscsi-closed': { code: 'ISCSI_PORT_CLOSED', acts: [...UP, { do: 'callback' }] },
  'commands-closed': {
    code: 'COMMAND_PORT_CLOSED',
    acts: [...UP, { do: 'callback', commands: true }],
  },
  'hints-match-none': {
    code: 'DISK_HINTS',
    acts: [
      ...UP,
      {
        do: 'callback',
        error:
          'No disk matches the root device hints size=500; disks seen: /dev/sda 931 GiB (model ST1000).',
      },
    ],
  },
  'no-disk-driver': {
    code: 'NO_DISK',
    acts: [
      ...UP,
      {
        do: 'callback',
        error: 'No disk of the list "sda hda vda" appeared within 60 s; disks seen: none.',
      },
    ],
  },
  'no-listed-disk': {
    code: 'DISK_NAMES',
    acts: [
      ...UP,
      {
        do: 'callback',
        error:
          'No disk of the list "sda hda vda" appeared within 60 s; disks seen: /dev/pmem0 128 GiB.',
      },
    ],
  },
  'tgtd-died': {
    code: 'RAMDISK_REPORTED',
    acts: [...UP, { do: 'callback', error: 'tgtd does not answer within 10 s.' }],
  },
};
