/** A file of a "newc" cpio archive, the form of Linux ramdisks (kernel Documentation/driver-api/early-userspace/buffer-format.rst). */
export type CpioEntry = {
  /** Without a leading slash. */
  readonly path: string;
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  /** A file's content, or a link's target. */
  readonly data: Buffer;
};

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';

/** Packs an archive; folders must stand before what is in them. */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const trailer = { path: TRAILER, mode: 0, data: Buffer.alloc(0) };
  return Buffer.concat([...entries, trailer].map((entry, index) => packEntry(entry, index + 1)));
}

function packEntry({ path, mode, data }: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([pad4(Buffer.concat([Buffer.from(header), name])), pad4(data)]);
}

/** Bytes with zeros up to a multiple of four. */
export function pad4(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
