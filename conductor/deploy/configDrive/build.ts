import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { run } from '../../process/run.ts';
import type { Node } from '../../store/types.ts';

/** The parts of a configuration drive, as cloud-init reads them. */
export type ConfigDriveParts = {
  readonly meta_data?: Readonly<Record<string, unknown>> | undefined;
  readonly network_data?: Readonly<Record<string, unknown>> | undefined;
  readonly user_data?: unknown;
  readonly vendor_data?: Readonly<Record<string, unknown>> | undefined;
};

const BUILD_TIMEOUT_MS = 60_000;

/**
 * A configuration drive of these parts: the base64 of a gzipped ISO 9660 image with the label that
 * cloud-init looks for, as users would send one. @throws IronpxeError COMMAND_*
 */
export async function buildConfigDrive(
  node: Pick<Node, 'uuid' | 'name' | 'networkData'>,
  parts: ConfigDriveParts,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-configdrive-'));
  try {
    await writeParts(join(folder, 'drive'), filesOf(node, parts));
    const image = join(folder, 'drive.iso');
    const args = ['-quiet', '-o', image, '-V', 'config-2', '-J', '-R', join(folder, 'drive')];
    await run('xorrisofs', args, { timeoutMs: BUILD_TIMEOUT_MS, package: 'xorriso' });
    return (await promisify(gzip)(await readFile(image))).toString('base64');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The files of the drive by name; what was not given has none. */
export function filesOf(
  node: Pick<Node, 'uuid' | 'name' | 'networkData'>,
  parts: ConfigDriveParts,
): Readonly<Record<string, string>> {
  const own = { uuid: node.uuid, ...(node.name !== null && { name: node.name }) };
  const network =
    parts.network_data ?? (Object.keys(node.networkData).length > 0 ? node.networkData : undefined);
  const files = {
    'meta_data.json': { ...own, ...parts.meta_data },
    'network_data.json': network,
    'vendor_data2.json': parts.vendor_data,
    user_data: parts.user_data ?? undefined,
  };
  return Object.fromEntries(
    Object.entries(files)
      .filter(([, content]) => content !== undefined)
      .map(([name, content]) => [
        name,
        typeof content === 'string' ? content : JSON.stringify(content),
      ]),
  );
}

/** Both the newest form and the oldest are looked for by readers. */
const VERSIONS = ['latest', '2012-08-10'] as const;

async function writeParts(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const version of VERSIONS) {
    const place = join(folder, 'openstack', version);
    await mkdir(place, { recursive: true });
    for (const [name, content] of Object.entries(files))
      await writeFile(join(place, name), content);
  }
}
