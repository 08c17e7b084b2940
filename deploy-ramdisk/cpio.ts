/** A member of the archive; `mode` holds the permission bits only. */
export type Entry =
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly data: Buffer }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | {
      readonly type: 'device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const FILE_TYPE = {
  directory: 0o040000,
  file: 0o100000,
  link: 0o120000,
  device: 0o020000,
} as const;

/**
 * Writes a "newc" archive as the kernel unpacks it (Documentation/driver-api/early-userspace/
 * buffer-format.rst). Owner 0:0 and time 0 everywhere, so the same entries give the same bytes.
 * Parent directories must come before what is in them.
 */
export function writeCpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, index) => member(entry, index + 1));
  const trailer: Entry = { type: 'file', path: 'TRAILER!!!', mode: 0, data: Buffer.alloc(0) };
  return Buffer.concat([...parts, member(trailer, 0)]);
}

function member(entry: Entry, inode: number): Buffer {
  const data = content(entry);
  const name = Buffer.from(`${entry.path}\0`);
  const [major, minor] = entry.type === 'device' ? [entry.major, entry.minor] : [0, 0];
  const links = entry.type === 'directory' ? 2 : 1;
  const fields = [
    inode,
    modeOf(entry),
    0,
    0,
    links,
    0,
    data.length,
    0,
    0,
    major,
    minor,
    name.length,
    0,
  ];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(head), name])), padded(data)]);
}

function modeOf(entry: Entry): number {
  if (entry.path === 'TRAILER!!!') return 0;
  return FILE_TYPE[entry.type] | (entry.type === 'link' ? 0o777 : entry.mode);
}

function content(entry: Entry): Buffer {
  if (entry.type === 'file') return entry.data;
  return Buffer.from(entry.type === 'link' ? entry.target : '');
}

function padded(part: Buffer): Buffer {
  const short = -part.length & 3;
  return short === 0 ? part : Buffer.concat([part, Buffer.alloc(short)]);
}
