import type { ConvertEvent } from '../convert/events.ts';
import type { ConvertResult } from '../convert/types.ts';
import type { Layout, Part } from '../inspect/layout.ts';
import type { FoundSystem } from '../inspect/system.ts';
import { formatBytes } from '../values/bytes.ts';

/** What an event tells of the image, for people; undefined for events that tell of the work. */
export function describeFound(event: ConvertEvent): string[] | undefined {
  if (event.kind === 'layout') return describeLayout(event.layout);
  return event.kind === 'system' ? describeSystem(event.system) : undefined;
}

/** The partition table, for people. */
function describeLayout(layout: Layout): string[] {
  const title = `partition table: ${layout.table.toUpperCase()}, ${layout.parts.length} partitions`;
  return [title, ...layout.parts.flatMap(describePart)];
}

function describePart(part: Part): string[] {
  const label = part.labelOfContent ?? part.name;
  const about = `  ${part.number}: ${formatBytes(part.sizeBytes)} ${CONTENT_NAMES[part.content]}`;
  const volumes = part.volumes.map(
    (volume) => `     ${volume.group}/${volume.name}: ${CONTENT_NAMES[volume.content]}`,
  );
  return [label ? `${about} "${label}"` : about, ...volumes];
}

const CONTENT_NAMES = {
  lvm: 'LVM physical volume',
  ext: 'ext2/3/4',
  xfs: 'XFS',
  btrfs: 'btrfs',
  vfat: 'FAT',
  swap: 'swap',
  luks: 'encrypted (LUKS)',
  unknown: 'not recognised',
} as const;

/** What the machine would boot, for people. */
function describeSystem(system: FoundSystem): string[] {
  const { boot, entry, options, deployment, root } = system;
  const place = boot.base === '/' ? 'a file system of its own' : 'a folder of the root';
  const lines = [
    `root: ${root.name}${system.os?.prettyName ? `, ${system.os.prettyName}` : ''}`,
    `/boot: ${place} (${boot.files.name}), entries from ${boot.from}`,
    ...boot.entries.map(
      ({ title }, number) => `  ${number === system.entryNumber ? '*' : ' '} ${number}: ${title}`,
    ),
    `kernel: ${system.kernelVersion} (${entry.linux})`,
  ];
  if (deployment)
    lines.push(
      `ostree: ${deployment.osName} ${deployment.checksum.slice(0, 12)}….${deployment.serial}`,
    );
  lines.push(
    `boot options: ${options.root === undefined ? '' : `root=${options.root} `}${options.append}`,
  );
  return [
    ...lines,
    ...options.dropped.map(({ option, reason }) => `  left out: ${option} (${reason})`),
  ];
}

/** What was written, and what to do with it. */
export function describeResult(result: ConvertResult): string[] {
  const { outputs, manifest } = result;
  const { kernel, ramdisk, base, boot } = manifest;
  const what =
    base.content === 'file-system'
      ? base.fileSystem
      : `LVM physical volume, root ${manifest.lvm?.group}/${manifest.lvm?.volume}`;
  return [
    describeDone(result),
    `  ${kernel.file}  ${formatBytes(kernel.sizeBytes)}`,
    `  ${ramdisk.file}  ${formatBytes(ramdisk.sizeBytes)}`,
    `  ${base.file}  ${formatBytes(base.virtualSizeBytes)}, of which ${formatBytes(base.allocatedBytes)} hold data (${base.format}, ${what})`,
    `  boot line: ${boot.line}`,
    'Next:',
    `  ironpxe image add ${manifest.name} ${outputs.manifest}`,
    `  ironpxe node deploy NODE --image ${manifest.name}`,
  ];
}

function describeDone({ unchanged, addedChecksums, outputs }: ConvertResult): string {
  if (addedChecksums) return `Checked the outputs and added checksums to ${outputs.manifest}`;
  if (!unchanged) return `Wrote ${outputs.manifest}`;
  return 'Nothing to do: the outputs are there, from the same image and options (--force redoes them).';
}
