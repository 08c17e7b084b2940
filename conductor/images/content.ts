import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../process/run.ts';
import { MIB } from '../values/units.ts';
import { copyContent } from './readContent.ts';
import type { ImageContent, ImageFacts } from './types.ts';

type Probed = Omit<ImageFacts, 'content'>;
type Tags = Readonly<Record<string, string>>;

/** Signatures of file systems and tables lie within these many bytes of the start and the end. */
const HEAD_BYTES = 16 * MIB;
const TAIL_BYTES = 4 * MIB;

/** Finds out what an image holds, with `blkid` on a sparse copy of its head and tail. */
export async function probeContent(image: Probed, signal?: AbortSignal): Promise<ImageContent> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-probe-'));
  try {
    const probe = join(folder, 'probe.img');
    const boot = await makeProbe(image, probe);
    return contentOf(await blkid(probe, signal), boot);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `blkid` does not tell of a disk's start. */
type BootSector = { readonly diskIdentifier: string; readonly hasTableFor4096: boolean };

/** Writes the sparse copy and returns what its first sectors say. */
async function makeProbe(image: Probed, probe: string): Promise<BootSector> {
  await using target = await open(probe, 'wx+');
  await target.truncate(image.virtualSizeBytes);
  await copyContent(image, 0, HEAD_BYTES, target);
  const tailStart = Math.max(HEAD_BYTES, image.virtualSizeBytes - TAIL_BYTES);
  await copyContent(image, tailStart, image.virtualSizeBytes, target);
  const { buffer } = await target.read(Buffer.alloc(4104), 0, 4104, 0);
  const hasTableFor4096 = buffer.toString('latin1', 4096, 4104) === 'EFI PART';
  const identifier = buffer.readUInt32LE(440).toString(16).padStart(8, '0');
  return { diskIdentifier: `0x${identifier}`, hasTableFor4096 };
}

async function blkid(path: string, signal?: AbortSignal): Promise<Tags> {
  // Exit codes 2 and 8: nothing was recognised, or several things at once.
  const { stdout } = await run('blkid', ['-p', '-o', 'udev', path], {
    okCodes: [0, 2, 8],
    package: 'util-linux',
    ...(signal && { signal }),
  });
  const lines = stdout.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line));
  return Object.fromEntries(lines.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
}

function contentOf(tags: Tags, boot: BootSector): ImageContent {
  const { ID_PART_TABLE_TYPE: table, ID_FS_TYPE: type, ID_FS_USAGE: usage } = tags;
  // A hybrid ISO is both; what has a table boots as a disk. Other file systems may keep boot
  // code with a stale table in their first sector.
  const isDisk = type === undefined || type === 'iso9660';
  const { diskIdentifier } = boot;
  if (isDisk && boot.hasTableFor4096)
    return { kind: 'disk', tableType: 'gpt', diskIdentifier, sectorSizeBytes: 4096 };
  if (isDisk && (table === 'dos' || table === 'gpt'))
    return { kind: 'disk', tableType: table, diskIdentifier, sectorSizeBytes: 512 };
  if (type === 'LVM2_member') return { kind: 'lvm' };
  if (type === undefined || usage !== 'filesystem') return { kind: 'unknown', type };
  const { ID_FS_UUID_ENC: uuid, ID_FS_LABEL_ENC: label } = tags;
  return { kind: 'filesystem', type, uuid: decode(uuid), label: decode(label) };
}

/** udev writes unusual bytes as `\x20`. */
function decode(text: string | undefined): string | undefined {
  const latin1 = text?.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return latin1 === undefined || latin1 === '' ? undefined : latin1;
}
