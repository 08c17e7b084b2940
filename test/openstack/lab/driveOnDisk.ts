import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../conductor/process/run.ts';

const SECTOR_BYTES = 512;

/** `meta_data.json` of the configuration drive that lies in a partition of a raw disk. */
export async function metaDataOnDisk(diskPath: string): Promise<Readonly<Record<string, unknown>>> {
  const { start, size } = await findDrive(diskPath);
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-drive-'));
  try {
    const [drive, out] = [join(folder, 'drive.iso'), join(folder, 'meta_data.json')];
    const range = [`bs=${SECTOR_BYTES}`, `skip=${start}`, `count=${size}`];
    await run('dd', [`if=${diskPath}`, `of=${drive}`, 'status=none', ...range]);
    const extract = ['-extract', '/openstack/latest/meta_data.json', out];
    await run('xorriso', ['-osirrox', 'on', '-indev', drive, ...extract]);
    return JSON.parse(await readFile(out, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where it is, in sectors. */
async function findDrive(diskPath: string): Promise<{ start: number; size: number }> {
  const { stdout } = await run('sfdisk', ['--json', diskPath]);
  for (const { start, size } of JSON.parse(stdout).partitiontable.partitions) {
    const probe = ['-p', '--offset', String(start * SECTOR_BYTES), '-s', 'LABEL', '-o', 'value'];
    // 2: there is nothing that it knows.
    const { stdout: label } = await run('blkid', [...probe, diskPath], { okCodes: [0, 2] });
    if (label === 'config-2') return { start, size };
  }
  throw new Error(`No partition of ${diskPath} is a configuration drive: ${stdout}`);
}
