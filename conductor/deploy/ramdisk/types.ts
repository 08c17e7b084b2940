/** A run of bytes of a disk; both are multiples of its logical blocks. */
export type ByteRange = { readonly offsetBytes: number; readonly lengthBytes: number };

/** The digest of one asked range. `index` counts the ranges as they were asked for, from 0. */
export type RangeDigest = { readonly index: number; readonly sha256: string };

/**
 * How a range was made zero: `unmap` by the disk itself, which promises zeros; `zero_range` by the
 * kernel, with the disk's help where it has some; `written` byte for byte.
 */
export type ZeroWay = 'unmap' | 'zero_range' | 'written';

/** One range that reads as zero now. */
export type ZeroedRange = { readonly index: number; readonly way: ZeroWay };

/**
 * Ways to erase a whole disk. `overwrite` writes zeros over every block. `discard` gives every
 * block back and checks that a sample reads zero. `secure_discard`, `nvme_format` (user data
 * erase), `nvme_format_crypto`, `nvme_sanitize` (block erase), `nvme_sanitize_crypto` and
 * `ata_secure` are done by the disk itself; a disk without that ability refuses with
 * RAMDISK_COMMAND_REFUSED. `auto` is the strongest of them that the disk says it can do, else
 * `overwrite`; never a sanitize, which takes every namespace of its controller.
 */
export const ERASE_WAYS = [
  'auto',
  'nvme_format_crypto',
  'nvme_format',
  'nvme_sanitize',
  'nvme_sanitize_crypto',
  'ata_secure',
  'secure_discard',
  'discard',
  'overwrite',
] as const;
export type EraseWay = (typeof ERASE_WAYS)[number];

/** How far an erase is. A disk that erases itself tells no progress, `doneBytes` jumps at the
 * end; but for a sanitize. */
export type EraseProgress = {
  readonly way: Exclude<EraseWay, 'auto'>;
  readonly doneBytes: number;
  readonly totalBytes: number;
};

/** A place whose old contents were made zero by `wipe`. */
export type WipedPlace = ByteRange & { readonly device: string };

/** A disk as the ramdisk sees it; `undefined` where the disk does not tell. */
export type InventoryDisk = {
  /** `/dev/sda`; of several disks the first is not always the same one at the next boot. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
  readonly model?: string;
  readonly vendor?: string;
  readonly serial?: string;
  readonly wwn?: string;
  readonly wwnWithExtension?: string;
  readonly wwnVendorExtension?: string;
  readonly rotational?: boolean;
  readonly hctl?: string;
  readonly byPath?: string;
  /** Whether the kernel can have the disk discard blocks, or write zeroes by itself. */
  readonly canDiscard: boolean;
  readonly canWriteZeroes: boolean;
};

/** A NIC with hardware behind it. */
export type InventoryNic = {
  readonly name: string;
  readonly mac: string;
  readonly hasCarrier: boolean;
  /** Link speed; absent without a link, and for virtual NICs. */
  readonly speedMbps?: number;
  readonly ipv4?: string;
  readonly driver?: string;
  readonly pciVendor?: string;
  readonly pciProduct?: string;
  /** The NIC that the ramdisk talks through. */
  readonly isBootNic: boolean;
  /** The TLVs of the last LLDP frame that a switch sent, in hexadecimal. */
  readonly lldp?: string;
};

/** What a machine is made of. */
export type Inventory = {
  readonly cpu: {
    readonly count: number;
    readonly model?: string;
    readonly architecture: string;
    readonly frequencyMhz?: number;
    readonly flags: readonly string[];
  };
  /** What the kernel has to give out, and what SMBIOS says is plugged in (absent without SMBIOS). */
  readonly memory: { readonly totalBytes: number; readonly physicalMib?: number };
  readonly disks: readonly InventoryDisk[];
  readonly nics: readonly InventoryNic[];
  readonly system: {
    readonly manufacturer?: string;
    readonly productName?: string;
    readonly serialNumber?: string;
    readonly uuid?: string;
  };
  readonly boot: { readonly mode: 'bios' | 'uefi'; readonly bootMac?: string };
  /** SMBIOS type 38 tells of a BMC. */
  readonly hasBmc: boolean;
  /** What the BMC says of its LAN; absent where it cannot be asked. */
  readonly bmcAddress?: string;
};

/** The one-time target that the ramdisk opened for us alone. */
export type ExportedTarget = {
  readonly iqn: string;
  readonly listenPort: number;
  readonly lun: number;
  readonly sizeBytes: number;
  readonly serial?: string;
  readonly wwn?: string;
};

/** What the boot loader of a deployed system needs to know. */
export type LoaderPlace = {
  readonly bootMode: 'bios' | 'uefi';
  readonly rootNumber: number;
  /** Of the root file system. */
  readonly rootUuid: string;
  /** The EFI system partition; with UEFI only. */
  readonly espNumber: number | undefined;
};

/** A machine whose ramdisk feeds others, and the word that it was told for one of them. */
export type FeedPlace = { readonly address: string; readonly word: string };

/** Every command ends with the reason of `signal` when that aborts. */
export type CommandOptions = { readonly signal: AbortSignal };

/** Options of a command about a disk; without `disk` (a name like `/dev/sda`) the deploy's disk. */
export type DiskOptions = CommandOptions & { readonly disk?: string | undefined };

/**
 * What an ironpxe ramdisk does when it is asked: authenticated both ways, each command safe to
 * repeat. Classic ramdisks have none of this; see `ramdiskOf`. A later command ends one that still
 * runs.
 * @throws IronpxeError RAMDISK_UNREACHABLE (no connection within 30 s, or it broke off, or nothing
 *   was heard for half a minute), RAMDISK_NOT_AUTHENTIC, RAMDISK_COMMAND_REFUSED (it cannot do that),
 *   RAMDISK_COMMAND_FAILED (it tried)
 */
export type RamdiskCommands = {
  /** CPU, memory, disks, NICs, system; switches are listened to for `lldpSeconds` at most. */
  inventory(options: CommandOptions & { readonly lldpSeconds?: number }): Promise<Inventory>;
  /**
   * Flushes the disk, reads the ranges past every cache and hashes each, in any order. A range is
   * at most 64 MiB long.
   */
  hash(ranges: readonly ByteRange[], options: DiskOptions): AsyncIterable<RangeDigest>;
  /** Makes ranges of any length read as zero, in the order of asking, and flushes. */
  zero(ranges: readonly ByteRange[], options: DiskOptions): AsyncIterable<ZeroedRange>;
  /**
   * Takes away what could be recognised as a partition table, RAID or LVM member or file system:
   * zeroes the first 8 MiB and last 2 MiB (and the copies of btrfs) of every partition the kernel
   * sees and then of the disk itself.
   */
  wipe(options: DiskOptions): Promise<readonly WipedPlace[]>;
  /** Erases a whole disk. */
  erase(way: EraseWay, options: DiskOptions): AsyncIterable<EraseProgress>;
  /** The file systems that it can mount. */
  fileSystems(options: CommandOptions): Promise<readonly string[]>;
  /**
   * Ends the export and has the deployed image install its own GRUB; says what it is at. Refused
   * when the image has none.
   */
  installBootloader(place: LoaderPlace, options: DiskOptions): AsyncIterable<string>;
  /** Exports the deploy's disk under mutual CHAP to one initiator name; again: the same again. */
  exportDisk(options: CommandOptions): Promise<ExportedTarget>;
  /** Lets one machine that knows `word`, 64 hexadecimal digits, fetch from the disk, once. */
  feed(word: string, options: DiskOptions): Promise<void>;
  /**
   * Writes ranges with what the same ranges of another machine's disk hold; tells which are
   * written, as they are, and flushes at the end. What was told before a RAMDISK_COMMAND_FAILED is
   * written, too. Nothing here proves that it is the right content.
   */
  fetch(from: FeedPlace, ranges: readonly ByteRange[], options: DiskOptions): AsyncIterable<number>;
  /** Ends the export, if there is one. */
  withdrawDisk(options: CommandOptions): Promise<void>;
  /** Ends the export, flushes all disks, and reboots or powers the machine off. */
  leave(how: 'reboot' | 'power_off', options: CommandOptions): Promise<void>;
};
