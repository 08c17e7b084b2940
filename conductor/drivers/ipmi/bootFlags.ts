import type { BootDevice, BootMode } from '../types.ts';

/** IPMI v2.0 table 28-14, boot option parameter 5, data 2, bits 5:2. */
const SELECTOR = { pxe: 0x04, disk: 0x08, cdrom: 0x14 } as const satisfies Record<
  BootDevice,
  number
>;
/** Supermicro boots a UEFI disk only by the selector of a remote one. */
const SUPERMICRO_EFI_DISK = 0x24;

const VALID = 0x80;
const PERSISTENT = 0x40;
const EFI = 0x20;

/**
 * Arguments of `ipmitool raw` that set the boot device: Set System Boot Options (NetFn 00h, command
 * 08h) with parameter 5. `ipmitool chassis bootdev` is not used: which of its options it honours
 * together (persistent, efiboot) differs between its versions.
 */
export function setBootFlags(
  device: BootDevice,
  wanted: {
    readonly persistent: boolean;
    readonly bootMode?: BootMode | undefined;
    readonly model?: string | undefined;
  },
): readonly string[] {
  const efi = wanted.bootMode === 'uefi';
  const flags = VALID | (wanted.persistent ? PERSISTENT : 0) | (efi ? EFI : 0);
  const swapped = efi && device === 'disk' && /supermicro/i.test(wanted.model ?? '');
  const selector = swapped ? SUPERMICRO_EFI_DISK : SELECTOR[device];
  return ['raw', ...[0x00, 0x08, 0x05, flags, selector, 0, 0, 0].map(hex)];
}

/**
 * Arguments that keep the BMC from dropping the boot device after 60 s (parameter 3, bit 3): many
 * machines take longer from the command to the firmware's look at it.
 */
export const DISABLE_BOOT_TIMEOUT: readonly string[] = ['raw', '0x00', '0x08', '0x03', '0x08'];

/** Arguments that ask for the boot device. */
export const GET_BOOT_FLAGS: readonly string[] = ['chassis', 'bootparam', 'get', '5'];

/** The answer to {@link GET_BOOT_FLAGS}, from its raw bytes; `undefined` where it holds none. */
export function parseBootFlags(
  output: string,
): { readonly device: BootDevice | undefined; readonly persistent: boolean } | undefined {
  const [, digits = ''] = /Boot parameter data: *([\da-f]{10})/i.exec(output) ?? [];
  if (digits === '') return undefined;
  const [flags = 0, second = 0] = Buffer.from(digits, 'hex');
  const selector = second & 0x3c;
  const found = selector === SUPERMICRO_EFI_DISK ? 'disk' : deviceOf(selector);
  return { device: found, persistent: (flags & PERSISTENT) !== 0 };
}

function deviceOf(selector: number): BootDevice | undefined {
  const devices = Object.entries(SELECTOR) as [BootDevice, number][];
  return devices.find(([, value]) => value === selector)?.[0];
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
